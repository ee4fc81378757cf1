package org.xenolith.x86;

import static org.xenolith.ir.Flags.AF;
import static org.xenolith.ir.Flags.CF;
import static org.xenolith.ir.Flags.OF;
import static org.xenolith.ir.Flags.PF;
import static org.xenolith.ir.Flags.SF;
import static org.xenolith.ir.Flags.ZF;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.ir.Width.W8;
import static org.xenolith.x86.Row.row;
import static org.xenolith.x86.Spec.*;

import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

import java.util.ArrayList;
import java.util.List;

/// Binary arithmetic and logic on general-purpose registers and memory (SDM vol. 1, 5.1.2 and
/// 5.1.4).
final class Integers {
    // spotless:off
    static final Table TABLE = Table.of(Moves.join(
        arithmetic("ADD", 0, Integers::add),
        arithmetic("OR",  1, Integers::or),
        arithmetic("ADC", 2, Integers::adc),
        arithmetic("SBB", 3, Integers::sbb),
        arithmetic("AND", 4, Integers::and),
        arithmetic("SUB", 5, Integers::sub),
        arithmetic("XOR", 6, Integers::xor),
        arithmetic("CMP", 7, Integers::cmp),
        List.of(
            row("TEST",    "84 /r",       Integers::test,    Eb, Gb).undefined(AF),
            row("TEST",    "85 /r",       Integers::test,    Ev, Gv).undefined(AF),
            row("TEST",    "A8",          Integers::test,    AL, Ib).undefined(AF),
            row("TEST",    "A9",          Integers::test,    rAX, Iz).undefined(AF),
            row("TEST",    "F6 /0",       Integers::test,    Eb, Ib).undefined(AF),
            row("TEST",    "F6 /1",       Integers::test,    Eb, Ib).undefined(AF),
            row("TEST",    "F7 /0",       Integers::test,    Ev, Iz).undefined(AF),
            row("TEST",    "F7 /1",       Integers::test,    Ev, Iz).undefined(AF),
            row("NOT",     "F6 /2",       Integers::not,     Eb).lockable(),
            row("NOT",     "F7 /2",       Integers::not,     Ev).lockable(),
            row("NEG",     "F6 /3",       Integers::neg,     Eb).lockable(),
            row("NEG",     "F7 /3",       Integers::neg,     Ev).lockable(),
            row("INC",     "FE /0",       Integers::inc,     Eb).lockable(),
            row("INC",     "FF /0",       Integers::inc,     Ev).lockable(),
            row("INC",     "40+r",        Integers::inc,     Zv).not64(),
            row("DEC",     "FE /1",       Integers::dec,     Eb).lockable(),
            row("DEC",     "FF /1",       Integers::dec,     Ev).lockable(),
            row("DEC",     "48+r",        Integers::dec,     Zv).not64(),
            row("MUL",     "F6 /4",       Integers::mulByte, Eb).undefined(SF | ZF | AF | PF),
            row("MUL",     "F7 /4",       Integers::mul,     Ev).undefined(SF | ZF | AF | PF),
            row("IMUL",    "F6 /5",       Integers::imulByte, Eb).undefined(SF | ZF | AF | PF),
            row("IMUL",    "F7 /5",       Integers::imul,    Ev).undefined(SF | ZF | AF | PF),
            row("IMUL",    "0F AF /r",    Integers::imulTwo, Gv, Ev).undefined(SF | ZF | AF | PF),
            row("IMUL",    "69 /r",       Integers::imulThree, Gv, Ev, Iz).undefined(SF | ZF | AF | PF),
            row("IMUL",    "6B /r",       Integers::imulThree, Gv, Ev, Ibs).undefined(SF | ZF | AF | PF),
            row("DIV",     "F6 /6",       Integers::div,     Eb).undefined(CF | OF | SF | ZF | AF | PF),
            row("DIV",     "F7 /6",       Integers::div,     Ev).undefined(CF | OF | SF | ZF | AF | PF),
            row("IDIV",    "F6 /7",       Integers::idiv,    Eb).undefined(CF | OF | SF | ZF | AF | PF),
            row("IDIV",    "F7 /7",       Integers::idiv,    Ev).undefined(CF | OF | SF | ZF | AF | PF),
            row("CMPXCHG", "0F B0 /r",    Integers::cmpxchg, Eb, Gb).lockable(),
            row("CMPXCHG", "0F B1 /r",    Integers::cmpxchg, Ev, Gv).lockable(),
            row("XADD",    "0F C0 /r",    Integers::xadd,    Eb, Gb).lockable(),
            row("XADD",    "0F C1 /r",    Integers::xadd,    Ev, Gv).lockable(),
            row("CMPXCHG8B",  "0F C7 /1 W0 mem",    Integers::cmpxchg8b,  Mq).lockable(),
            row("CMPXCHG16B", "0F C7 /1 REX.W mem", Integers::cmpxchg16b, Mdq).lockable().only64(),
            row("SALC",    "D6",          Integers::salc).not64(),
            row("DAA",     "27",          Integers::daa).not64().undefined(OF),
            row("DAS",     "2F",          Integers::das).not64().undefined(OF),
            row("AAA",     "37",          Integers::aaa).not64().undefined(OF | SF | ZF | PF),
            row("AAS",     "3F",          Integers::aas).not64().undefined(OF | SF | ZF | PF),
            row("AAM",     "D4",          Integers::aam,     Ib).not64().undefined(OF | AF | CF),
            row("AAD",     "D5",          Integers::aad,     Ib).not64().undefined(OF | AF | CF))));
    // spotless:on

