package org.xenolith.x86;

import static org.xenolith.ir.Width.W16;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.ir.Width.W8;

import org.xenolith.base.Bug;
import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.Op.UnaryKind;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// Turns decoded instructions into ops. Meanings speak to it in values (`int` handles whose width
/// it knows) and operands; it hides whether an operand is a register, part of one, or memory, how a
/// 32-bit result clears the high half, how segments and address sizes work, and what LOCK does.
///
/// A meaning reads first, then writes memory, then registers and flags: what may fault precedes
/// what changes state.
public final class Lifter {
    private static final Helper LINEAR_READ = Helper.named(SegmentAccess.class, "linearForRead");
    private static final Helper LINEAR_WRITE = Helper.named(SegmentAccess.class, "linearForWrite");
    private static final Helper RAISE = Helper.named(Raise.class, "fault");

    private final Mode mode;
    private final List<Op> ops = new ArrayList<>();
    private final List<Width> widths = new ArrayList<>();
    private final Map<Operand, Integer> offsets = new IdentityHashMap<>();
    private final Map<Operand, Integer> addresses = new IdentityHashMap<>();
    private int lockedOld = -1;
    private boolean ended;
    private Instruction instruction;

    /// Where its ops begin.
    private int start;

    /// Whether it is yet to be said what a host makes of it.
    private boolean hosted;

    /// Where the code lies that addresses of code are relative to; nothing if they are absolute.
    private final OptionalLong origin;

    public Lifter(Mode mode) {
        this(mode, OptionalLong.empty());
    }

    /// For code that may lie elsewhere when it is executed.
    ///
    /// @param origin an address of code, which is in slot [Registers#CODE_BASE] then
    public Lifter(Mode mode, OptionalLong origin) {
        this.mode = mode;
        this.origin = origin;
    }

    /// Appends the ops of one instruction: checks common to all rows, then the row's meaning.
    public void lift(Instruction next) {
        Bug.check(!ended, "a unit that has ended takes no more instructions");
        instruction = next;
        offsets.clear();
        addresses.clear();
        lockedOld = -1;
        start = ops.size();
        hosted = false;
        add(new Op.Boundary(next.pc(), next.length()), null);
        var row = next.row();
        int fault = Availability.faultOf(row, mode);
        if (fault >= 0) {
            fault(fault);
            return;
        }
        if (row.isPrivileged() && mode.cpl() != 0) {
            generalProtection();
            return;
        }
        hosted = mode.is64() && row.host().isPresent();
        row.meaning().lift(this, next);
        if (hosted) {
            host(Op.Host.NONE);
        }
        if (row.isEndOfBlock() && !ended) {
            jump(next.next());
        }
    }

    /// Says what a host makes of all that has been lifted of the instruction.
    private void host(int result) {
        hosted = false;
        var part = ops.subList(start, ops.size());
        var host = HostForm.of(instruction, part, result != Op.Host.NONE);
        int address = Op.Host.NONE;
        for (var operand : instruction.operands()) {
            if (operand instanceof Operand.Memory m) {
                address = addresses.get(m);
            }
        }
        add(new Op.Host(host, address, result), null);
    }

    /// Appends a jump behind the last instruction, unless the unit has ended anyway.
    public void endAt(long pc) {
        if (!ended) {
            jump(pc);
        }
    }

    public boolean hasEnded() {
        return ended;
    }

    public Unit unit() {
        return new Unit(ops);
    }

    public Mode mode() {
        return mode;
    }

    public Instruction instruction() {
        return instruction;
    }

    private int add(Op op, Width width) {
        Bug.check(!ended, "no op follows the end of a unit");
        ops.add(op);
        widths.add(width);
        ended = op.endsUnit();
        return ops.size() - 1;
    }

    /// The width of a value.
    public Width width(int value) {
        return widths.get(value);
    }

    // ---------------------------------------------------------------- operands

