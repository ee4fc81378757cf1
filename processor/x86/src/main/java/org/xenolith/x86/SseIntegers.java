package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.immediate;
import static org.xenolith.x86.XmmOperands.number;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.sse;
import static org.xenolith.x86.XmmOperands.write;

import org.xenolith.ir.Flags;
import org.xenolith.ir.Helper;

/// Arithmetic, comparison, logic and shifts of integers in XMM registers (SDM vol. 1, 5.5.1.4,
/// 5.6.1.3, 5.6.3, 5.8, 5.10 and 5.11).
final class SseIntegers {
    // spotless:off
    private static final Table ARITHMETIC = Table.of(
        sse("PADDB",      "66 0F FC /r", lanes("addBytes"), Vdq, Wdq),
        sse("PADDW",      "66 0F FD /r", lanes("addWords"), Vdq, Wdq),
        sse("PADDD",      "66 0F FE /r", lanes("addDoublewords"), Vdq, Wdq),
        sse("PADDQ",      "66 0F D4 /r", halves(Lifter::add), Vdq, Wdq),
        sse("PADDSB",     "66 0F EC /r", lanes("addSignedSaturatedBytes"), Vdq, Wdq),
        sse("PADDSW",     "66 0F ED /r", lanes("addSignedSaturatedWords"), Vdq, Wdq),
        sse("PADDUSB",    "66 0F DC /r", lanes("addUnsignedSaturatedBytes"), Vdq, Wdq),
        sse("PADDUSW",    "66 0F DD /r", lanes("addUnsignedSaturatedWords"), Vdq, Wdq),
        sse("PSUBB",      "66 0F F8 /r", lanes("subtractBytes"), Vdq, Wdq),
        sse("PSUBW",      "66 0F F9 /r", lanes("subtractWords"), Vdq, Wdq),
        sse("PSUBD",      "66 0F FA /r", lanes("subtractDoublewords"), Vdq, Wdq),
        sse("PSUBQ",      "66 0F FB /r", halves(Lifter::sub), Vdq, Wdq),
        sse("PSUBSB",     "66 0F E8 /r", lanes("subtractSignedSaturatedBytes"), Vdq, Wdq),
        sse("PSUBSW",     "66 0F E9 /r", lanes("subtractSignedSaturatedWords"), Vdq, Wdq),
        sse("PSUBUSB",    "66 0F D8 /r", lanes("subtractUnsignedSaturatedBytes"), Vdq, Wdq),
        sse("PSUBUSW",    "66 0F D9 /r", lanes("subtractUnsignedSaturatedWords"), Vdq, Wdq),
        sse("PAVGB",      "66 0F E0 /r", lanes("averageBytes"), Vdq, Wdq),
        sse("PAVGW",      "66 0F E3 /r", lanes("averageWords"), Vdq, Wdq),
        sse("PMULLW",     "66 0F D5 /r", products("multiplyWords"), Vdq, Wdq),
        sse("PMULHW",     "66 0F E5 /r", products("multiplyHighSignedWords"), Vdq, Wdq),
        sse("PMULHUW",    "66 0F E4 /r", products("multiplyHighUnsignedWords"), Vdq, Wdq),
        sse("PMULHRSW",   "66 0F 38 0B /r", products("multiplyRoundedWords"), Vdq, Wdq),
        sse("PMULLD",     "66 0F 38 40 /r", products("multiplyDoublewords"), Vdq, Wdq),
        sse("PMULUDQ",    "66 0F F4 /r", halves(SseIntegers::pmuludq), Vdq, Wdq),
        sse("PMULDQ",     "66 0F 38 28 /r", halves(SseIntegers::pmuldq), Vdq, Wdq),
        sse("PMADDWD",    "66 0F F5 /r", products("multiplyAddWords"), Vdq, Wdq),
        sse("PMADDUBSW",  "66 0F 38 04 /r", products("multiplyAddBytes"), Vdq, Wdq),
        sse("PSADBW",     "66 0F F6 /r", products("sumOfDifferences"), Vdq, Wdq),
        sse("MPSADBW",    "66 0F 3A 42 /r", SseIntegers::mpsadbw, Vdq, Wdq, Ib),
        sse("PHMINPOSUW", "66 0F 38 41 /r", SseIntegers::phminposuw, Vdq, Wdq),
        sse("PHADDW",     "66 0F 38 01 /r", pairs("horizontalAddWords"), Vdq, Wdq),
        sse("PHADDD",     "66 0F 38 02 /r", pairs("horizontalAddDoublewords"), Vdq, Wdq),
        sse("PHADDSW",    "66 0F 38 03 /r", pairs("horizontalAddSaturatedWords"), Vdq, Wdq),
        sse("PHSUBW",     "66 0F 38 05 /r", pairs("horizontalSubtractWords"), Vdq, Wdq),
        sse("PHSUBD",     "66 0F 38 06 /r", pairs("horizontalSubtractDoublewords"), Vdq, Wdq),
        sse("PHSUBSW",    "66 0F 38 07 /r", pairs("horizontalSubtractSaturatedWords"), Vdq, Wdq),
        sse("PSIGNB",     "66 0F 38 08 /r", lanes("signBytes"), Vdq, Wdq),
        sse("PSIGNW",     "66 0F 38 09 /r", lanes("signWords"), Vdq, Wdq),
        sse("PSIGND",     "66 0F 38 0A /r", lanes("signDoublewords"), Vdq, Wdq),
        sse("PABSB",      "66 0F 38 1C /r", absolute("absoluteBytes"), Vdq, Wdq),
        sse("PABSW",      "66 0F 38 1D /r", absolute("absoluteWords"), Vdq, Wdq),
        sse("PABSD",      "66 0F 38 1E /r", absolute("absoluteDoublewords"), Vdq, Wdq));

