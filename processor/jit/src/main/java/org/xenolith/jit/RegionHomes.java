package org.xenolith.jit;

import org.xenolith.base.Bug;
import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Op;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The homes of a region: registers are local variables from the entry to the exit, where all are
/// written back; that rule lives here. Flags are there or pending ([RegionFlags]). A memory access
/// looks for its translation in line ([RegionMemory]); what cannot be done leaves the region at the
/// instruction that it belongs to.
///
/// Every exit is a stub at the end of the method that puts the program counter into its local
/// variable and goes on to the one common exit.
final class RegionHomes implements Homes {
    private static final ClassDesc CONTEXT = describe(Context.class);
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final int CONTEXT_ARGUMENT = RegionClass.CONTEXT;
    private static final int BUDGET = RegionClass.BUDGET;

    /// Leaves the region at `pc`; `instructions` of its block have not been executed after all.
    private record Stub(Label label, long pc, int instructions, int flagState) {}

    private record Exit(long target, int flagState) {}

    private final RegionFlow flow;
    private final PageCaches caches;
    private final RegionMemory memory;
    private final RegionFlags flags;
    private final Label[] blocks;
    private final Label exit;
    private final List<Stub> misses = new ArrayList<>();
    private final Map<Exit, Stub> exits = new LinkedHashMap<>();
    private final int[] registers = new int[Context.SLOTS];
    private final int pc;

    private CodeBuilder code;

    // The block and the instruction being emitted.
    private int place;
    private int instructionsLeft;
    private long instruction;
    private Label miss;

    private int flagState;

    RegionHomes(CodeBuilder code, RegionFlow flow, MemoryAccess access) {
        this.code = code;
        this.flow = flow;
        caches = new PageCaches(flow);
        memory = new RegionMemory(code, access, caches);
        flags = new RegionFlags(code);
        blocks = new Label[flow.order().size()];
        for (int block = 0; block < blocks.length; block++) {
            blocks[block] = code.newLabel();
        }
        exit = code.newLabel();
        pc = code.allocateLocal(TypeKind.LONG);
        flow.used().stream().forEach(slot -> registers[slot] = code.allocateLocal(TypeKind.LONG));
    }

    private static ClassDesc describe(Class<?> type) {
        return ClassDesc.ofDescriptor(type.descriptorString());
    }

    // ---------------------------------------------------------------- entry, blocks, exit

    /// Registers come into local variables.
    void enter() {
        if (flow.isQuick()) {
            var plain = code.newLabel();
            code.aload(CONTEXT_ARGUMENT)
                    .invokevirtual(CONTEXT, "isPlain", MethodTypeDesc.of(ConstantDescs.CD_boolean));
            code.ifne(plain).iload(BUDGET).ireturn().labelBinding(plain);
        }
        memory.enter(code);
        if (!flow.used().isEmpty()) {
            int array = code.allocateLocal(TypeKind.REFERENCE);
            code.aload(CONTEXT_ARGUMENT)
                    .getfield(CONTEXT, "registers", LONG.arrayType())
                    .astore(array);
            flow.used().stream()
                    .forEach(slot ->
                            code.aload(array).loadConstant(slot).laload().lstore(registers[slot]));
        }
    }

    /// The block at a place of the order begins; what follows is emitted by `code`.
    void begin(CodeBuilder code, int place) {
        this.code = code;
        this.place = place;
        flagState = flow.flagState(place);
        miss = null;
        int instructions = flow.order().get(place).instructions();
        instructionsLeft = instructions + 1;
        code.labelBinding(blocks[place]);
        code.iinc(BUDGET, -instructions);
    }

    @Override
    public boolean faultsInPlace() {
        return true;
    }

    @Override
    public void boundary(long pc) {
        instruction = pc;
        instructionsLeft--;
        miss = null;
    }

    /// Where to go if the instruction cannot be done.
    private Label miss() {
        if (miss == null) {
            miss = code.newLabel();
            misses.add(new Stub(miss, instruction, instructionsLeft, flagState));
        }
        return miss;
    }

    private Label exit(long target) {
        return exits.computeIfAbsent(
                        new Exit(target, flagState),
                        _ -> new Stub(code.newLabel(), target, 0, flagState))
                .label();
    }

    /// All stubs, and the common exit, where registers are written back.
    void leaveAll(CodeBuilder code) {
        this.code = code;
        memory.leave(code);
        misses.forEach(this::emit);
        exits.values().forEach(this::emit);
        code.labelBinding(exit);
        if (!flow.written().isEmpty()) {
            int array = code.allocateLocal(TypeKind.REFERENCE);
            code.aload(CONTEXT_ARGUMENT)
                    .getfield(CONTEXT, "registers", LONG.arrayType())
                    .astore(array);
            flow.written().stream()
                    .forEach(slot ->
                            code.aload(array).loadConstant(slot).lload(registers[slot]).lastore());
        }
        code.aload(CONTEXT_ARGUMENT).lload(pc).putfield(CONTEXT, "pc", LONG);
        code.iload(BUDGET).ireturn();
    }

    private void emit(Stub stub) {
        code.labelBinding(stub.label);
        if (stub.instructions > 0) {
            code.iinc(BUDGET, stub.instructions);
        }
        flags.flush(code, stub.flagState);
        code.loadConstant(stub.pc).lstore(pc).goto_(exit);
    }

