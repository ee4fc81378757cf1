package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.blend;
import static org.xenolith.x86.XmmOperands.immediate;
import static org.xenolith.x86.XmmOperands.number;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.sse;
import static org.xenolith.x86.XmmOperands.write;
import static org.xenolith.x86.XmmOperands.writeHigh;
import static org.xenolith.x86.XmmOperands.writeLow;

import org.xenolith.ir.Helper;
import org.xenolith.ir.Width;

/// Shuffles, blends, packing, extension, insertion and extraction of lanes of XMM registers (SDM
/// vol. 1, 5.5.1.5, 5.6.1.5, 5.6.3, 5.8.10, 5.8.11 and 5.10).
final class SseShuffles {
    // spotless:off
    static final Table TABLE = Table.of(
        sse("UNPCKLPS",   "NP 0F 14 /r", interleave("Doublewords", false), Vdq, Wdq),
        sse("UNPCKLPD",   "66 0F 14 /r", SseShuffles::punpcklqdq, Vdq, Wdq),
        sse("UNPCKHPS",   "NP 0F 15 /r", interleave("Doublewords", true), Vdq, Wdq),
        sse("UNPCKHPD",   "66 0F 15 /r", SseShuffles::punpckhqdq, Vdq, Wdq),
        sse("PUNPCKLBW",  "66 0F 60 /r", interleave("Bytes", false), Vdq, Wdq),
        sse("PUNPCKLWD",  "66 0F 61 /r", interleave("Words", false), Vdq, Wdq),
        sse("PUNPCKLDQ",  "66 0F 62 /r", interleave("Doublewords", false), Vdq, Wdq),
        sse("PUNPCKLQDQ", "66 0F 6C /r", SseShuffles::punpcklqdq, Vdq, Wdq),
        sse("PUNPCKHBW",  "66 0F 68 /r", interleave("Bytes", true), Vdq, Wdq),
        sse("PUNPCKHWD",  "66 0F 69 /r", interleave("Words", true), Vdq, Wdq),
        sse("PUNPCKHDQ",  "66 0F 6A /r", interleave("Doublewords", true), Vdq, Wdq),
        sse("PUNPCKHQDQ", "66 0F 6D /r", SseShuffles::punpckhqdq, Vdq, Wdq),
        sse("PACKSSWB",   "66 0F 63 /r", pack("packSignedWords"), Vdq, Wdq),
        sse("PACKUSWB",   "66 0F 67 /r", pack("packUnsignedWords"), Vdq, Wdq),
        sse("PACKSSDW",   "66 0F 6B /r", pack("packSignedDoublewords"), Vdq, Wdq),
        sse("PACKUSDW",   "66 0F 38 2B /r", pack("packUnsignedDoublewords"), Vdq, Wdq),
        sse("PSHUFB",     "66 0F 38 00 /r", SseShuffles::pshufb, Vdq, Wdq),
        sse("PSHUFD",     "66 0F 70 /r", SseShuffles::pshufd, Vdq, Wdq, Ib),
        sse("PSHUFLW",    "F2 0F 70 /r", SseShuffles::pshuflw, Vdq, Wdq, Ib),
        sse("PSHUFHW",    "F3 0F 70 /r", SseShuffles::pshufhw, Vdq, Wdq, Ib),
        sse("SHUFPS",     "NP 0F C6 /r", SseShuffles::shufps, Vdq, Wdq, Ib),
        sse("SHUFPD",     "66 0F C6 /r", SseShuffles::shufpd, Vdq, Wdq, Ib),
        sse("PALIGNR",    "66 0F 3A 0F /r", SseShuffles::palignr, Vdq, Wdq, Ib),
        sse("PSRLDQ",     "66 0F 73 /3", SseShuffles::psrldq, Udq, Ib),
        sse("PSLLDQ",     "66 0F 73 /7", SseShuffles::pslldq, Udq, Ib),
        sse("BLENDPS",    "66 0F 3A 0C /r", blendLanes(32), Vdq, Wdq, Ib),
        sse("BLENDPD",    "66 0F 3A 0D /r", blendLanes(64), Vdq, Wdq, Ib),
        sse("PBLENDW",    "66 0F 3A 0E /r", blendLanes(16), Vdq, Wdq, Ib),
        sse("PBLENDVB",   "66 0F 38 10 /r", blendBySigns(8), Vdq, Wdq).withXmm0(),
        sse("BLENDVPS",   "66 0F 38 14 /r", blendBySigns(32), Vdq, Wdq).withXmm0(),
        sse("BLENDVPD",   "66 0F 38 15 /r", blendBySigns(64), Vdq, Wdq).withXmm0(),
        sse("PMOVSXBW",   "66 0F 38 20 /r", extend(true, 8, 16), Vdq, Wq),
        sse("PMOVSXBD",   "66 0F 38 21 /r", extend(true, 8, 32), Vdq, Wd),
        sse("PMOVSXBQ",   "66 0F 38 22 /r", extend(true, 8, 64), Vdq, Ww),
        sse("PMOVSXWD",   "66 0F 38 23 /r", extend(true, 16, 32), Vdq, Wq),
        sse("PMOVSXWQ",   "66 0F 38 24 /r", extend(true, 16, 64), Vdq, Wd),
        sse("PMOVSXDQ",   "66 0F 38 25 /r", extend(true, 32, 64), Vdq, Wq),
        sse("PMOVZXBW",   "66 0F 38 30 /r", extend(false, 8, 16), Vdq, Wq),
        sse("PMOVZXBD",   "66 0F 38 31 /r", extend(false, 8, 32), Vdq, Wd),
        sse("PMOVZXBQ",   "66 0F 38 32 /r", extend(false, 8, 64), Vdq, Ww),
        sse("PMOVZXWD",   "66 0F 38 33 /r", extend(false, 16, 32), Vdq, Wq),
        sse("PMOVZXWQ",   "66 0F 38 34 /r", extend(false, 16, 64), Vdq, Wd),
        sse("PMOVZXDQ",   "66 0F 38 35 /r", extend(false, 32, 64), Vdq, Wq),
        sse("PEXTRW",     "66 0F C5 /r", extract(16), Gd, Udq, Ib),
        sse("PEXTRB",     "66 0F 3A 14 /r", extractTo(8), RdMb, Vdq, Ib),
        sse("PEXTRW",     "66 0F 3A 15 /r", extractTo(16), RdMw, Vdq, Ib),
        sse("PEXTRD",     "66 0F 3A 16 /r", SseShuffles::pextrd, Ey, Vdq, Ib),
        sse("EXTRACTPS",  "66 0F 3A 17 /r", extractTo(32), Ed, Vdq, Ib),
        sse("PINSRW",     "66 0F C4 /r", insert(16), Vdq, RdMw, Ib),
        sse("PINSRB",     "66 0F 3A 20 /r", insert(8), Vdq, RdMb, Ib),
        sse("INSERTPS",   "66 0F 3A 21 /r", SseShuffles::insertps, Vdq, Wd, Ib),
        sse("PINSRD",     "66 0F 3A 22 /r", SseShuffles::pinsrd, Vdq, Ey, Ib));
    // spotless:on

