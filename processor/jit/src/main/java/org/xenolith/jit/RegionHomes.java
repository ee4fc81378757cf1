package org.xenolith.jit;

import org.xenolith.base.Bug;
import org.xenolith.ir.Condition;
import org.xenolith.ir.Context;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicConstantDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The homes of a region: registers and lazy flags are local variables from the entry to the exit,
/// where all are written back; that rule lives here. A memory access looks for its translation in
/// line; what cannot be done leaves the region at the instruction that it belongs to.
///
/// Every exit is a stub at the end of the method that puts the program counter into its local
/// variable and goes on to the one common exit.
final class RegionHomes implements Homes {
    private static final ClassDesc CONTEXT = describe(Context.class);
    private static final ClassDesc RUNTIME = describe(RegionRuntime.class);
    private static final ClassDesc INT = ConstantDescs.CD_int;
    private static final ClassDesc LONG = ConstantDescs.CD_long;
    private static final ClassDesc VOID = ConstantDescs.CD_void;
    private static final long PAGE_MASK = -4096L;
    private static final int PAGE_SHIFT = 12;

    // The arguments of CompiledRegion.run.
    private static final int CONTEXT_ARGUMENT = 1;
    private static final int READ_TAGS = 2;
    private static final int WRITE_TAGS = 3;
    private static final int OFFSETS = 4;
    private static final int BUDGET = 5;

    /// Leaves the region at `pc`; `instructions` of its block have not been executed after all.
    private record Stub(Label label, long pc, int instructions) {}

    private final RegionFlow flow;
    private final MemoryAccess memory;
    private final ClassDesc memoryType;
    private final ConstantDesc memoryConstant;
    private final Label[] blocks;
    private final Label exit;
    private final List<Stub> misses = new ArrayList<>();
    private final Map<Long, Stub> exits = new LinkedHashMap<>();
    private final int[] registers = new int[Context.SLOTS];
    private final int indexMask;
    private final int address;
    private final int index;
    private final int pc;
    private final int flagKind;
    private final int flagLeft;
    private final int flagRight;
    private final int flagResult;

    private CodeBuilder code;

    // The block and the instruction being emitted.
    private int place;
    private int instructionsLeft;
    private long instruction;
    private Label miss;

    RegionHomes(CodeBuilder code, RegionFlow flow, MemoryAccess memory) {
        this.code = code;
        this.flow = flow;
        this.memory = memory;
        memoryType = describe(memory.memoryType());
        memoryConstant =
                DynamicConstantDesc.ofNamed(
                        ConstantDescs.BSM_CLASS_DATA, ConstantDescs.DEFAULT_NAME, memoryType);
        blocks = new Label[flow.order().size()];
        for (int block = 0; block < blocks.length; block++) {
            blocks[block] = code.newLabel();
        }
        exit = code.newLabel();
        indexMask = code.allocateLocal(TypeKind.INT);
        index = code.allocateLocal(TypeKind.INT);
        address = code.allocateLocal(TypeKind.LONG);
        pc = code.allocateLocal(TypeKind.LONG);
        flagKind = code.allocateLocal(TypeKind.INT);
        flagLeft = code.allocateLocal(TypeKind.LONG);
        flagRight = code.allocateLocal(TypeKind.LONG);
        flagResult = code.allocateLocal(TypeKind.LONG);
        flow.used().stream().forEach(slot -> registers[slot] = code.allocateLocal(TypeKind.LONG));
    }

    private static ClassDesc describe(Class<?> type) {
        return ClassDesc.ofDescriptor(type.descriptorString());
    }

    // ---------------------------------------------------------------- entry, blocks, exit

    /// Registers and flags come into local variables.
    void enter() {
        code.aload(READ_TAGS).arraylength().iconst_1().isub().istore(indexMask);
        if (!flow.used().isEmpty()) {
            int array = code.allocateLocal(TypeKind.REFERENCE);
            code.aload(CONTEXT_ARGUMENT)
                    .getfield(CONTEXT, "registers", LONG.arrayType())
                    .astore(array);
            flow.used().stream()
                    .forEach(slot ->
                            code.aload(array).loadConstant(slot).laload().lstore(registers[slot]));
        }
        if (flow.usesFlags()) {
            code.aload(CONTEXT_ARGUMENT)
                    .invokestatic(RUNTIME, "kind", MethodTypeDesc.of(INT, CONTEXT))
                    .istore(flagKind);
            enterFlag("flagLeft", flagLeft);
            enterFlag("flagRight", flagRight);
            enterFlag("flagResult", flagResult);
        }
    }

    private void enterFlag(String field, int local) {
        code.aload(CONTEXT_ARGUMENT).getfield(CONTEXT, field, LONG).lstore(local);
    }