    @Override
    public void jump(long target) {
        int to = flow.place(target);
        if (to < 0) {
            code.goto_(exit(target));
            return;
        }
        if (to <= place) {
            code.iload(BUDGET).ifle(exit(target));
        }
        int wanted = flow.flagState(to);
        if (wanted != flagState && wanted != RegionFlags.DEAD) {
            flags.flush(code, flagState);
        }
        code.goto_(blocks[to]);
    }

    @Override
    public void jumpTo(Runnable target) {
        target.run();
        code.lstore(pc);
        flags.flush(code, flagState);
        for (long expected : flow.order().get(place).expected()) {
            int to = flow.place(expected);
            if (to >= 0) {
                var other = code.newLabel();
                code.lload(pc).loadConstant(expected).lcmp().ifne(other);
                if (to <= place) {
                    code.iload(BUDGET).ifle(exit);
                }
                code.goto_(blocks[to]).labelBinding(other);
            }
        }
        code.goto_(exit);
    }

    @Override
    public void leave() {
        throw new Bug("no unit of a region leaves by a helper");
    }

    @Override
    public void end() {
        throw new Bug("every unit of a region says where it goes on");
    }

    // ---------------------------------------------------------------- registers and flags

    @Override
    public void pushConstant(Width width, long value) {
        code.loadConstant(width.zeroExtend(value));
    }

    @Override
    public void pushRegister(int slot) {
        code.lload(registers[slot]);
    }

    @Override
    public void writeRegister(int slot, Runnable value) {
        value.run();
        code.lstore(registers[slot]);
    }

    @Override
    public void setFlags(
            FlagRule rule,
            Width width,
            Runnable left,
            Runnable right,
            Runnable result,
            boolean resultUsed) {
        flags.set(code, left, right, result);
        flagState = RegionFlags.state(rule, width, resultUsed);
    }

    @Override
    public void setFlagsIf(
            Consumer<Label> unless,
            FlagRule rule,
            Width width,
            Runnable left,
            Runnable right,
            Runnable result) {
        flags.flush(code, flagState);
        flagState = RegionFlags.IN_CONTEXT;
        var kept = code.newLabel();
        unless.accept(kept);
        new FlagFields(code).set(rule, width, left, right, result);
        code.labelBinding(kept);
    }

    @Override
    public void writeFlags(Runnable value) {
        new FlagFields(code).write(value);
        flagState = RegionFlags.IN_CONTEXT;
    }

    @Override
    public void setCarry(CarryRule rule, Width width, Runnable value) {
        int behind = RegionFlags.withCarry(flagState, rule, width);
        if (behind == RegionFlags.IN_CONTEXT) {
            flags.flush(code, flagState);
            flagState = behind;
            new FlagFields(code).setCarry(rule, width, value);
        } else {
            flags.setCarry(code, value);
            flagState = behind;
        }
    }

    @Override
    public void pushFlags() {
        flags.push(code, flagState);
    }

    @Override
    public void pushTest(Condition condition) {
        flags.pushTest(code, flagState, condition);
    }

    // ---------------------------------------------------------------- memory

    private int cache(int address, boolean write) {
        return caches.cache(flow.unit(place), address, write);
    }

    @Override
    public void pushLoad(Width width, int address, Runnable target) {
        memory.pushLoad(code, cache(address, false), width, target, miss());
    }

    @Override
    public void store(Width width, int address, Runnable target, Runnable value) {
        memory.store(code, cache(address, true), width, target, value, miss());
    }

    @Override
    public void storePair(int address, Runnable target, Runnable low, Runnable high) {
        memory.storePair(code, cache(address, true), target, low, high, miss());
    }

    @Override
    public void storeConditional(
            Width width, int address, Runnable target, Runnable expected, Runnable value) {
        int cache = cache(address, true);
        memory.storeConditional(code, cache, width, target, expected, value, miss());
    }

    // ---------------------------------------------------------------- calls

    @Override
    public void call(Op.Call call, List<Runnable> arguments) {
        var helper = call.helper();
        var guard = helper.guard();
        var quick = helper.quick();
        if (guard.isPresent()) {
            Calls.call(code, guard.get(), arguments);
            code.ifeq(miss());
        } else if (quick.isPresent() && helper.returnsValue()) {
            callQuick(quick.get(), arguments);
        } else if (quick.isPresent()) {
            int slot = RegionFlow.slot(flow.unit(place), call);
            int low = callQuickHalf(quick.get(), slot, arguments.get(1));
            int high = callQuickHalf(quick.get(), slot + 1, arguments.getLast());
            code.lload(low).lstore(registers[slot]).lload(high).lstore(registers[slot + 1]);
        } else {
            Bug.check(!helper.takesContext(), "a region calls nothing that takes the context");
            Calls.call(code, helper.method(), arguments);
        }
    }

    /// Leaves unless the guard accepts; then pushes the value.
    private void callQuick(Helper.QuickForm quick, List<Runnable> arguments) {
        var kept = new ArrayList<Runnable>();
        for (var argument : arguments) {
            int local = code.allocateLocal(TypeKind.LONG);
            argument.run();
            code.lstore(local);
            kept.add(() -> code.lload(local));
        }
        Calls.call(code, quick.guard(), kept);
        code.ifeq(miss());
        Calls.call(code, quick.value(), kept);
    }

    /// Answers the local variable that has the new value of a register.
    private int callQuickHalf(Helper.QuickForm quick, int slot, Runnable argument) {
        callQuick(quick, List.of(() -> code.lload(registers[slot]), argument));
        int local = code.allocateLocal(TypeKind.LONG);
        code.lstore(local);
        return local;
    }
}
