package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.ADC;
import static org.xenolith.baseline.Assembler.ADD;
import static org.xenolith.baseline.Assembler.AND;
import static org.xenolith.baseline.Assembler.BELOW;
import static org.xenolith.baseline.Assembler.BT;
import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.MOV;
import static org.xenolith.baseline.Assembler.NOT_EQUAL;
import static org.xenolith.baseline.Assembler.OR;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.STORE;
import static org.xenolith.baseline.Assembler.SUB;
import static org.xenolith.baseline.Assembler.TEST;
import static org.xenolith.baseline.Assembler.XOR;

import org.xenolith.base.Bug;
import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Width;

/// The lazy flags in machine code. Their values are in slots of the context; their kind is in one
/// too, and where it is known while code is made, conditions are computed from the values: the
/// operation is done once more, so that the host's flags are the guest's. Only scratch registers
/// are used.
final class FlagCode {
    /// The kind is known only when the code runs.
    static final int UNKNOWN = -1;

    private static final Width WORD = Width.W64;

    private final Assembler code;
    private int kind;

    FlagCode(Assembler code) {
        this.code = code;
    }

    int kind() {
        return kind;
    }

    /// Makes the flags explicit.
    void makeExplicit() {
        read();
        store(Frame.FLAG_RESULT, RAX);
        become(explicit());
    }

    /// A block begins with flags of this kind.
    void begin(int kind) {
        this.kind = kind;
    }

    static boolean storesLeft(FlagRule rule) {
        return Ops.usesLeft(rule) && !Flags.isLeftImplied(rule.ordinal());
    }

    // ---------------------------------------------------------------- kinds

    static int kindAfter(FlagRule rule, Width width) {
        return Flags.kind(rule.ordinal(), width.bits());
    }

    private static int kindAfter(CarryRule rule, Width width, int before) {
        if (mustBeExplicit(rule, before)) {
            return Flags.withCarry(explicit(), rule.ordinal(), width.bits());
        }
        return before == UNKNOWN ? UNKNOWN : Flags.withCarry(before, rule.ordinal(), width.bits());
    }

    /// The kind after flags have perhaps become another.
    private static int kindAfterEither(int kind, int before) {
        return kind == before ? kind : UNKNOWN;
    }

    /// The kind after a condition has been tested.
    private static int kindAfter(Condition condition, int before) {
        return canTest(condition, before) ? before : explicit();
    }

    private static boolean mustBeExplicit(CarryRule rule, int kind) {
        return kind == UNKNOWN
                ? rule == CarryRule.VALUE
                : Flags.losesOverflow(kind, rule.ordinal());
    }

    /// The kind after an op.
    static int kindAfter(Op op, int before) {
        return switch (op) {
            case Op.SetFlags(var rule, var width, _, _, _) -> kindAfter(rule, width);
            case Op.SetFlagsIf(_, var rule, var width, _, _, _) ->
                    kindAfterEither(kindAfter(rule, width), before);
            case Op.WriteFlags _ -> explicit();
            case Op.SetCarry(var rule, var width, _) -> kindAfter(rule, width, before);
            case Op.Test(var condition) -> kindAfter(condition, before);
            case Op _ -> before;
        };
    }

    static int explicit() {
        return Flags.kind(Flags.EXPLICIT, 8);
    }

    /// Whether an op can do with flags of which nobody knows of what kind they are.
    static boolean canBeOfAnyKind(Op op) {
        return op instanceof Op.Test(var condition)
                ? canTest(condition, UNKNOWN)
                : !Ops.readsFlags(op) && !(op instanceof Op.SetCarry);
    }

    /// Whether a condition can be tested on flags of a kind as they are.
    private static boolean canTest(Condition condition, int kind) {
        if (kind == UNKNOWN) {
            return isCarry(condition);
        }
        boolean carry = usesCarry(condition);
        boolean overflow = usesOverflow(condition);
        if (Flags.hasCarry(kind)) {
            if (condition == Condition.BELOW || condition == Condition.NOT_BELOW) {
                return true;
            }
            if (carry || overflow && carryRule(kind) != CarryRule.VALUE) {
                return false;
            }
        }
        return switch (FlagRule.ofOrdinal(Flags.rule(kind))) {
            case EXPLICIT, ADD, ADC, SUB, SBB, LOGIC -> true;
            case INC, DEC -> !carry || isCarry(condition);
            case SHL, SHR -> !overflow && (!carry || isCarry(condition));
            case SAR -> !carry || isCarry(condition);
            case MUL -> isCarry(condition) || isOverflow(condition) || !carry && !overflow;
        };
    }

    /// Whether flags of a kind are put together in line.
    private static boolean canRead(int kind) {
        return kind != UNKNOWN
                && !Flags.hasCarry(kind)
                && switch (FlagRule.ofOrdinal(Flags.rule(kind))) {
                    case ADD, ADC, SUB, SBB, LOGIC, INC, DEC, EXPLICIT -> true;
                    case SHL, SHR, SAR, MUL -> false;
                };
    }

