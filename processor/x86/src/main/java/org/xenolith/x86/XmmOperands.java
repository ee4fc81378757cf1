package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;

import org.xenolith.ir.Helper;

/// How meanings reach XMM registers and 128 bits of memory: as two values of 64 bits.
final class XmmOperands {
    private static final Helper REQUIRE_16 = Helper.named(Alignment.class, "require16");
    private static final long LOW_LANE = 0xFFFF_FFFFL;

    /// The values of bits 63:0 and 127:64.
    record Halves(int low, int high) {}

    private XmmOperands() {}

    /// A row of the SSE unit that is the same on every processor.
    static Row sse(String name, String encoding, Row.Meaning meaning, Spec... operands) {
        return sseApart(name, encoding, meaning, operands).sameOnHost(HostForm.VECTORS);
    }

    /// The same, if MXCSR is.
    static Row sseRounded(String name, String encoding, Row.Meaning meaning, Spec... operands) {
        return sseApart(name, encoding, meaning, operands).roundedOnHost();
    }

    /// A row of the SSE unit that a host may do otherwise, or whose operands are not all named.
    static Row sseApart(String name, String encoding, Row.Meaning meaning, Spec... operands) {
        return Row.row(name, encoding, meaning, operands).uses(Row.Unit.SSE);
    }

    /// The 128 bits of an operand; #GP(0) if it is memory and not aligned.
    static Halves read(Lifter l, Operand operand) {
        return read(l, operand, true);
    }

    /// The 128 bits of an operand; memory may be anywhere.
    static Halves readUnaligned(Lifter l, Operand operand) {
        return read(l, operand, false);
    }

    private static Halves read(Lifter l, Operand operand, boolean aligned) {
        if (operand instanceof Operand.Memory m) {
            int address = l.address(m, 16, false);
            if (aligned) {
                l.call(REQUIRE_16, address);
            }
            return new Halves(l.load(W64, address), l.load(W64, l.behind(address, 8)));
        }
        var v = (Operand.Vector) operand;
        return new Halves(l.register(Lifter.low(v)), l.register(Lifter.high(v)));
    }

    /// Replaces all 128 bits of an operand; #GP(0) if it is memory and not aligned.
    static void write(Lifter l, Operand operand, int low, int high) {
        write(l, operand, low, high, true);
    }

    /// Replaces all 128 bits of an operand; memory may be anywhere.
    static void writeUnaligned(Lifter l, Operand operand, int low, int high) {
        write(l, operand, low, high, false);
    }

    private static void write(Lifter l, Operand operand, int low, int high, boolean aligned) {
        if (operand instanceof Operand.Memory m) {
            int address = l.address(m, 16, true);
            if (aligned) {
                l.call(REQUIRE_16, address);
            }
            l.storePair(address, low, high);
            return;
        }
        var v = (Operand.Vector) operand;
        l.setRegister(Lifter.low(v), low);
        l.setRegister(Lifter.high(v), high);
    }

    /// Replaces the low half of an XMM register.
    static void writeLow(Lifter l, Operand operand, int value) {
        l.setRegister(Lifter.low((Operand.Vector) operand), value);
    }

    /// Replaces the high half of an XMM register.
    static void writeHigh(Lifter l, Operand operand, int value) {
        l.setRegister(Lifter.high((Operand.Vector) operand), value);
    }

    static int low(Lifter l, Operand operand) {
        return l.register(Lifter.low((Operand.Vector) operand));
    }

    static int high(Lifter l, Operand operand) {
        return l.register(Lifter.high((Operand.Vector) operand));
    }

    /// The slot of the low half of an XMM register, as an argument of a helper.
    static int slot(Lifter l, Operand operand) {
        return l.constant(W32, Lifter.low((Operand.Vector) operand));
    }

    /// Replaces the lowest 32 bits of an XMM register.
    static void writeSingle(Lifter l, Operand operand, int value) {
        int kept = l.and(low(l, operand), number(l, ~LOW_LANE));
        writeLow(l, operand, l.or(kept, l.convert(value, W64)));
    }

    /// A constant of 64 bits.
    static int number(Lifter l, long value) {
        return l.constant(W64, value);
    }

    /// An immediate of 8 bits, known at translation.
    static int immediate(Operand operand) {
        return (int) Lifter.immediate(operand) & 0xFF;
    }

    /// `value` where `mask` has ones, `other` elsewhere.
    static int blend(Lifter l, int mask, int value, int other) {
        return l.or(l.and(value, mask), l.and(other, l.not(mask)));
    }
}
