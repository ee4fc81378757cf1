package org.xenolith.jit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// What a region says about the instructions in it.
class RegionTest {
    private static final HostInstruction INSTRUCTION =
            new HostInstruction(
                    new HostInstruction.Opcode(0x66, 1, 0xFE, 0, -1),
                    false,
                    new HostInstruction.Part.Vector(1, 2, HostInstruction.Use.BOTH),
                    new HostInstruction.Part.Vector(2, 4, HostInstruction.Use.READ),
                    OptionalInt.empty(),
                    List.of());

    private static Region.Block block(long pc, int instructions, int hosted, long weight) {
        var ops = new ArrayList<Op>();
        for (int index = 0; index < instructions; index++) {
            ops.add(new Op.Boundary(pc + index, 1));
            if (index < hosted) {
                ops.add(new Op.Host(INSTRUCTION, Op.Host.NONE, Op.Host.NONE));
            }
        }
        ops.add(new Op.Jump(0));
        return new Region.Block(pc, new Unit(ops), List.of(), weight);
    }

    @Test
    void itIsForTheHostIfThatHasManyOfItsInstructions() {
        assertThat(new Region(List.of(block(0, 8, 2, 1))).isForTheHost()).isTrue();
        assertThat(new Region(List.of(block(0, 9, 2, 1))).isForTheHost()).isFalse();
        assertThat(new Region(List.of(block(0, 9, 0, 0))).isForTheHost()).isFalse();
    }

    @Test
    void whatIsExecutedOftenCounts() {
        var vectors = block(0, 4, 4, 10);
        var others = block(8, 40, 0, 1);

        assertThat(new Region(List.of(vectors, others)).isForTheHost()).isTrue();
    }

    @Test
    void bytecodeIsMadeWithoutTheHostsInstructions() {
        var portable = new Region(List.of(block(0, 4, 4, 1))).portable();

        assertThat(portable.blocks().getFirst().unit().ops())
                .noneMatch(Op.Host.class::isInstance)
                .hasSize(5);
    }
}
