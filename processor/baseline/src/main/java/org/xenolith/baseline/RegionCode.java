package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Frame.BUDGET;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.jit.Region;
import org.xenolith.jit.RegionFlow;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Makes the machine code of a region: entry, blocks, and behind them the ways out. It is called as
///
/// ```c
/// int code(long *registers, long *readTags, long *writeTags, long *offsets, int budget)
/// ```
///
/// by the System V ABI. Registers and flags are in the context wherever the region may be left, so
/// that a way out only says where to go on.
final class RegionCode {
    private static final int[] SAVED = {
        Assembler.RBX, Assembler.RBP, Assembler.R12, Assembler.R13, Assembler.R14, Assembler.R15
    };

    /// So that the stack pointer is as the ABI wants it, though nothing is called.
    private static final int STACK_BYTES = Values.STACK_BYTES + Long.BYTES;

    /// Leaves the region at `pc`; `instructions` of its block have not been executed after all.
    private record Stub(int label, long pc, int instructions) {}

    private final Assembler code = new Assembler();
    private final FlagCode flags = new FlagCode(code);
    private final RegionFlow flow;
    private final FlagKinds kinds;
    private final long base;
    private final int indexMask;
    private final int[] blocks;
    private final int exit;
    private final List<Stub> misses = new ArrayList<>();
    private final Map<Long, Stub> exits = new HashMap<>();
    private int place;

    /// No block begins where code is being made.
    private boolean isLooseEnd;

    private RegionCode(Region region, long base, int translations) {
        this.base = base;
        indexMask = translations - 1;
        flow = new RegionFlow(region);
        kinds = new FlagKinds(flow);
        blocks = new int[flow.order().size()];
        for (int block = 0; block < blocks.length; block++) {
            blocks[block] = code.label();
        }
        exit = code.label();
    }

    /// @param base what is added to a place to get its address
    /// @param translations entries of the arrays that the code is called with
    static RegionCode generate(Region region, long base, int translations) {
        var made = new RegionCode(region, base, translations);
        made.enter();
        for (int place = 0; place < made.blocks.length; place++) {
            made.block(place);
        }
        made.leave();
        made.code.link();
        return made;
    }

    private void enter() {
        for (int register : SAVED) {
            code.push(register);
        }
        code.opNumber(Width.W64, Assembler.SUB, Assembler.RSP, STACK_BYTES);
        code.move(Width.W32, BUDGET, Assembler.R8);
        code.move(Width.W64, Frame.WRITE_TAGS, Assembler.RDX);
        code.move(Width.W64, Frame.OFFSETS, Assembler.RCX);
        code.opNumber(Width.W64, Assembler.ADD, REGISTERS, Frame.BIAS);
        code.load(Frame.BASE, base);
    }

    private void block(int place) {
        this.place = place;
        var part = Support.possible(flow.unit(place), kinds.kind(place));
        var unit = part.unit();
        int instructions = instructions(unit);
        code.bind(blocks[place]);
        if (instructions > 0) {
            code.opNumber(Width.W32, Assembler.SUB, BUDGET, instructions);
        }
        flags.begin(kinds.kind(place));
        new BlockCode(this, code, flags, unit, instructions).emit();
        part.leavesAt().ifPresent(pc -> code.jump(exit(pc)));
    }

    private static int instructions(Unit unit) {
        int instructions = 0;
        for (var op : unit.ops()) {
            if (op instanceof Op.Boundary) {
                instructions++;
            }
        }
        return instructions;
    }

    private void leave() {
        misses.forEach(this::emit);
        exits.values().forEach(this::emit);
        code.bind(exit);
        code.move(Width.W32, RAX, BUDGET);
        code.opNumber(Width.W64, Assembler.ADD, Assembler.RSP, STACK_BYTES);
        for (int index = SAVED.length - 1; index >= 0; index--) {
            code.pop(SAVED[index]);
        }
        code.ret();
    }