    private static final Helper BYTES = Helper.named(PackedShuffles.class, "shuffleBytes16");
    private static final Helper WORDS = Helper.named(PackedShuffles.class, "shuffleWords");
    private static final Helper DOUBLEWORDS =
            Helper.named(PackedShuffles.class, "shuffleDoublewords");

    private SseShuffles() {}

    // ---------------------------------------------------------------- unpack and pack

    /// The low or the high halves of both operands, lane by lane in turns.
    private static Row.Meaning interleave(String lanes, boolean upper) {
        var first = Helper.named(PackedShuffles.class, "interleaveLow" + lanes);
        var second = Helper.named(PackedShuffles.class, "interleaveHigh" + lanes);
        return (l, i) -> {
            var right = read(l, i.second());
            var left = read(l, i.first());
            int a = upper ? left.high() : left.low();
            int b = upper ? right.high() : right.low();
            write(l, i.first(), l.call(first, a, b), l.call(second, a, b));
        };
    }

    private static void punpcklqdq(Lifter l, Instruction i) {
        writeHigh(l, i.first(), read(l, i.second()).low());
    }

    private static void punpckhqdq(Lifter l, Instruction i) {
        var right = read(l, i.second());
        write(l, i.first(), read(l, i.first()).high(), right.high());
    }

    private static Row.Meaning pack(String name) {
        return SseIntegers.pairs(PackedShuffles.class, name);
    }