    private static boolean isCarry(Condition condition) {
        return condition == Condition.BELOW || condition == Condition.NOT_BELOW;
    }

    private static boolean isOverflow(Condition condition) {
        return condition == Condition.OVERFLOW || condition == Condition.NOT_OVERFLOW;
    }

    private static boolean usesCarry(Condition condition) {
        return isCarry(condition)
                || condition == Condition.BELOW_OR_EQUAL
                || condition == Condition.ABOVE;
    }

    private static boolean usesOverflow(Condition condition) {
        return isOverflow(condition) || condition.ordinal() >= Condition.LESS.ordinal();
    }

    private static CarryRule carryRule(int kind) {
        return CarryRule.ofOrdinal((kind >>> 16 & 0xF) - 1);
    }

    private static int carryBits(int kind) {
        return kind >>> 20;
    }

    // ---------------------------------------------------------------- writes

    /// The flags have become of this kind; their values have been stored.
    void become(int kind) {
        if (this.kind != kind) {
            storeKind(kind);
            this.kind = kind;
        }
    }

    private void storeKind(int kind) {
        int slot = Frame.slot(Frame.FLAG_KIND);
        code.storeNumber(Width.W32, Frame.REGISTERS, Assembler.NONE, slot, kind);
    }

    /// Emits what must come before the value is stored that CF is to follow from.
    void prepareCarry(CarryRule rule) {
        if (mustBeExplicit(rule, kind)) {
            makeExplicit();
        }
    }

    /// CF follows from the value that has been stored.
    void becomeCarry(CarryRule rule, Width width) {
        if (kind != UNKNOWN) {
            become(kindAfter(rule, width, kind));
            return;
        }
        int slot = Frame.slot(Frame.FLAG_KIND);
        code.opNumber(Width.W32, AND, Frame.REGISTERS, slot, 0xFFFF);
        int carry = Flags.withCarry(0, rule.ordinal(), width.bits());
        code.opNumber(Width.W32, OR, Frame.REGISTERS, slot, carry);
    }

    // ---------------------------------------------------------------- reads

    private void load(int register, int slot) {
        code.op(WORD, MOV, register, Frame.REGISTERS, Frame.slot(slot));
    }

    private void op(Width width, int opcode, int register, int slot) {
        code.op(width, opcode, register, Frame.REGISTERS, Frame.slot(slot));
    }

    /// Emits what makes the host's flags tell whether the condition holds.
    ///
    /// @return the host's condition code
    int test(Condition condition) {
        if (!canTest(condition, kind)) {
            makeExplicit();
        }
        if (kind == UNKNOWN) {
            code.call(Assembler.RSP, Frame.CARRY);
            return BELOW ^ condition.ordinal() & 1;
        }
        if (Flags.hasCarry(kind) && isCarry(condition)) {
            return testCarryValue() ^ condition.ordinal() & 1;
        }
        var rule = FlagRule.ofOrdinal(Flags.rule(kind));
        return switch (rule) {
            case ADD, ADC, SUB, SBB, LOGIC, INC, DEC -> {
                redo(rule);
                yield condition.ordinal();
            }
            case EXPLICIT -> testExplicit(condition);
            case SHL, SHR, SAR -> {
                if (isCarry(condition)) {
                    testShiftedOut(rule);
                } else {
                    redo(FlagRule.LOGIC);
                }
                yield condition.ordinal();
            }
            case MUL -> {
                if (isCarry(condition) || isOverflow(condition)) {
                    testLeft();
                    yield BELOW ^ condition.ordinal() & 1;
                }
                redo(FlagRule.LOGIC);
                yield condition.ordinal();
            }
        };
    }

    private int testExplicit(Condition condition) {
        int slot = Frame.slot(Frame.FLAG_RESULT);
        if (condition.ordinal() >= Condition.LESS.ordinal()) {
            // SF and OF are four bits apart.
            code.op(Width.W32, MOV, RAX, Frame.REGISTERS, slot);
            code.move(Width.W32, R11, RAX);
            code.shiftNumber(Width.W32, Assembler.SHR, R11, 4);
            code.op(Width.W32, XOR, R11, RAX);
            code.opNumber(Width.W32, AND, R11, Flags.SF);
            boolean orZero = condition.ordinal() >= Condition.LESS_OR_EQUAL.ordinal();
            code.opNumber(Width.W32, AND, RAX, orZero ? Flags.ZF : 0);
            code.op(Width.W32, OR, RAX, R11);
        } else {
            code.testNumber(Width.W32, Frame.REGISTERS, slot, explicitBits(condition));
        }
        return NOT_EQUAL ^ condition.ordinal() & 1;
    }