    private static final Table COMPARISON = Table.of(
        sse("PCMPEQB",    "66 0F 74 /r", lanes("equalBytes"), Vdq, Wdq),
        sse("PCMPEQW",    "66 0F 75 /r", lanes("equalWords"), Vdq, Wdq),
        sse("PCMPEQD",    "66 0F 76 /r", lanes("equalDoublewords"), Vdq, Wdq),
        sse("PCMPEQQ",    "66 0F 38 29 /r", lanes("equalQuadwords"), Vdq, Wdq),
        sse("PCMPGTB",    "66 0F 64 /r", lanes("greaterSignedBytes"), Vdq, Wdq),
        sse("PCMPGTW",    "66 0F 65 /r", lanes("greaterSignedWords"), Vdq, Wdq),
        sse("PCMPGTD",    "66 0F 66 /r", lanes("greaterSignedDoublewords"), Vdq, Wdq),
        sse("PCMPGTQ",    "66 0F 38 37 /r", lanes("greaterSignedQuadwords"), Vdq, Wdq),
        sse("PMINUB",     "66 0F DA /r", lanes("minimumUnsignedBytes"), Vdq, Wdq),
        sse("PMINUW",     "66 0F 38 3A /r", lanes("minimumUnsignedWords"), Vdq, Wdq),
        sse("PMINUD",     "66 0F 38 3B /r", lanes("minimumUnsignedDoublewords"), Vdq, Wdq),
        sse("PMINSB",     "66 0F 38 38 /r", lanes("minimumSignedBytes"), Vdq, Wdq),
        sse("PMINSW",     "66 0F EA /r", lanes("minimumSignedWords"), Vdq, Wdq),
        sse("PMINSD",     "66 0F 38 39 /r", lanes("minimumSignedDoublewords"), Vdq, Wdq),
        sse("PMAXUB",     "66 0F DE /r", lanes("maximumUnsignedBytes"), Vdq, Wdq),
        sse("PMAXUW",     "66 0F 38 3E /r", lanes("maximumUnsignedWords"), Vdq, Wdq),
        sse("PMAXUD",     "66 0F 38 3F /r", lanes("maximumUnsignedDoublewords"), Vdq, Wdq),
        sse("PMAXSB",     "66 0F 38 3C /r", lanes("maximumSignedBytes"), Vdq, Wdq),
        sse("PMAXSW",     "66 0F EE /r", lanes("maximumSignedWords"), Vdq, Wdq),
        sse("PMAXSD",     "66 0F 38 3D /r", lanes("maximumSignedDoublewords"), Vdq, Wdq),
        sse("PTEST",      "66 0F 38 17 /r", SseIntegers::ptest, Vdq, Wdq));