    private static Row.Meaning extend(boolean signed, int from, int to) {
        var helper = Helper.named(PackedShuffles.class, signed ? "signExtend" : "zeroExtend");
        return (l, i) -> {
            int value = l.convert(l.read(i.second()), W64);
            int rest = l.shiftRight(value, number(l, from * (64 / to)));
            int narrow = l.constant(W32, from);
            int wide = l.constant(W32, to);
            int low = l.call(helper, value, narrow, wide);
            write(l, i.first(), low, l.call(helper, rest, narrow, wide));
        };
    }

    // ---------------------------------------------------------------- shuffles

    private static void pshufb(Lifter l, Instruction i) {
        var control = read(l, i.second());
        var value = read(l, i.first());
        int low = l.call(BYTES, value.low(), value.high(), control.low());
        write(l, i.first(), low, l.call(BYTES, value.low(), value.high(), control.high()));
    }

    private static int doublewords(Lifter l, XmmOperands.Halves value, int control) {
        return l.call(DOUBLEWORDS, value.low(), value.high(), l.constant(W32, control & 15));
    }

    private static void pshufd(Lifter l, Instruction i) {
        int control = immediate(i.third());
        var value = read(l, i.second());
        int low = doublewords(l, value, control);
        write(l, i.first(), low, doublewords(l, value, control >>> 4));
    }

    private static void shufps(Lifter l, Instruction i) {
        int control = immediate(i.third());
        var right = read(l, i.second());
        int low = doublewords(l, read(l, i.first()), control);
        write(l, i.first(), low, doublewords(l, right, control >>> 4));
    }

    private static void shufpd(Lifter l, Instruction i) {
        int control = immediate(i.third());
        var right = read(l, i.second());
        var left = read(l, i.first());
        int low = (control & 1) != 0 ? left.high() : left.low();
        write(l, i.first(), low, (control & 2) != 0 ? right.high() : right.low());
    }

    private static void pshuflw(Lifter l, Instruction i) {
        var value = read(l, i.second());
        int control = l.constant(W32, immediate(i.third()));
        write(l, i.first(), l.call(WORDS, value.low(), control), value.high());
    }

    private static void pshufhw(Lifter l, Instruction i) {
        var value = read(l, i.second());
        int control = l.constant(W32, immediate(i.third()));
        write(l, i.first(), value.low(), l.call(WORDS, value.high(), control));
    }

    private static void palignr(Lifter l, Instruction i) {
        var right = read(l, i.second());
        var left = read(l, i.first());
        align(
                l,
                i.first(),
                immediate(i.third()),
                right.low(),
                right.high(),
                left.low(),
                left.high());
    }

    private static void psrldq(Lifter l, Instruction i) {
        var value = read(l, i.first());
        align(l, i.first(), immediate(i.second()), value.low(), value.high());
    }

    private static void pslldq(Lifter l, Instruction i) {
        var value = read(l, i.first());
        int zero = number(l, 0);
        int bytes = Math.min(immediate(i.second()), 16);
        align(l, i.first(), 16 - bytes, zero, zero, value.low(), value.high());
    }

    /// 128 bits from byte `offset` of a row of values, which zeros follow.
    private static void align(Lifter l, Operand destination, int offset, int... values) {
        int low = funnel(l, offset, values);
        write(l, destination, low, funnel(l, offset + 8, values));
    }

    private static int funnel(Lifter l, int offset, int... values) {
        int index = offset / 8;
        if (index >= values.length) {
            return number(l, 0);
        }
        int shift = offset % 8 * 8;
        if (shift == 0) {
            return values[index];
        }
        int low = l.shiftRight(values[index], number(l, shift));
        if (index + 1 == values.length) {
            return low;
        }
        return l.or(low, l.shiftLeft(values[index + 1], number(l, 64 - shift)));
    }

    // ---------------------------------------------------------------- blends

    /// Lanes of `bits` bits, from the second operand where the immediate has a one.
    private static Row.Meaning blendLanes(int bits) {
        return (l, i) -> {
            int control = immediate(i.third());
            var right = read(l, i.second());
            var left = read(l, i.first());
            int low = number(l, mask(control, bits));
            int high = number(l, mask(control >>> 64 / bits, bits));
            int first = blend(l, low, right.low(), left.low());
            write(l, i.first(), first, blend(l, high, right.high(), left.high()));
        };
    }