    /// The block at a place of the order begins; what follows is emitted by `code`.
    void begin(CodeBuilder code, int place) {
        this.code = code;
        this.place = place;
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
            misses.add(new Stub(miss, instruction, instructionsLeft));
        }
        return miss;
    }

    private Label exit(long target) {
        return exits.computeIfAbsent(target, at -> new Stub(code.newLabel(), at, 0)).label();
    }

    /// All stubs, and the common exit, where registers and flags are written back.
    void leaveAll(CodeBuilder code) {
        this.code = code;
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
        if (flow.usesFlags()) {
            code.aload(CONTEXT_ARGUMENT);
            pushFlagLocals();
            code.invokestatic(
                    RUNTIME, "leave", MethodTypeDesc.of(VOID, CONTEXT, INT, LONG, LONG, LONG));
        }
        code.iload(BUDGET).ireturn();
    }

    private void emit(Stub stub) {
        code.labelBinding(stub.label);
        if (stub.instructions > 0) {
            code.iinc(BUDGET, stub.instructions);
        }
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
        code.goto_(blocks[to]);
    }

    @Override
    public void jumpTo(Runnable target) {
        target.run();
        code.lstore(pc).goto_(exit);
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
            FlagRule rule, Width width, Runnable left, Runnable right, Runnable result) {
        boolean keepsLeft = left != null && !RegionRuntime.isLeftImplied(rule.ordinal());
        if (keepsLeft) {
            left.run();
        }
        if (right != null) {
            right.run();
        }
        result.run();
        code.lstore(flagResult);
        if (right != null) {
            code.lstore(flagRight);
        }
        if (keepsLeft) {
            code.lstore(flagLeft);
        }
        code.loadConstant(RegionRuntime.kind(rule.ordinal(), width.bits())).istore(flagKind);
    }

    @Override
    public void writeFlags(Runnable value) {
        value.run();
        code.lstore(flagResult);
        int kind = RegionRuntime.kind(FlagRule.EXPLICIT.ordinal(), Width.W8.bits());
        code.loadConstant(kind).istore(flagKind);
    }

    private void pushFlagLocals() {
        code.iload(flagKind).lload(flagLeft).lload(flagRight).lload(flagResult);
    }

    @Override
    public void pushFlags() {
        pushFlagLocals();
        code.invokestatic(RUNTIME, "all", MethodTypeDesc.of(LONG, INT, LONG, LONG, LONG));
    }

    @Override
    public void pushTest(Condition condition) {
        code.loadConstant(condition.ordinal());
        pushFlagLocals();
        code.invokestatic(
                RUNTIME,
                "test",
                MethodTypeDesc.of(ConstantDescs.CD_boolean, INT, INT, LONG, LONG, LONG));
    }

    // ---------------------------------------------------------------- memory

    /// Leaves unless there is a translation for the bytes at `target`. Then pushes the memory and
    /// the place in it.
    private void pushPlace(int tags, int bytes, Runnable target) {
        target.run();
        code.lstore(address);
        code.lload(address).loadConstant(PAGE_SHIFT).lushr().l2i();
        code.iload(indexMask).iand().istore(index);
        code.aload(tags).iload(index).laload().lload(address);
        if (bytes > 1) {
            code.loadConstant((long) bytes - 1).ladd();
        }
        code.loadConstant(PAGE_MASK).land().lcmp().ifne(miss());
        code.loadConstant(memoryConstant);
        pushOffset();
    }

    private void pushOffset() {
        code.aload(OFFSETS).iload(index).laload().lload(address).ladd();
    }

    private void access(String name, ClassDesc result, ClassDesc... parameters) {
        var type = MethodTypeDesc.of(result, parameters).insertParameterTypes(0, memoryType, LONG);
        code.invokestatic(describe(memory.owner()), name, type);
    }

    @Override
    public void pushLoad(Width width, Runnable target) {
        pushPlace(READ_TAGS, width.bytes(), target);
        access("get" + width.bits(), LONG);
    }

    @Override
    public void store(Width width, Runnable target, Runnable value) {
        pushPlace(WRITE_TAGS, width.bytes(), target);
        value.run();
        access("set" + width.bits(), VOID, LONG);
    }

    @Override
    public void storePair(Runnable target, Runnable low, Runnable high) {
        pushPlace(WRITE_TAGS, 2 * Long.BYTES, target);
        low.run();
        access("set64", VOID, LONG);
        code.loadConstant(memoryConstant);
        pushOffset();
        code.loadConstant((long) Long.BYTES).ladd();
        high.run();
        access("set64", VOID, LONG);
    }

    @Override
    public void storeConditional(Width width, Runnable target, Runnable expected, Runnable value) {
        pushPlace(WRITE_TAGS, width.bytes(), target);
        code.loadConstant(width.bytes());
        expected.run();
        value.run();
        access("compareAndSet", ConstantDescs.CD_boolean, INT, LONG, LONG);
        code.ifeq(miss());
    }

    // ---------------------------------------------------------------- calls

    @Override
    public void call(Helper helper, List<Runnable> arguments) {
        var guard = helper.guard();
        if (guard.isPresent()) {
            Calls.call(code, guard.get(), arguments);
            code.ifeq(miss());
        } else {
            Bug.check(!helper.takesContext(), "a region calls nothing that takes the context");
            Calls.call(code, helper.method(), arguments);
        }
    }
}
