package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RSP;
import static org.xenolith.baseline.Frame.REGISTERS;
import static org.xenolith.ir.HostInstruction.Opcode.NO_CONTROL;

import org.xenolith.base.Bug;
import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.jit.RegionFlow;

import java.util.function.IntSupplier;

/// The host's MXCSR while regions run. The first that has instructions which obey it puts the
/// guest's there, from its slot; so the host computes to the bit what the guest's processor would.
/// It stays while regions go on with each other, until the entry code takes it back to its slot,
/// with the exceptions that it has gathered, and gives the host its own.
///
/// That is for an MXCSR that masks all exceptions: with another, such regions are left before their
/// first instruction.
final class FloatingControl {
    /// All exceptions masked, rounding to nearest, no exceptions yet (SDM vol. 1, 10.2.3): what
    /// Java code runs with.
    private static final int OF_THE_HOST = 0x1F80;

    private static final int MASKS = 0x1F80;

    private final Assembler code;

    /// The slot of the guest's, or NO_CONTROL if the region does without.
    private final int slot;

    FloatingControl(Assembler code, RegionFlow flow) {
        this.code = code;
        slot = slot(flow);
        Bug.check(slot != 0, "slot 0 says that the guest's has not been put there");
    }

    private static int slot(RegionFlow flow) {
        int slot = NO_CONTROL;
        for (int place = 0; place < flow.order().size(); place++) {
            slot = Math.max(slot, slot(flow.unit(place)));
        }
        return slot;
    }

    private static int slot(Unit unit) {
        return unit.ops().stream()
                .mapToInt(op ->
                        op instanceof Op.Host host
                                ? host.instruction().opcode().control()
                                : NO_CONTROL)
                .max()
                .orElse(NO_CONTROL);
    }

    /// At the entry of a region. Goes to what `otherwise` answers if an exception is not masked.
    void enter(IntSupplier otherwise) {
        if (slot == NO_CONTROL) {
            return;
        }
        int ready = code.label();
        code.opNumber(Width.W32, Assembler.CMP, RSP, Frame.CONTROL, 0);
        code.jumpIf(Assembler.NOT_EQUAL, ready);
        code.op(Width.W32, Assembler.MOV, RAX, REGISTERS, Frame.slot(slot));
        code.not(Width.W32, RAX);
        code.testNumber(Width.W32, RAX, MASKS);
        code.jumpIf(Assembler.NOT_EQUAL, otherwise.getAsInt());
        new VectorAssembler(code).loadControl(REGISTERS, Frame.slot(slot));
        code.storeNumber(Width.W32, RSP, NONE, Frame.CONTROL, slot);
        code.bind(ready);
    }

    // ---------------------------------------------------------------- for the entry code

    /// A frame begins, whose [Frame#CONTROL] is at `control`.
    static void begin(Assembler code, int control) {
        code.storeNumber(Width.W32, RSP, NONE, control, 0);
    }

    /// It ends. RAX is lost.
    static void end(Assembler code, int control) {
        int unchanged = code.label();
        code.op(Width.W32, Assembler.MOV, RAX, RSP, control);
        code.op(Width.W32, Assembler.TEST, RAX, RAX);
        code.jumpIf(Assembler.EQUAL, unchanged);
        var vectors = new VectorAssembler(code);
        vectors.storeControl(REGISTERS, RAX, Frame.slot(0));
        code.storeNumber(Width.W32, RSP, NONE, control, OF_THE_HOST);
        vectors.loadControl(RSP, control);
        code.bind(unchanged);
    }
}