    private static final Helper CHECK_DIVIDE = Helper.named(Division.class, "checkUnsigned");
    private static final Helper QUOTIENT = Helper.named(Division.class, "quotientUnsigned");
    private static final Helper REMAINDER = Helper.named(Division.class, "remainderUnsigned");
    private static final Helper CHECK_DIVIDE_SIGNED = Helper.named(Division.class, "checkSigned");
    private static final Helper QUOTIENT_SIGNED = Helper.named(Division.class, "quotientSigned");
    private static final Helper REMAINDER_SIGNED = Helper.named(Division.class, "remainderSigned");
    private static final Helper CHECK_ALIGNED = Helper.named(Alignment.class, "require16");
    private static final Helper STORE_PAIR_CONDITIONAL =
            Helper.named(MemoryOrder.class, "storePairConditional");
    private static final Helper DECIMAL = Helper.named(Decimal.class, "adjustAfter");
    private static final Helper DECIMAL_FLAGS = Helper.named(Decimal.class, "flagsAfter");

    private Integers() {}

    /// The nine rows of one of the eight operations that share opcode columns 0 to 5 and 80 to 83.
    private static List<Row> arithmetic(String name, int digit, Row.Meaning meaning) {
        var rows = new ArrayList<Row>();
        String slash = " /" + digit;
        rows.add(row(name, hex(digit * 8) + " /r", meaning, Eb, Gb));
        rows.add(row(name, hex(digit * 8 + 1) + " /r", meaning, Ev, Gv));
        rows.add(row(name, hex(digit * 8 + 2) + " /r", meaning, Gb, Eb));
        rows.add(row(name, hex(digit * 8 + 3) + " /r", meaning, Gv, Ev));
        rows.add(row(name, hex(digit * 8 + 4), meaning, AL, Ib));
        rows.add(row(name, hex(digit * 8 + 5), meaning, rAX, Iz));
        rows.add(row(name, "80" + slash, meaning, Eb, Ib));
        rows.add(row(name, "81" + slash, meaning, Ev, Iz));
        rows.add(row(name, "82" + slash, meaning, Eb, Ib).not64());
        rows.add(row(name, "83" + slash, meaning, Ev, Ibs));
        boolean writes = !name.equals("CMP");
        for (var row : rows) {
            if (writes && row.operands().getFirst().place == Spec.Place.RM) {
                row.lockable();
            }
            if (digit == 1 || digit == 4 || digit == 6) {
                row.undefined(AF);
            }
        }
        return rows;
    }

    private static String hex(int value) {
        return String.format("%02X", value);
    }

    /// ADD. All six status flags follow the sum.
    static void add(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        int sum = l.add(left, right);
        l.write(i.first(), sum); // may fault, so before the flags
        l.setFlags(FlagRule.ADD, left, right, sum);
    }