    private static long mask(int control, int bits) {
        long mask = 0;
        for (int at = 0; at < 64; at += bits) {
            mask |= (control >>> at / bits & 1) != 0 ? -1L >>> 64 - bits << at : 0;
        }
        return mask;
    }

    /// Lanes of `bits` bits, from the second operand where XMM0 has a negative one.
    private static Row.Meaning blendBySigns(int bits) {
        return (l, i) -> {
            var right = read(l, i.second());
            var left = read(l, i.first());
            int low = spreadSigns(l, l.register(Registers.XMM), bits);
            int high = spreadSigns(l, l.register(Registers.XMM + 1), bits);
            int first = blend(l, low, right.low(), left.low());
            write(l, i.first(), first, blend(l, high, right.high(), left.high()));
        };
    }

    private static int spreadSigns(Lifter l, int value, int bits) {
        long ones = -1L >>> 64 - bits;
        int signs = l.shiftRight(value, number(l, bits - 1));
        return l.multiply(l.and(signs, number(l, Long.divideUnsigned(-1L, ones))), number(l, ones));
    }

    // ---------------------------------------------------------------- single lanes

    private static int lane(Lifter l, Operand operand, int index, int bits) {
        var value = read(l, operand);
        int lanes = 64 / bits;
        int half = index % (2 * lanes) < lanes ? value.low() : value.high();
        int shift = index % lanes * bits;
        return l.convert(l.shiftRight(half, number(l, shift)), Width.ofBits(bits));
    }

    private static Row.Meaning extract(int bits) {
        return (l, i) -> {
            int value = lane(l, i.second(), immediate(i.third()), bits);
            l.write(i.first(), l.convert(value, W32));
        };
    }

    /// To memory as narrow as the lane, or to a whole register.
    private static Row.Meaning extractTo(int bits) {
        return (l, i) -> {
            int value = lane(l, i.second(), immediate(i.third()), bits);
            l.write(i.first(), l.convert(value, l.width(i.first())));
        };
    }

    private static void pextrd(Lifter l, Instruction i) {
        int bits = l.width(i.first()).bits();
        l.write(i.first(), lane(l, i.second(), immediate(i.third()), bits));
    }

    private static Row.Meaning insert(int bits) {
        return (l, i) -> {
            int value = l.convert(l.read(i.second()), Width.ofBits(bits));
            replace(l, i.first(), immediate(i.third()), value);
        };
    }

    private static void pinsrd(Lifter l, Instruction i) {
        replace(l, i.first(), immediate(i.third()), l.read(i.second()));
    }

    private static void replace(Lifter l, Operand operand, int index, int value) {
        int bits = l.width(value).bits();
        int lanes = 64 / bits;
        boolean upper = index % (2 * lanes) >= lanes;
        int old = upper ? XmmOperands.high(l, operand) : XmmOperands.low(l, operand);
        int shift = index % lanes * bits;
        int kept = l.and(old, number(l, ~(-1L >>> 64 - bits << shift)));
        int changed = l.or(kept, l.shiftLeft(l.convert(value, W64), number(l, shift)));
        if (upper) {
            writeHigh(l, operand, changed);
        } else {
            writeLow(l, operand, changed);
        }
    }

    private static void insertps(Lifter l, Instruction i) {
        int control = immediate(i.third());
        int value =
                i.second() instanceof Operand.Memory
                        ? l.read(i.second())
                        : lane(l, i.second(), control >>> 6, 32);
        int wide = l.convert(value, W64);
        int place = control >>> 4 & 3;
        var old = read(l, i.first());
        int low = insertSingle(l, old.low(), wide, place, control);
        write(l, i.first(), low, insertSingle(l, old.high(), wide, place - 2, control >>> 2));
    }

    /// A half with lane `place` (0 or 1, if it is here) replaced, then lanes zeroed by `zeros`.
    private static int insertSingle(Lifter l, int half, int value, int place, int zeros) {
        int result = half;
        if ((place & ~1) == 0) {
            int shift = 32 * place;
            int kept = l.and(half, number(l, 0xFFFF_FFFFL << 32 - shift));
            result = l.or(kept, l.shiftLeft(value, number(l, shift)));
        }
        return l.and(result, number(l, ~mask(zeros & 3, 32)));
    }
}