    private static int explicitBits(Condition condition) {
        return switch (condition) {
            case OVERFLOW, NOT_OVERFLOW -> Flags.OF;
            case BELOW, NOT_BELOW -> Flags.CF;
            case ZERO, NOT_ZERO -> Flags.ZF;
            case BELOW_OR_EQUAL, ABOVE -> Flags.CF | Flags.ZF;
            case SIGN, NOT_SIGN -> Flags.SF;
            case PARITY, NOT_PARITY -> Flags.PF;
            case LESS, NOT_LESS, LESS_OR_EQUAL, GREATER ->
                    throw new Bug("two explicit flags are not compared");
        };
    }

    private int testCarryValue() {
        int slot = Frame.slot(Frame.FLAG_CARRY);
        int bit = carryRule(kind) == CarryRule.ROTATE_RIGHT ? carryBits(kind) - 1 : 0;
        code.op(WORD, MOV, RAX, Frame.REGISTERS, slot);
        code.bitTest(RAX, bit);
        return BELOW;
    }

    /// CF where the left value is not zero.
    private void testLeft() {
        code.op(Width.W32, XOR, R11, R11);
        op(WORD, CMP, R11, Frame.FLAG_LEFT);
    }

    /// CF is the last bit that a shift has moved out.
    private void testShiftedOut(FlagRule rule) {
        int bits = Flags.bits(kind);
        if (rule == FlagRule.SHL) {
            code.load(RAX, bits);
            op(WORD, SUB, RAX, Frame.FLAG_RIGHT);
        } else {
            load(RAX, Frame.FLAG_RIGHT);
            code.opNumber(WORD, SUB, RAX, 1);
        }
        code.extend(
                rule == FlagRule.SAR,
                Width.ofBits(bits),
                WORD,
                R11,
                Frame.REGISTERS,
                Assembler.NONE,
                Frame.slot(Frame.FLAG_LEFT));
        code.op(WORD, BT, RAX, R11);
    }

    /// Does an operation of the present width once more.
    private void redo(FlagRule rule) {
        var width = Width.ofBits(Flags.bits(kind));
        load(RAX, Frame.FLAG_RESULT);
        switch (rule) {
            case ADD -> {
                op(WORD, SUB, RAX, Frame.FLAG_RIGHT);
                op(width, ADD, RAX, Frame.FLAG_RIGHT);
            }
            case SUB -> {
                op(WORD, ADD, RAX, Frame.FLAG_RIGHT);
                op(width, CMP, RAX, Frame.FLAG_RIGHT);
            }
            case ADC, SBB -> {
                // The carry is what sum and operands differ by.
                op(WORD, SUB, RAX, Frame.FLAG_LEFT);
                op(WORD, rule == FlagRule.ADC ? SUB : ADD, RAX, Frame.FLAG_RIGHT);
                load(R11, Frame.FLAG_LEFT);
                code.shiftNumber(WORD, Assembler.SHR, RAX, 1);
                op(width, rule == FlagRule.ADC ? ADC : ADC + 8, R11, Frame.FLAG_RIGHT);
            }
            case LOGIC -> code.op(width, TEST, RAX, RAX);
            case INC, DEC -> {
                code.opNumber(WORD, rule == FlagRule.INC ? SUB : ADD, RAX, 1);
                testLeft();
                // inc and dec leave CF alone
                code.op(width, 0xFF, rule == FlagRule.INC ? 0 : 1, RAX);
            }
            case EXPLICIT, SHL, SHR, SAR, MUL -> throw new Bug("flags of " + rule + " come else");
        }
    }

    /// Puts the six flags at their places in RFLAGS into RAX.
    void read() {
        if (!canRead(kind)) {
            code.call(Assembler.RSP, Frame.FLAGS);
            return;
        }
        var rule = FlagRule.ofOrdinal(Flags.rule(kind));
        if (rule == FlagRule.EXPLICIT) {
            load(RAX, Frame.FLAG_RESULT);
            code.opNumber(Width.W32, AND, RAX, Flags.STATUS);
            return;
        }
        redo(rule);
        code.pushFlags();
        code.pop(RAX);
        int defined = rule == FlagRule.LOGIC ? Flags.STATUS & ~Flags.AF : Flags.STATUS;
        code.opNumber(Width.W32, AND, RAX, defined);
    }

    /// Where the host's condition does not hold, the flags stay as they are; where it does, what
    /// `stores` emits has stored the values of flags of this kind.
    void becomeIf(int condition, int kind, Runnable stores) {
        int kept = code.label();
        code.jumpIf(condition ^ 1, kept);
        stores.run();
        if (this.kind != kind) {
            storeKind(kind);
            this.kind = UNKNOWN;
        }
        code.bind(kept);
    }

    /// Stores a register as one of the values that flags follow from.
    void store(int slot, int register) {
        code.op(WORD, STORE, register, Frame.REGISTERS, Frame.slot(slot));
    }
}