    private static final Table LOGIC = Table.of(
        sse("PAND",       "66 0F DB /r", halves(Lifter::and), Vdq, Wdq),
        sse("PANDN",      "66 0F DF /r", halves(SseIntegers::andNot), Vdq, Wdq),
        sse("POR",        "66 0F EB /r", halves(Lifter::or), Vdq, Wdq),
        sse("PXOR",       "66 0F EF /r", halves(Lifter::xor), Vdq, Wdq),
        sse("ANDPS",      "NP 0F 54 /r", halves(Lifter::and), Vdq, Wdq),
        sse("ANDPD",      "66 0F 54 /r", halves(Lifter::and), Vdq, Wdq),
        sse("ANDNPS",     "NP 0F 55 /r", halves(SseIntegers::andNot), Vdq, Wdq),
        sse("ANDNPD",     "66 0F 55 /r", halves(SseIntegers::andNot), Vdq, Wdq),
        sse("ORPS",       "NP 0F 56 /r", halves(Lifter::or), Vdq, Wdq),
        sse("ORPD",       "66 0F 56 /r", halves(Lifter::or), Vdq, Wdq),
        sse("XORPS",      "NP 0F 57 /r", halves(Lifter::xor), Vdq, Wdq),
        sse("XORPD",      "66 0F 57 /r", halves(Lifter::xor), Vdq, Wdq));

    private static final Table SHIFTS = Table.of(
        sse("PSLLW",      "66 0F F1 /r", shift("leftWords"), Vdq, Wdq),
        sse("PSLLD",      "66 0F F2 /r", shift("leftDoublewords"), Vdq, Wdq),
        sse("PSLLQ",      "66 0F F3 /r", shift("leftQuadwords"), Vdq, Wdq),
        sse("PSRLW",      "66 0F D1 /r", shift("rightWords"), Vdq, Wdq),
        sse("PSRLD",      "66 0F D2 /r", shift("rightDoublewords"), Vdq, Wdq),
        sse("PSRLQ",      "66 0F D3 /r", shift("rightQuadwords"), Vdq, Wdq),
        sse("PSRAW",      "66 0F E1 /r", shift("rightSignedWords"), Vdq, Wdq),
        sse("PSRAD",      "66 0F E2 /r", shift("rightSignedDoublewords"), Vdq, Wdq),
        sse("PSLLW",      "66 0F 71 /6", shift("leftWords"), Udq, Ib),
        sse("PSLLD",      "66 0F 72 /6", shift("leftDoublewords"), Udq, Ib),
        sse("PSLLQ",      "66 0F 73 /6", shift("leftQuadwords"), Udq, Ib),
        sse("PSRLW",      "66 0F 71 /2", shift("rightWords"), Udq, Ib),
        sse("PSRLD",      "66 0F 72 /2", shift("rightDoublewords"), Udq, Ib),
        sse("PSRLQ",      "66 0F 73 /2", shift("rightQuadwords"), Udq, Ib),
        sse("PSRAW",      "66 0F 71 /4", shift("rightSignedWords"), Udq, Ib),
        sse("PSRAD",      "66 0F 72 /4", shift("rightSignedDoublewords"), Udq, Ib));
    // spotless:on

    static final Table TABLE = Table.merge(ARITHMETIC, COMPARISON, LOGIC, SHIFTS);

    /// What an operation does to two values of 64 bits.
    @FunctionalInterface
    private interface Binary {
        int apply(Lifter l, int left, int right);
    }

    private SseIntegers() {}

    /// Each half of the first operand with the same half of the second.
    private static Row.Meaning halves(Binary operation) {
        return (l, i) -> {
            var right = read(l, i.second());
            var left = read(l, i.first());
            write(
                    l,
                    i.first(),
                    operation.apply(l, left.low(), right.low()),
                    operation.apply(l, left.high(), right.high()));
        };
    }