    /// The width of a register, memory or immediate operand.
    public Width width(Operand operand) {
        return switch (operand) {
            case Operand.Register r -> r.width();
            case Operand.Memory m -> Width.ofBytes(m.bytes());
            case Operand.Immediate i -> i.width();
            case Operand.SegmentRegister _ -> W16;
            case Operand.ControlRegister _, Operand.DebugRegister _ -> mode.is64() ? W64 : W32;
            case Operand.Mmx _ -> W64;
            case Operand.Vector v -> Width.ofBytes(Math.min(v.bytes(), 8));
            case Operand.Target _, Operand.FarPointer _ -> instruction.operandSize();
        };
    }

    /// The value of a register, memory or immediate operand. Of a vector operand: its lowest
    /// `bytes`, at most 8.
    public int read(Operand operand) {
        return switch (operand) {
            case Operand.Register r -> readRegister(r);
            case Operand.Memory m -> readMemory(m, Width.ofBytes(m.bytes()));
            case Operand.Immediate i -> constant(i.width(), i.value());
            case Operand.Vector v -> convert(register(low(v)), width(v));
            case Operand.Target _,
                    Operand.FarPointer _,
                    Operand.SegmentRegister _,
                    Operand.ControlRegister _,
                    Operand.DebugRegister _,
                    Operand.Mmx _ ->
                    throw new Bug("operand " + operand + " is not read as a number");
        };
    }

    private int readRegister(Operand.Register r) {
        int whole = register(r.number());
        if (r.high()) {
            return convert(shiftRight(whole, constant(W64, 8)), W8);
        }
        return convert(whole, r.width());
    }

    private int readMemory(Operand.Memory m, Width width) {
        boolean modified = instruction.row().isModifying() && m == instruction.first();
        int value = load(width, address(m, width.bytes(), modified));
        if (instruction.lock()) {
            lockedOld = value;
        }
        return value;
    }

    /// Replaces a register or memory operand. A 32-bit register result clears the high half; a
    /// narrower one leaves the rest alone. Of a locked instruction, the store succeeds only if
    /// memory still holds what was read.
    public void write(Operand operand, int value) {
        switch (operand) {
            case Operand.Register r -> writeRegister(r, value);
            case Operand.Memory m -> {
                var width = width(value);
                int address = address(m, width.bytes(), true);
                if (instruction.lock() && lockedOld >= 0) {
                    storeConditional(address, lockedOld, value);
                } else {
                    store(address, value);
                }
            }
            case Operand.Vector v -> setRegister(low(v), value);
            case Operand.Immediate _,
                    Operand.Target _,
                    Operand.FarPointer _,
                    Operand.SegmentRegister _,
                    Operand.ControlRegister _,
                    Operand.DebugRegister _,
                    Operand.Mmx _ ->
                    throw new Bug("operand " + operand + " is not written as a number");
        }
    }

    private void writeRegister(Operand.Register r, int value) {
        Bug.check(width(value) == r.width(), "a value fits its register");
        if (hosted) {
            host(value);
        }
        setGeneral(r.number(), r.high(), value);
    }

    /// Replaces general register `number`, as far as the width of `value` goes.
    public void setGeneral(int number, int value) {
        setGeneral(number, false, value);
    }

    private void setGeneral(int number, boolean high, int value) {
        switch (width(value)) {
            case W64 -> setRegister(number, value);
            case W32 -> setRegister(number, convert(value, W64));
            case W16, W8 -> {
                long mask = high ? 0xFF00L : width(value).mask();
                int kept = and(register(number), constant(W64, ~mask));
                int part = convert(value, W64);
                part = high ? shiftLeft(part, constant(W64, 8)) : part;
                setRegister(number, or(kept, part));
            }
        }
    }

    /// General register `number`, cut to `width`.
    public int general(int number, Width width) {
        return convert(register(number), width);
    }

    /// The low `part` bits of general register `number`, zero-extended to `width`.
    public int general(int number, Width width, Width part) {
        return convert(general(number, part), width);
    }

    /// The slot of the low half of an XMM register.
    public static int low(Operand.Vector v) {
        return Registers.XMM + 2 * v.number();
    }

    /// The slot of the high half of an XMM register.
    public static int high(Operand.Vector v) {
        return Registers.XMM + 2 * v.number() + 1;
    }

