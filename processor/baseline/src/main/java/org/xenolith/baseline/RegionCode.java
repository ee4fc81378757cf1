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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Makes the machine code of a region: blocks, and behind them the ways out. It is entered through
/// [EntryCode] or from another region, and does not depend on where it lies or in which process.
/// Registers and flags are in the context wherever the region may be left, so that a way out only
/// has to say where to go on: by a jump to the region there ([Links]), or by returning.
final class RegionCode {
    /// Leaves the region at `pc`; `instructions` of its block have not been executed after all.
    private record Stub(int label, long pc, int instructions) {}

    /// Looks for a page at its second place, and goes `back` if it is there, else to `miss`.
    private record SecondLook(int label, boolean write, int back, int miss) {}

    private final Assembler code = new Assembler();
    private final Region region;
    private final int features;
    private final FlagCode flags = new FlagCode(code);
    private final RegionFlow flow;
    private final FlagKinds kinds;
    private final Traces traces;
    private final FloatingControl floating;
    private final int[] blocks;
    private final int exit;

    /// Where the entries of a set of [Links] behind the first are looked at.
    private final int others;

    /// The same for ways out that are linked: see [DirectLinks].
    private final int linkedOthers;

    /// Where a way out is linked.
    private final int linker;

    private final List<Stub> misses = new ArrayList<>();
    private final List<Runnable> asides = new ArrayList<>();
    private final List<SecondLook> secondLooks = new ArrayList<>();
    private final Map<Long, Integer> exits = new LinkedHashMap<>();

    /// What of ways out is executed only until they are linked.
    private final List<Runnable> unlinked = new ArrayList<>();

    /// By address: where that looks for the region there.
    private final Map<Long, Integer> looks = new HashMap<>();

    /// Of the block that code is being made for.
    private int place = -1;

    /// Where the region is left at once when it has been retired, if it can be: else -1.
    private int retired = -1;

    /// One of the ways out is.
    private boolean isLinked;

    /// No block begins where code is being made.
    private boolean isLooseEnd;

    private RegionCode(Region region, int features) {
        this.region = region;
        this.features = features;
        flow = new RegionFlow(region);
        kinds = new FlagKinds(flow);
        traces = new Traces(flow);
        floating = new FloatingControl(code, flow);
        blocks = new int[flow.order().size()];
        for (int block = 0; block < blocks.length; block++) {
            blocks[block] = code.label();
        }
        exit = code.label();
        others = code.label();
        linkedOthers = code.label();
        linker = code.label();
    }

    /// @param features of the host, see [HostProcessor]
    static RegionCode generate(Region region, int features) {
        var made = new RegionCode(region, features);
        made.enter();
        while (made.place + 1 < made.blocks.length) {
            made.emitTrace();
        }
        made.leave();
        made.code.link();
        return made;
    }

