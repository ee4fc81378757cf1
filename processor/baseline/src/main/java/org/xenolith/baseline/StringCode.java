package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.ABOVE;
import static org.xenolith.baseline.Assembler.CMOV;
import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.MOV;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.R12;
import static org.xenolith.baseline.Assembler.R13;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RBX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDI;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Assembler.RSI;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.ir.Op;
import org.xenolith.ir.Repeats;
import org.xenolith.ir.Width;

/// Strings that are copied and filled ([Repeats]). The host's own instruction does the elements up
/// to the end of the page on either side, forwards; other kinds are left to others. Where the two
/// ranges overlap, an element reads what an earlier one has written, for the host as for the guest.
final class StringCode {
    private static final int PAGE = 4096;
    private static final int[] USED = {RCX, RDX, RBX, R12, R13};

    private final BlockCode block;
    private final AccessCode accesses;
    private final Assembler code;
    private final Plan plan;
    private final Values values;

    StringCode(BlockCode block, AccessCode accesses, Assembler code, Plan plan, Values values) {
        this.block = block;
        this.accesses = accesses;
        this.code = code;
        this.plan = plan;
        this.values = values;
    }

    static boolean canDo(Op.Call call) {
        return call.helper().repeats().isPresent();
    }

    /// Does elements of the string; none if the count is zero.
    void emit(Op.Call call) {
        var string = call.helper().repeats().orElseThrow();
        var width = Width.ofBits((int) plan.constant(call.arguments().getFirst(), Width.W32));
        boolean copies = string.source() == Repeats.Source.MEMORY;
        values.overwrite(string.to());
        values.overwrite(string.count());
        if (copies) {
            values.overwrite(string.from());
        }
        for (int register : USED) {
            values.clear(register);
        }
        int done = code.label();
        load(RCX, string.count());
        code.op(Width.W64, Assembler.TEST, RCX, RCX);
        code.jumpIf(Assembler.EQUAL, done);
        code.opNumber(Width.W64, CMP, REGISTERS, Frame.slot(string.direction()), 1);
        code.jumpIf(Assembler.NOT_EQUAL, block.miss());
        find(true, string.to(), width);
        code.move(Width.W64, R12, RAX);
        if (copies) {
            find(false, string.from(), width);
            code.move(Width.W64, R13, RAX);
        }
        code.move(Width.W64, RBX, RCX);
        if (copies) {
            copy(width);
        } else {
            fill(width, string.from());
        }
        advance(string, width, copies);
        code.bind(done);
    }

    private void load(int register, int slot) {
        code.op(Width.W64, MOV, register, REGISTERS, Frame.slot(slot));
    }

    /// RAX becomes where the element is whose address is in a slot, and RCX at most as many
    /// elements as are from there to the end of the page.
    private void find(boolean write, int slot, Width width) {
        load(RDX, slot);
        accesses.find(write, RDX, width.bytes());
        code.opNumber(Width.W32, Assembler.OR, RDX, -PAGE);
        code.negate(Width.W32, RDX);
        code.shiftNumber(Width.W32, Assembler.SHR, RDX, shift(width));
        code.op(Width.W64, CMP, RCX, RDX);
        code.op(Width.W64, CMOV | ABOVE, RCX, RDX);
    }

    private static int shift(Width width) {
        return Integer.numberOfTrailingZeros(width.bytes());
    }

    private void copy(Width width) {
        code.move(Width.W64, RAX, RDI);
        code.move(Width.W64, R11, RSI);
        code.move(Width.W64, RDI, R12);
        code.move(Width.W64, RSI, R13);
        code.repeatMove(width);
        code.move(Width.W64, RDI, RAX);
        code.move(Width.W64, RSI, R11);
    }

    private void fill(Width width, int from) {
        load(RAX, from);
        code.move(Width.W64, R11, RDI);
        code.move(Width.W64, RDI, R12);
        code.repeatStore(width);
        code.move(Width.W64, RDI, R11);
    }

    /// The guest's registers move by the RBX elements that have been done.
    private void advance(Repeats string, Width width, boolean copies) {
        add(Assembler.SUBTRACT_FROM, RBX, string.count());
        code.shiftNumber(Width.W32, Assembler.SHL, RBX, shift(width));
        add(Assembler.ADD_TO, RBX, string.to());
        if (copies) {
            add(Assembler.ADD_TO, RBX, string.from());
        }
    }

    private void add(int opcode, int register, int slot) {
        code.op(Width.W64, opcode, register, REGISTERS, Frame.slot(slot));
    }
}