    // ---------------------------------------------------------------- addresses

    /// The offset of a memory operand in its segment, of its address size.
    public int offset(Operand.Memory m) {
        var known = offsets.get(m);
        if (known != null) {
            return known;
        }
        var size = m.addressSize();
        int sum = -1;
        if (m.base() == Operand.RIP) {
            sum = convert(codeAddress(m.displacement()), size);
            offsets.put(m, sum);
            return sum;
        }
        if (m.base() >= 0) {
            sum = general(m.base(), size);
        }
        if (m.index() >= 0) {
            int index = general(m.index(), size);
            if (m.scale() > 1) {
                int shift = Integer.numberOfTrailingZeros(m.scale());
                index = shiftLeft(index, constant(size, shift));
            }
            sum = sum < 0 ? index : add(sum, index);
        }
        if (sum < 0) {
            sum = constant(size, m.displacement());
        } else if (m.displacement() != 0) {
            sum = add(sum, constant(size, m.displacement()));
        }
        offsets.put(m, sum);
        return sum;
    }

    /// The linear address of `bytes` at a memory operand, checked for reading or writing where
    /// segments need it.
    public int address(Operand.Memory m, int bytes, boolean write) {
        boolean unchecked = isUnchecked(m.segment(), write);
        if (unchecked) {
            var known = addresses.get(m);
            if (known != null) {
                return known;
            }
        }
        int address = linear(m.segment(), offset(m), bytes, write);
        if (unchecked) {
            addresses.put(m, address);
        }
        return address;
    }

    /// The linear address of `offset` (of any width) in a segment.
    public int linear(int segment, int offset, int bytes, boolean write) {
        int wide = convert(offset, W64);
        if (mode.is64()) {
            if (segment < Segments.FS) {
                return wide;
            }
            return add(register(Registers.SEGMENT_BASE + segment), wide);
        }
        if (isUnchecked(segment, write)) {
            return wide;
        }
        return call(
                write ? LINEAR_WRITE : LINEAR_READ,
                constant(W32, segment),
                wide,
                constant(W32, bytes));
    }

    /// Whether every access through a segment is allowed and at the offset itself. Nothing may be
    /// written through a code segment outside 64-bit mode.
    private boolean isUnchecked(int segment, boolean write) {
        return mode.is64()
                || mode.flat() && segment < Segments.FS && !(write && segment == Segments.CS);
    }

    /// `displacement` bytes behind an address, for operands read in parts. Wraps at the width of
    /// linear addresses.
    public int behind(int address, int displacement) {
        int sum = add(address, constant(W64, displacement));
        return mode.is64() ? sum : and(sum, constant(W64, 0xFFFF_FFFFL));
    }

    // ---------------------------------------------------------------- stack

    /// Stores below the stack pointer and moves it. Nothing that may fault may follow.
    public void push(int value) {
        int bytes = width(value).bytes();
        int pointer = stackPointer(-bytes);
        store(linear(Segments.SS, pointer, bytes, true), value);
        setStackPointer(pointer);
    }

    /// The value at the stack pointer `displacement` bytes up; the pointer stays.
    public int peek(Width width, int displacement) {
        return load(width, linear(Segments.SS, stackPointer(displacement), width.bytes(), false));
    }

    /// The stack pointer plus `displacement`, of the stack's width.
    public int stackPointer(int displacement) {
        int pointer = general(Registers.RSP, mode.stackSize());
        return displacement == 0 ? pointer : add(pointer, constant(mode.stackSize(), displacement));
    }

    /// Replaces as much of RSP as the stack is wide.
    public void setStackPointer(int value) {
        Bug.check(width(value) == mode.stackSize(), "a stack pointer has the stack's width");
        setGeneral(Registers.RSP, value);
    }

    // ---------------------------------------------------------------- values

    public int constant(Width width, long value) {
        return add(new Op.Const(width, width.zeroExtend(value)), width);
    }

    /// All 64 bits of a slot.
    public int register(int slot) {
        return add(new Op.ReadRegister(slot), W64);
    }