    static void adc(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        int carry = l.convert(l.test(Condition.BELOW), l.width(left));
        int sum = l.add(l.add(left, right), carry);
        l.write(i.first(), sum);
        l.setFlags(FlagRule.ADC, left, right, sum);
    }

    static void sub(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        int difference = l.sub(left, right);
        l.write(i.first(), difference);
        l.setFlags(FlagRule.SUB, left, right, difference);
    }

    static void sbb(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        int borrow = l.convert(l.test(Condition.BELOW), l.width(left));
        int difference = l.sub(l.sub(left, right), borrow);
        l.write(i.first(), difference);
        l.setFlags(FlagRule.SBB, left, right, difference);
    }

    static void cmp(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        l.setFlags(FlagRule.SUB, left, right, l.sub(left, right));
    }

    static void and(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        logic(l, i, left, right, l.and(left, right));
    }

    static void or(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        logic(l, i, left, right, l.or(left, right));
    }

    static void xor(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        logic(l, i, left, right, l.xor(left, right));
    }

    private static void logic(Lifter l, Instruction i, int left, int right, int result) {
        l.write(i.first(), result);
        l.setFlags(FlagRule.LOGIC, left, right, result);
    }

    static void test(Lifter l, Instruction i) {
        int left = l.read(i.first());
        int right = l.read(i.second());
        l.setFlags(FlagRule.LOGIC, left, right, l.and(left, right));
    }

    static void not(Lifter l, Instruction i) {
        l.write(i.first(), l.not(l.read(i.first())));
    }

    /// NEG: 0 minus the operand.
    static void neg(Lifter l, Instruction i) {
        int value = l.read(i.first());
        int result = l.negate(value);
        l.write(i.first(), result);
        l.setFlags(FlagRule.SUB, l.constant(l.width(value), 0), value, result);
    }

    /// INC leaves CF alone.
    static void inc(Lifter l, Instruction i) {
        int value = l.read(i.first());
        int carry = l.convert(l.test(Condition.BELOW), l.width(value));
        int result = l.add(value, l.constant(l.width(value), 1));
        l.write(i.first(), result);
        l.setFlags(FlagRule.INC, carry, value, result);
    }

    /// DEC leaves CF alone.
    static void dec(Lifter l, Instruction i) {
        int value = l.read(i.first());
        int carry = l.convert(l.test(Condition.BELOW), l.width(value));
        int result = l.sub(value, l.constant(l.width(value), 1));
        l.write(i.first(), result);
        l.setFlags(FlagRule.DEC, carry, value, result);
    }

    // ---------------------------------------------------------------- multiplication, division

    static void mulByte(Lifter l, Instruction i) {
        int product =
                l.multiply(
                        l.convert(l.read(i.first()), Width.W16),
                        l.general(Registers.RAX, Width.W16, W8));
        l.setGeneral(Registers.RAX, product);
        int high = l.shiftRight(product, l.constant(Width.W16, 8));
        int overflow = l.convert(l.notZero(high), W8);
        l.setFlags(FlagRule.MUL, overflow, overflow, l.convert(product, W8));
    }

    static void imulByte(Lifter l, Instruction i) {
        int left = l.convertSigned(l.general(Registers.RAX, W8), Width.W16);
        int product = l.multiply(left, l.convertSigned(l.read(i.first()), Width.W16));
        l.setGeneral(Registers.RAX, product);
        int low = l.convert(product, W8);
        int overflow = l.notEqual(product, l.convertSigned(low, Width.W16));
        l.setFlags(FlagRule.MUL, overflow, overflow, low);
    }

    static void mul(Lifter l, Instruction i) {
        int right = l.read(i.first());
        int left = l.general(Registers.RAX, l.width(right));
        int low = l.multiply(left, right);
        int high = l.multiplyHigh(false, left, right);
        l.setGeneral(Registers.RAX, low);
        l.setGeneral(Registers.RDX, high);
        int overflow = l.convert(l.notZero(high), l.width(low));
        l.setFlags(FlagRule.MUL, overflow, overflow, low);
    }

