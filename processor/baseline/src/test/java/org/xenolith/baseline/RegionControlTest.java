package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.baseline.RegionRunner.PLACE;
import static org.xenolith.baseline.RegionRunner.block;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.jit.Region;

import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.OptionalInt;

/// Floating point as the guest's MXCSR says, and what the host lacks.
class RegionControlTest {
    @AutoClose private final RegionRunner regions = new RegionRunner();

    private final ArenaContext context = regions.context();

    private static final int CONTROL = RandomVectors.CONTROL;
    private static final int VECTOR = 2;
    private static final int DIVISOR = 4;
    private static final int EXCEPTIONS = 0x3F;

    /// `divsd v1, v2`, which rounds as MXCSR says.
    private static Region.Block division() {
        return block(
                0x100,
                new Op.Boundary(0x100, 4),
                host(
                        new HostInstruction.Opcode(0xF2, 1, 0x5E, 0, CONTROL),
                        new HostInstruction.Part.Vector(1, VECTOR, HostInstruction.Use.BOTH),
                        new HostInstruction.Part.Vector(2, DIVISOR, HostInstruction.Use.READ),
                        Op.Host.NONE),
                new Op.Jump(0x104));
    }

    private static Op.Host host(
            HostInstruction.Opcode opcode,
            HostInstruction.Part reg,
            HostInstruction.Part rm,
            int address) {
        var instruction =
                new HostInstruction(opcode, false, reg, rm, OptionalInt.empty(), List.of());
        return new Op.Host(instruction, address, Op.Host.NONE);
    }

    private int divide(double left, double right, int control) {
        context.registers[VECTOR] = Double.doubleToRawLongBits(left);
        context.registers[DIVISOR] = Double.doubleToRawLongBits(right);
        context.registers[CONTROL] = control;
        return regions.run(100, division());
    }

    @Test
    void numbersAreRoundedAsTheGuestsControlSays() {
        assertThat(divide(1, 3, 0x1F80)).isEqualTo(99);
        assertThat(context.registers[VECTOR]).isEqualTo(0x3FD5_5555_5555_5555L);
        divide(1, 3, 0x5F80); // towards positive infinity
        assertThat(context.registers[VECTOR]).isEqualTo(0x3FD5_5555_5555_5556L);
    }

    @Test
    void exceptionsJoinThoseOfTheGuest() {
        divide(1, 3, 0x1F81);
        assertThat(context.registers[CONTROL]).isEqualTo(0x1FA1); // precision, invalid before
        divide(1, 0, 0x1F80);
        assertThat(context.registers[CONTROL]).isEqualTo(0x1F84);
    }

    @Test
    void anExceptionThatIsNotMaskedKeepsTheRegionFromBeingEntered() {
        assertThat(divide(6, 3, 0x1F80 & ~0x200)).isEqualTo(100);
        assertThat(context.registers[VECTOR]).isEqualTo(Double.doubleToRawLongBits(6));
        assertThat(context.registers[CONTROL]).isEqualTo(0x1F80 & ~0x200);
        assertThat(context.pc).isEqualTo(0x100);
        assertThat(controlOfTheHost()).isEqualTo(0x1F80);
    }

    @Test
    void theHostHasItsOwnControlAgainAfterARegion() {
        divide(1, 0, 0xFF80);
        assertThat(controlOfTheHost()).isEqualTo(0x1F80);
    }

    /// By a region that stores it as it finds it; exceptions are those of Java code.
    private int controlOfTheHost() {
        regions.run(
                100,
                block(
                        0x200,
                        new Op.Boundary(0x200, 4),
                        new Op.Const(Width.W64, 8),
                        host(
                                new HostInstruction.Opcode(0, 1, 0xAE, 0, -1),
                                new HostInstruction.Part.Digit(3),
                                new HostInstruction.Part.Memory(4, true),
                                1),
                        new Op.Jump(0x204)));
        return context.memory.get(ValueLayout.JAVA_INT, PLACE + 8) & ~EXCEPTIONS;
    }

    @Test
    void anInstructionThatTheHostLacksIsNotDone() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0x100, 4),
                                host(
                                        new HostInstruction.Opcode(0x66, 2, 0xDC, 1 << 25, -1),
                                        new HostInstruction.Part.Vector(
                                                1, VECTOR, HostInstruction.Use.BOTH),
                                        new HostInstruction.Part.Vector(
                                                2, DIVISOR, HostInstruction.Use.READ),
                                        Op.Host.NONE)));
        assertThat(Support.canDo(unit, 1 << 25)).isTrue();
        assertThat(Support.canDo(unit, ~(1 << 25))).isFalse();
    }
}