    private void emit(Stub stub) {
        code.bind(stub.label);
        if (stub.instructions > 0) {
            code.opNumber(Width.W32, Assembler.ADD, BUDGET, stub.instructions);
        }
        int slot = Frame.slot(Frame.PC);
        if (stub.pc == (int) stub.pc) {
            code.storeNumber(Width.W64, REGISTERS, NONE, slot, (int) stub.pc);
        } else {
            code.load(RAX, stub.pc);
            code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, slot);
        }
        code.jump(exit);
    }

    // ---------------------------------------------------------------- for blocks

    int indexMask() {
        return indexMask;
    }

    /// Where to go if the instruction at `pc` cannot be done.
    int miss(long pc, int instructionsLeft) {
        var stub = new Stub(code.label(), pc, instructionsLeft);
        misses.add(stub);
        return stub.label;
    }

    private int exit(long target) {
        return exits.computeIfAbsent(target, _ -> new Stub(code.label(), target, 0)).label;
    }

    /// Whether more than a jump leads to the block at `to`: it may close a loop, or want the flags
    /// in another form.
    private boolean isPlain(int to) {
        return to > place && !isOfOtherKind(to);
    }

    private boolean isOfOtherKind(int to) {
        return kinds.kind(to) != FlagCode.UNKNOWN && kinds.kind(to) != flags.kind();
    }

    /// Goes to the block at `to`; out to `otherwise` if it closes a loop and the budget is used up,
    /// or if the flags cannot be what it wants.
    private void go(int to, int otherwise) {
        if (to <= place) {
            code.op(Width.W32, Assembler.TEST, BUDGET, BUDGET);
            code.jumpIf(Assembler.LESS_OR_EQUAL, otherwise);
        }
        if (isOfOtherKind(to)) {
            int kind = flags.kind();
            if (!FlagCode.canRead(kind)) {
                code.jump(otherwise);
                return;
            }
            flags.makeExplicit();
            flags.begin(kind);
        }
        if (to != place + 1 || isLooseEnd) {
            code.jump(blocks[to]);
        }
    }

    /// Goes there in the middle of a block's code.
    private void goOnTheSide(int to, int otherwise) {
        isLooseEnd = true;
        go(to, otherwise);
        isLooseEnd = false;
    }

    void jump(long target) {
        int to = flow.place(target);
        if (to < 0) {
            code.jump(exit(target));
        } else {
            go(to, exit(target));
        }
    }

    /// To `taken` where the host's condition holds.
    void branch(int condition, long taken, long notTaken) {
        int to = flow.place(taken);
        int other = flow.place(notTaken);
        if (to < 0) {
            code.jumpIf(condition, exit(taken));
            jump(notTaken);
        } else if (other < 0) {
            code.jumpIf(condition ^ 1, exit(notTaken));
            jump(taken);
        } else if (isPlain(to) && to != place + 1) {
            code.jumpIf(condition, blocks[to]);
            jump(notTaken);
        } else if (isPlain(other)) {
            code.jumpIf(condition ^ 1, blocks[other]);
            jump(taken);
        } else {
            int otherwise = code.label();
            code.jumpIf(condition ^ 1, otherwise);
            goOnTheSide(to, exit(taken));
            code.bind(otherwise);
            jump(notTaken);
        }
    }

    /// To what a register holds: within the region where it is known to go.
    void jumpTo(int register) {
        code.op(Width.W64, Assembler.STORE, register, REGISTERS, Frame.slot(Frame.PC));
        for (long expected : flow.order().get(place).expected()) {
            int to = flow.place(expected);
            if (to >= 0) {
                int other = code.label();
                compare(register, expected);
                code.jumpIf(Assembler.NOT_EQUAL, other);
                goOnTheSide(to, exit);
                code.bind(other);
            }
        }
        code.jump(exit);
    }

    private void compare(int register, long number) {
        if (number == (int) number) {
            code.opNumber(Width.W64, Assembler.CMP, register, (int) number);
        } else {
            code.load(R11, number);
            code.op(Width.W64, Assembler.CMP, register, R11);
        }
    }

    // ---------------------------------------------------------------- for those who call it

    Assembler code() {
        return code;
    }

    /// Whether the flags must be explicit at the entry.
    boolean wantsExplicitFlags() {
        return kinds.kind(0) == FlagCode.explicit();
    }
}