    static void imul(Lifter l, Instruction i) {
        int right = l.read(i.first());
        int left = l.general(Registers.RAX, l.width(right));
        int low = l.multiply(left, right);
        int high = l.multiplyHigh(true, left, right);
        l.setGeneral(Registers.RAX, low);
        l.setGeneral(Registers.RDX, high);
        signedProductFlags(l, low, high);
    }

    static void imulTwo(Lifter l, Instruction i) {
        product(l, i, l.read(i.first()), l.read(i.second()));
    }

    static void imulThree(Lifter l, Instruction i) {
        product(l, i, l.read(i.second()), l.read(i.third()));
    }

    private static void product(Lifter l, Instruction i, int left, int right) {
        int low = l.multiply(left, right);
        int high = l.multiplyHigh(true, left, right);
        l.write(i.first(), low);
        signedProductFlags(l, low, high);
    }

    /// CF and OF tell that the high half is more than the sign of the low one.
    private static void signedProductFlags(Lifter l, int low, int high) {
        var width = l.width(low);
        int sign = l.shiftRightSigned(low, l.constant(width, width.bits() - 1));
        int overflow = l.convert(l.notEqual(high, sign), width);
        l.setFlags(FlagRule.MUL, overflow, overflow, low);
    }

    static void div(Lifter l, Instruction i) {
        divide(l, i, CHECK_DIVIDE, QUOTIENT, REMAINDER);
    }

    static void idiv(Lifter l, Instruction i) {
        divide(l, i, CHECK_DIVIDE_SIGNED, QUOTIENT_SIGNED, REMAINDER_SIGNED);
    }

    private static void divide(
            Lifter l, Instruction i, Helper check, Helper quotient, Helper remainder) {
        int divisor = l.read(i.first());
        var width = l.width(divisor);
        int bits = l.constant(Width.W32, width.bits());
        int low = l.general(Registers.RAX, width);
        int high =
                width == W8
                        ? l.convert(l.shiftRight(l.register(Registers.RAX), l.constant(W64, 8)), W8)
                        : l.general(Registers.RDX, width);
        l.call(check, bits, high, low, divisor);
        int q = l.convert(l.call(quotient, bits, high, low, divisor), width);
        int r = l.convert(l.call(remainder, bits, high, low, divisor), width);
        if (width == W8) {
            int ah = l.shiftLeft(l.convert(r, Width.W16), l.constant(Width.W16, 8));
            l.setGeneral(Registers.RAX, l.or(ah, l.convert(q, Width.W16)));
        } else {
            l.setGeneral(Registers.RAX, q);
            l.setGeneral(Registers.RDX, r);
        }
    }

    // ---------------------------------------------------------------- compare and exchange

    static void cmpxchg(Lifter l, Instruction i) {
        int destination = l.read(i.first());
        var width = l.width(destination);
        int accumulator = l.general(Registers.RAX, width);
        int same = l.equal(accumulator, destination);
        int oldRax = l.register(Registers.RAX);
        if (i.first() instanceof Operand.Register r && width == Width.W32) {
            // Unlike other 32-bit results, a destination that keeps its value keeps its high half.
            int source = l.convert(l.read(i.second()), W64);
            l.setRegister(r.number(), l.select(same, source, l.register(r.number())));
        } else {
            l.write(i.first(), l.select(same, l.read(i.second()), destination));
        }
        // RAX keeps its high half when the values are equal.
        int replaced = replaceLow(l, oldRax, destination);
        boolean accumulatorIsDestination =
                i.first() instanceof Operand.Register r && r.number() == Registers.RAX;
        int kept = accumulatorIsDestination ? l.register(Registers.RAX) : oldRax;
        l.setRegister(Registers.RAX, l.select(same, kept, replaced));
        l.setFlags(FlagRule.SUB, accumulator, destination, l.sub(accumulator, destination));
    }

    /// A 64-bit register content with its low part replaced as a write of that width would.
    private static int replaceLow(Lifter l, int whole, int low) {
        var width = l.width(low);
        if (width == W64) {
            return low;
        }
        int wide = l.convert(low, W64);
        if (width == Width.W32) {
            return wide;
        }
        return l.or(l.and(whole, l.constant(W64, ~width.mask())), wide);
    }