    public void setRegister(int slot, int value) {
        Bug.check(width(value) == W64, "a register slot takes 64 bits");
        add(new Op.WriteRegister(slot, value), null);
    }

    public int load(Width width, int address) {
        return add(new Op.Load(width, address), width);
    }

    public void store(int address, int value) {
        add(new Op.Store(width(value), address, value), null);
    }

    public void storePair(int address, int low, int high) {
        add(new Op.StorePair(address, low, high), null);
    }

    public void storeConditional(int address, int expected, int value) {
        add(new Op.StoreConditional(width(value), address, expected, value), null);
    }

    private int binary(BinaryKind kind, int left, int right) {
        Bug.check(width(left) == width(right), kind + " takes operands of one width");
        return add(new Op.Binary(kind, width(left), left, right), width(left));
    }

    public int add(int left, int right) {
        return binary(BinaryKind.ADD, left, right);
    }

    public int sub(int left, int right) {
        return binary(BinaryKind.SUB, left, right);
    }

    public int multiply(int left, int right) {
        return binary(BinaryKind.MUL, left, right);
    }

    /// The high half of the product.
    public int multiplyHigh(boolean signed, int left, int right) {
        return binary(
                signed ? BinaryKind.MUL_HIGH_SIGNED : BinaryKind.MUL_HIGH_UNSIGNED, left, right);
    }

    public int and(int left, int right) {
        return binary(BinaryKind.AND, left, right);
    }

    public int or(int left, int right) {
        return binary(BinaryKind.OR, left, right);
    }

    public int xor(int left, int right) {
        return binary(BinaryKind.XOR, left, right);
    }

    public int shiftLeft(int value, int count) {
        return binary(BinaryKind.SHIFT_LEFT, value, count);
    }

    public int shiftRight(int value, int count) {
        return binary(BinaryKind.SHIFT_RIGHT, value, count);
    }

    public int shiftRightSigned(int value, int count) {
        return binary(BinaryKind.SHIFT_RIGHT_SIGNED, value, count);
    }

    public int rotateLeft(int value, int count) {
        return binary(BinaryKind.ROTATE_LEFT, value, count);
    }

    public int rotateRight(int value, int count) {
        return binary(BinaryKind.ROTATE_RIGHT, value, count);
    }

    private int unary(UnaryKind kind, int value) {
        return add(new Op.Unary(kind, width(value), value), width(value));
    }

    public int not(int value) {
        return unary(UnaryKind.NOT, value);
    }

    public int negate(int value) {
        return unary(UnaryKind.NEGATE, value);
    }

    public int swapBytes(int value) {
        return unary(UnaryKind.SWAP_BYTES, value);
    }

    public int leadingZeros(int value) {
        return unary(UnaryKind.LEADING_ZEROS, value);
    }

    public int trailingZeros(int value) {
        return unary(UnaryKind.TRAILING_ZEROS, value);
    }

    public int countOnes(int value) {
        return unary(UnaryKind.COUNT_ONES, value);
    }

    /// Zero-extends, or drops high bits.
    public int convert(int value, Width to) {
        var from = width(value);
        return from == to ? value : add(new Op.Convert(false, from, to, value), to);
    }

    /// Sign-extends, or drops high bits.
    public int convertSigned(int value, Width to) {
        var from = width(value);
        return from == to ? value : add(new Op.Convert(true, from, to, value), to);
    }

    public int select(int condition, int ifTrue, int ifFalse) {
        Bug.check(width(ifTrue) == width(ifFalse), "a choice is between values of one width");
        return add(new Op.Select(width(ifTrue), condition, ifTrue, ifFalse), width(ifTrue));
    }

    public int compare(CompareKind kind, int left, int right) {
        Bug.check(width(left) == width(right), "values of one width are compared");
        return add(new Op.Compare(kind, width(left), left, right), W8);
    }

    public int equal(int left, int right) {
        return compare(CompareKind.EQUAL, left, right);
    }

    public int notEqual(int left, int right) {
        return compare(CompareKind.NOT_EQUAL, left, right);
    }