    /// Whoever comes from another region may bring flags in another form than the entry wants.
    private void enter() {
        long entry = flow.order().getFirst().pc();
        if (canLink(entry)) {
            retired = code.label();
            DirectLinks.emitEntry(code, retired);
        }
        if (region.isRelative()) {
            code.op(Width.W64, Assembler.MOV, RAX, REGISTERS, Frame.slot(Frame.PC));
            code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, Frame.slot(region.baseSlot()));
        }
        if (wantsExplicitFlags()) {
            int ready = code.label();
            int slot = Frame.slot(Frame.FLAG_KIND);
            code.opNumber(Width.W32, Assembler.CMP, REGISTERS, slot, FlagCode.explicit());
            code.jumpIf(Assembler.EQUAL, ready);
            flags.begin(FlagCode.UNKNOWN);
            flags.makeExplicit();
            code.bind(ready);
        }
        floating.enter(() -> miss(flow.order().getFirst().pc(), 0));
    }

    private void emitTrace() {
        int first = place + 1;
        int behind = traces.behind(first);
        var units = IntStream.range(first, behind).mapToObj(flow::unit).toList();
        new BlockCode(this, code, flags, Unit.join(units)).emit();
    }

    /// The next block begins, behind the one before it.
    ///
    /// @return how many instructions it has
    int beginBlock() {
        place++;
        int instructions = instructions(flow.unit(place));
        code.bind(blocks[place]);
        if (instructions > 0) {
            code.opNumber(Width.W32, Assembler.SUB, BUDGET, instructions);
        }
        flags.begin(kinds.kind(place));
        return instructions;
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
        exits.forEach(this::emitExit);
        asides.forEach(Runnable::run);
        secondLooks.forEach(this::emit);
        unlinked.forEach(Runnable::run);
        if (retired >= 0) {
            emitPlainExit(flow.order().getFirst().pc(), retired);
        }
        misses.forEach(this::emit);
        code.bind(others);
        followOthers();
        if (isLinked) {
            endLinked();
        }
        code.bind(exit);
        code.ret();
    }

    private void emit(SecondLook look) {
        code.bind(look.label);
        code.call(Assembler.RSP, look.write ? Frame.SECOND_WRITE : Frame.SECOND_READ);
        code.jumpIf(Assembler.NOT_EQUAL, look.miss);
        code.jump(look.back);
    }

    private void emit(Stub stub) {
        code.bind(stub.label);
        if (stub.instructions > 0) {
            code.opNumber(Width.W32, Assembler.ADD, BUDGET, stub.instructions);
        }
        storePc(stub.pc);
        code.ret();
    }

    private void storePc(long pc) {
        int slot = Frame.slot(Frame.PC);
        if (pc == (int) pc && !region.isRelative()) {
            code.storeNumber(Width.W64, REGISTERS, NONE, slot, (int) pc);
        } else {
            codeAddress(RAX, pc);
            code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, slot);
        }
    }

    /// A register becomes the address of what was found at `pc`. Keeps the host's flags.
    private void codeAddress(int register, long pc) {
        if (!region.isRelative()) {
            code.load(register, pc);
            return;
        }
        long distance = pc - region.blocks().getFirst().pc();
        if (distance != (int) distance) {
            throw new Unfit("it goes on too far away");
        }
        code.op(Width.W64, Assembler.MOV, register, REGISTERS, Frame.slot(region.baseSlot()));
        if (distance != 0) {
            code.op(Width.W64, Assembler.LEA, register, register, (int) distance);
        }
    }

    /// Goes on at `pc`, where another region may begin.
    private void emitExit(long pc, int label) {
        if (canLink(pc)) {
            code.bind(label);
            emitLinkedExit(pc);
        } else {
            emitPlainExit(pc, label);
        }
    }

    private void emitPlainExit(long pc, int label) {
        code.bind(label);
        codeAddress(RAX, pc);
        code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, Frame.slot(Frame.PC));
        if (region.isRelative()) {
            Links.find(code);
        } else {
            Links.find(code, pc);
        }
        follow();
    }

    /// Whether a way out to `pc` can become a jump to the region there.
    private boolean canLink(long pc) {
        return !region.isRelative() && pc < 0;
    }

    private void emitLinkedExit(long pc) {
        isLinked = true;
        if (mayCloseLoop(pc)) {
            code.op(Width.W32, Assembler.TEST, BUDGET, BUDGET);
            code.jumpIf(Assembler.LESS_OR_EQUAL, miss(pc, 0));
        }
        int first = code.label();
        int behind = DirectLinks.emitJump(code, first);
        unlinked.add(() -> look(pc, first, behind));
    }

    /// Goes on at `pc`, where another region may begin, if the host's condition holds.
    private void exitIf(int condition, long pc) {
        if (!canLink(pc) || mayCloseLoop(pc)) {
            code.jumpIf(condition, exit(pc));
            return;
        }
        isLinked = true;
        int first = code.label();
        int behind = DirectLinks.emitJumpIf(code, condition, first);
        unlinked.add(() -> look(pc, first, behind));
    }

    /// What the jump before `behind` leads to at first: looks for the region at `pc`.
    private void look(long pc, int first, int behind) {
        code.bind(first);
        code.loadAddress(Assembler.RCX, behind);
        var same = looks.get(pc);
        if (same != null) {
            code.jump(same);
            return;
        }
        int look = code.label();
        looks.put(pc, look);
        code.bind(look);
        code.load(RAX, pc);
        Links.find(code, pc);
        code.op(Width.W64, Assembler.CMP, RAX, R11, 0);
        code.jumpIf(Assembler.NOT_EQUAL, linkedOthers);
        followLinked();
    }

    /// Whether regions that lead to each other may come back to this one by a way out to `pc`
    /// without any that leads back: of a loop of regions one does, to its own entry or further.
    private boolean mayCloseLoop(long pc) {
        return pc <= flow.order().getFirst().pc();
    }

    /// Goes to the region of the entry of [Links] at R11, at once or by what links to it.
    private void followLinked() {
        int isLinking = Frame.slot(Frame.LINKED_END);
        code.opNumber(Width.W64, Assembler.CMP, REGISTERS, isLinking, 0);
        code.jumpIf(Assembler.NOT_EQUAL, linker);
        code.jumpTo(R11, Long.BYTES);
    }

    private void endLinked() {
        int unknown = code.label();
        int found = code.label();
        code.bind(linkedOthers);
        for (int way = 1; way < Links.WAYS; way++) {
            code.opNumber(Width.W64, Assembler.ADD, R11, Links.ENTRY_BYTES);
            code.op(Width.W64, Assembler.CMP, RAX, R11, 0);
            code.jumpIf(Assembler.EQUAL, found);
        }
        code.jump(unknown);
        code.bind(found);
        followLinked();
        code.bind(linker);
        code.jumpTo(Assembler.RSP, Frame.LINKER);
        code.bind(unknown);
        Links.address(code);
        code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, Frame.slot(Frame.PC));
    }

    /// Goes to the region that has the tag in RAX in the set at R11, if there is one and the budget
    /// allows; else back to Java.
    private void follow() {
        code.op(Width.W32, Assembler.TEST, BUDGET, BUDGET);
        code.jumpIf(Assembler.LESS_OR_EQUAL, exit);
        code.op(Width.W64, Assembler.CMP, RAX, R11, 0);
        code.jumpIf(Assembler.NOT_EQUAL, others);
        code.jumpTo(R11, Long.BYTES);
    }

    private void followOthers() {
        for (int way = 1; way < Links.WAYS; way++) {
            int next = way + 1 < Links.WAYS ? code.label() : exit;
            code.op(Width.W64, Assembler.CMP, RAX, R11, way * Links.ENTRY_BYTES);
            code.jumpIf(Assembler.NOT_EQUAL, next);
            code.jumpTo(R11, way * Links.ENTRY_BYTES + Long.BYTES);
            if (next != exit) {
                code.bind(next);
            }
        }
    }

    // ---------------------------------------------------------------- for blocks

    /// Where to go if the instruction at `pc` cannot be done.
    int miss(long pc, int instructionsLeft) {
        var stub = new Stub(code.label(), pc, instructionsLeft);
        misses.add(stub);
        return stub.label;
    }

    /// Whether the host has all of some features, see [HostProcessor].
    boolean hostHas(int wanted) {
        return (features & wanted) == wanted;
    }

    /// Whether it is the upper half's code, where kernels are: mostly at the end of it.
    boolean isUpper() {
        return canLink(flow.order().getFirst().pc());
    }

    /// Has code be made behind the blocks, for what is seldom done.
    void aside(Runnable maker) {
        asides.add(maker);
    }

    /// From `label` on a page is looked for that is not at its first place; see [SecondPlaces].
    void secondLook(int label, boolean write, int back, int miss) {
        secondLooks.add(new SecondLook(label, write, back, miss));
    }

    private int exit(long target) {
        return exits.computeIfAbsent(target, _ -> code.label());
    }

    /// Where the region is left for `target`, which is part of it, when the budget is used up.
    private int out(long target) {
        return canLink(target) ? miss(target, 0) : exit(target);
    }

    /// Whether more than a jump leads to the block at `to`: it may close a loop, or want the flags
    /// in another form.
    private boolean isPlain(int to) {
        return to > place && !isOfOtherKind(to);
    }

    private boolean isOfOtherKind(int to) {
        return kinds.kind(to) != FlagCode.UNKNOWN && kinds.kind(to) != flags.kind();
    }

    /// Goes to the block at `to`; out to `otherwise` if it closes a loop and the budget is used up.
    private void go(int to, int otherwise) {
        if (to <= place) {
            code.op(Width.W32, Assembler.TEST, BUDGET, BUDGET);
            code.jumpIf(Assembler.LESS_OR_EQUAL, otherwise);
        }
        if (isOfOtherKind(to)) {
            int kind = flags.kind();
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
        if (to >= 0) {
            go(to, out(target));
        } else if (canLink(target)) {
            emitLinkedExit(target);
        } else {
            code.jump(exit(target));
        }
    }

    /// To `taken` where the host's condition holds.
    void branch(int condition, long taken, long notTaken) {
        int to = flow.place(taken);
        int other = flow.place(notTaken);
        if (to < 0) {
            exitIf(condition, taken);
            jump(notTaken);
        } else if (other < 0) {
            exitIf(condition ^ 1, notTaken);
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
            goOnTheSide(to, out(taken));
            code.bind(otherwise);
            jump(notTaken);
        }
    }

    /// To what a register holds: within the region where it is known to go, or straight to another.
    void jumpTo(int register) {
        for (long expected : flow.order().get(place).expected()) {
            int to = flow.place(expected);
            if (to < 0 && canLink(expected)) {
                compare(register, expected);
                exitIf(Assembler.EQUAL, expected);
            } else if (to >= 0 && isPlain(to)) {
                compare(register, expected);
                code.jumpIf(Assembler.EQUAL, blocks[to]);
            } else if (to >= 0) {
                int other = code.label();
                compare(register, expected);
                code.jumpIf(Assembler.NOT_EQUAL, other);
                goOnTheSide(to, out(expected));
                code.bind(other);
            }
        }
        code.op(Width.W64, Assembler.STORE, register, REGISTERS, Frame.slot(Frame.PC));
        if (register != RAX) {
            code.move(Width.W64, RAX, register);
        }
        Links.find(code);
        follow();
    }

    private void compare(int register, long number) {
        if (number == (int) number && !region.isRelative()) {
            code.opNumber(Width.W64, Assembler.CMP, register, (int) number);
        } else {
            codeAddress(R11, number);
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