    /// AL becomes all ones or all zeros by CF; in no manual, in every processor.
    static void salc(Lifter l, Instruction i) {
        int carry = l.test(Condition.BELOW);
        l.setGeneral(Registers.RAX, l.negate(carry));
    }

    static void xadd(Lifter l, Instruction i) {
        int destination = l.read(i.first());
        int source = l.read(i.second());
        int sum = l.add(destination, source);
        if (i.first() instanceof Operand.Memory) {
            l.write(i.first(), sum);
            l.write(i.second(), destination);
        } else {
            l.write(i.second(), destination);
            l.write(i.first(), sum);
        }
        l.setFlags(FlagRule.ADD, destination, source, sum);
    }

    static void cmpxchg8b(Lifter l, Instruction i) {
        int memory = l.read(i.first());
        int shift = l.constant(W64, 32);
        int expected = pair(l, Registers.RDX, Registers.RAX);
        int replacement = pair(l, Registers.RCX, Registers.RBX);
        int same = l.equal(memory, expected);
        l.write(i.first(), l.select(same, replacement, memory));
        int low = l.and(memory, l.constant(W64, 0xFFFF_FFFFL));
        setUnless(l, same, Registers.RAX, low);
        setUnless(l, same, Registers.RDX, l.shiftRight(memory, shift));
        l.setZeroFlag(same);
    }

    private static int pair(Lifter l, int high, int low) {
        int shifted = l.shiftLeft(l.register(high), l.constant(W64, 32));
        return l.or(shifted, l.and(l.register(low), l.constant(W64, 0xFFFF_FFFFL)));
    }

    private static void setUnless(Lifter l, int condition, int register, int value) {
        l.setRegister(register, l.select(condition, l.register(register), value));
    }

    static void cmpxchg16b(Lifter l, Instruction i) {
        int address = l.address((Operand.Memory) i.first(), 16, true);
        l.call(CHECK_ALIGNED, address);
        int low = l.load(W64, address);
        int high = l.load(W64, l.behind(address, 8));
        int different =
                l.or(l.xor(low, l.register(Registers.RAX)), l.xor(high, l.register(Registers.RDX)));
        int same = l.equal(different, l.constant(W64, 0));
        int newLow = l.select(same, l.register(Registers.RBX), low);
        int newHigh = l.select(same, l.register(Registers.RCX), high);
        if (i.lock()) {
            l.call(STORE_PAIR_CONDITIONAL, address, low, high, newLow, newHigh);
        } else {
            l.storePair(address, newLow, newHigh);
        }
        setUnless(l, same, Registers.RAX, low);
        setUnless(l, same, Registers.RDX, high);
        l.setZeroFlag(same);
    }

    // ---------------------------------------------------------------- decimal

    static void daa(Lifter l, Instruction i) {
        decimal(l, Decimal.DAA, 0);
    }

    static void das(Lifter l, Instruction i) {
        decimal(l, Decimal.DAS, 0);
    }

    static void aaa(Lifter l, Instruction i) {
        decimal(l, Decimal.AAA, 0);
    }

    static void aas(Lifter l, Instruction i) {
        decimal(l, Decimal.AAS, 0);
    }

    static void aam(Lifter l, Instruction i) {
        if (Lifter.immediate(i.first()) == 0) {
            l.fault(Trap.DIVIDE_ERROR);
            return;
        }
        decimal(l, Decimal.AAM, Lifter.immediate(i.first()));
    }

    static void aad(Lifter l, Instruction i) {
        decimal(l, Decimal.AAD, Lifter.immediate(i.first()));
    }

    private static void decimal(Lifter l, int operation, long base) {
        int op = l.constant(Width.W32, operation);
        int radix = l.constant(Width.W32, base);
        int ax = l.general(Registers.RAX, Width.W16);
        int flags = l.flags();
        int result = l.convert(l.call(DECIMAL, op, radix, ax, flags), Width.W16);
        int after = l.call(DECIMAL_FLAGS, op, radix, ax, flags);
        l.setGeneral(Registers.RAX, result);
        l.writeFlags(after);
    }
}