    private static Row.Meaning halves(Class<?> owner, String name) {
        var helper = Helper.named(owner, name);
        return halves((l, left, right) -> l.call(helper, left, right));
    }

    private static Row.Meaning lanes(String name) {
        return halves(PackedIntegers.class, name);
    }

    private static Row.Meaning products(String name) {
        return halves(PackedProducts.class, name);
    }

    /// Neighbours of the first operand into the low half, of the second into the high one.
    private static Row.Meaning pairs(String name) {
        return pairs(PackedProducts.class, name);
    }

    static Row.Meaning pairs(Class<?> owner, String name) {
        var helper = Helper.named(owner, name);
        return (l, i) -> {
            var right = read(l, i.second());
            var left = read(l, i.first());
            int low = l.call(helper, left.low(), left.high());
            write(l, i.first(), low, l.call(helper, right.low(), right.high()));
        };
    }

    private static Row.Meaning absolute(String name) {
        var helper = Helper.named(PackedIntegers.class, name);
        return (l, i) -> {
            var value = read(l, i.second());
            int low = l.call(helper, value.low());
            write(l, i.first(), low, l.call(helper, value.high()));
        };
    }

    /// The count is an immediate or the low 64 bits of the second operand.
    private static Row.Meaning shift(String name) {
        var helper = Helper.named(PackedShifts.class, name);
        return (l, i) -> {
            int count =
                    i.second() instanceof Operand.Immediate
                            ? number(l, immediate(i.second()))
                            : read(l, i.second()).low();
            var value = read(l, i.first());
            int low = l.call(helper, value.low(), count);
            write(l, i.first(), low, l.call(helper, value.high(), count));
        };
    }

    private static int andNot(Lifter l, int left, int right) {
        return l.and(l.not(left), right);
    }

    private static int pmuludq(Lifter l, int left, int right) {
        int low = l.convert(l.convert(left, W32), W64);
        return l.multiply(low, l.convert(l.convert(right, W32), W64));
    }

    private static int pmuldq(Lifter l, int left, int right) {
        int low = l.convertSigned(l.convert(left, W32), W64);
        return l.multiply(low, l.convertSigned(l.convert(right, W32), W64));
    }

    private static final Helper SUMS = Helper.named(PackedProducts.class, "sumsOfDifferences");

    private static void mpsadbw(Lifter l, Instruction i) {
        int control = immediate(i.third());
        var right = read(l, i.second());
        var left = read(l, i.first());
        int half = (control & 2) != 0 ? right.high() : right.low();
        int block = (control & 1) != 0 ? l.shiftRight(half, number(l, 32)) : half;
        int offset = control & 4;
        int low = l.call(SUMS, left.low(), left.high(), block, l.constant(W32, offset));
        int high = l.call(SUMS, left.low(), left.high(), block, l.constant(W32, offset + 4));
        write(l, i.first(), low, high);
    }

    private static final Helper MINIMUM = Helper.named(PackedProducts.class, "minimumWord");

    private static void phminposuw(Lifter l, Instruction i) {
        var value = read(l, i.second());
        write(l, i.first(), l.call(MINIMUM, value.low(), value.high()), number(l, 0));
    }

    /// ZF: no bit is in both; CF: no bit of the second operand is missing in the first.
    private static void ptest(Lifter l, Instruction i) {
        var right = read(l, i.second());
        var left = read(l, i.first());
        int both = l.or(l.and(left.low(), right.low()), l.and(left.high(), right.high()));
        int missing =
                l.or(andNot(l, left.low(), right.low()), andNot(l, left.high(), right.high()));
        int zero = l.convert(l.equal(both, number(l, 0)), W64);
        int carry = l.convert(l.equal(missing, number(l, 0)), W64);
        int shift = number(l, Integer.numberOfTrailingZeros(Flags.ZF));
        l.writeFlags(l.or(l.shiftLeft(zero, shift), carry));
    }
}