    public int notZero(int value) {
        return notEqual(value, constant(width(value), 0));
    }

    // ---------------------------------------------------------------- flags

    public void setFlags(FlagRule rule, int left, int right, int result) {
        add(new Op.SetFlags(rule, width(result), left, right, result), null);
    }

    /// The same where `condition` is not zero; else all flags stay.
    public void setFlagsIf(int condition, FlagRule rule, int left, int right, int result) {
        add(new Op.SetFlagsIf(condition, rule, width(result), left, right, result), null);
    }

    /// 1 where the condition holds, else 0; of width 8.
    public int test(Condition condition) {
        return add(new Op.Test(condition), W8);
    }

    /// The six status flags at their places in RFLAGS.
    public int flags() {
        return add(new Op.ReadFlags(), W64);
    }

    /// Says that it is `value` that a host's instruction answers; see [Op.Host].
    public void answer(int value) {
        if (hosted) {
            host(value);
        }
    }

    public void writeFlags(int value) {
        if (hosted) {
            host(value);
        }
        add(new Op.WriteFlags(value), null);
    }

    /// CF, and with a rotation OF, follow from a value; the other flags stay.
    public void setCarry(CarryRule rule, int value) {
        add(new Op.SetCarry(rule, width(value), value), null);
    }

    /// Sets ZF where `condition` is not zero, clears it where it is, and leaves the other flags.
    public void setZeroFlag(int condition) {
        int others = and(flags(), constant(W64, ~(long) Flags.ZF));
        int zero = shiftLeft(convert(condition, W64), constant(W64, 6));
        writeFlags(or(others, zero));
    }

    // ---------------------------------------------------------------- calls and ends

    /// Calls a helper; a value of width 64, or -1 if it returns nothing.
    public int call(Helper helper, int... arguments) {
        Bug.check(arguments.length == helper.arity(), helper + " takes its arguments");
        var list = new ArrayList<Integer>();
        for (int argument : arguments) {
            list.add(argument);
        }
        int index = add(new Op.Call(helper, list), helper.returnsValue() ? W64 : null);
        return helper.returnsValue() ? index : -1;
    }

    /// Ends the unit with a fault that has no error code.
    public void fault(int vector) {
        raise(vector, Trap.NO_ERROR_CODE);
    }

    public void undefined() {
        fault(Trap.INVALID_OPCODE);
    }

    /// Ends the unit with #GP(0).
    public void generalProtection() {
        raise(Trap.GENERAL_PROTECTION, 0);
    }

    private void raise(int vector, int errorCode) {
        call(RAISE, constant(W32, vector), constant(W32, errorCode));
        leave();
    }

    public void jump(long target) {
        add(new Op.Jump(target), null);
    }

    public void branch(int condition, long taken, long notTaken) {
        add(new Op.Branch(condition, taken, notTaken), null);
    }

    public void jumpTo(int target) {
        add(new Op.JumpTo(target), null);
    }

    /// Ends the unit; the helper just called has set `pc`.
    public void leave() {
        add(new Op.Leave(), null);
    }

    /// Where a near branch of this instruction goes: cut to its operand size.
    public long target(Operand operand) {
        return instruction.operandSize().zeroExtend(((Operand.Target) operand).address());
    }

    /// An address that depends on where the instruction lies, as a value of width 64.
    public int codeAddress(long address) {
        if (origin.isEmpty()) {
            return constant(W64, address);
        }
        int base = register(Registers.CODE_BASE);
        long distance = address - origin.getAsLong();
        return distance == 0 ? base : add(base, constant(W64, distance));
    }

    /// The address of the next instruction.
    public long next() {
        return following(mode, instruction.next());
    }

    /// Where code runs on to: 16-bit code does not wrap around at the end of its 64 KiB.
    public static long following(Mode mode, long pc) {
        return mode.is64() ? pc : W32.zeroExtend(pc);
    }

    /// A value of an immediate count or selector, known at translation.
    public static long immediate(Operand operand) {
        return ((Operand.Immediate) operand).value();
    }
}
