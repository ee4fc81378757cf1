package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.high;
import static org.xenolith.x86.XmmOperands.low;
import static org.xenolith.x86.XmmOperands.number;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.readUnaligned;
import static org.xenolith.x86.XmmOperands.sse;
import static org.xenolith.x86.XmmOperands.sseApart;
import static org.xenolith.x86.XmmOperands.write;
import static org.xenolith.x86.XmmOperands.writeHigh;
import static org.xenolith.x86.XmmOperands.writeLow;
import static org.xenolith.x86.XmmOperands.writeSingle;
import static org.xenolith.x86.XmmOperands.writeUnaligned;

import org.xenolith.ir.Helper;

/// Data transfer of XMM registers (SDM vol. 1, 5.5.1.1, 5.6.1.1, 5.6.3, 5.7.2, 5.7.4, 5.10.3).
final class SseMoves {
    // spotless:off
    static final Table TABLE = Table.of(
        sse("MOVUPS",  "NP 0F 10 /r", SseMoves::moveUnaligned, Vdq, Wdq),
        sse("MOVUPS",  "NP 0F 11 /r", SseMoves::moveUnaligned, Wdq, Vdq),
        sse("MOVUPD",  "66 0F 10 /r", SseMoves::moveUnaligned, Vdq, Wdq),
        sse("MOVUPD",  "66 0F 11 /r", SseMoves::moveUnaligned, Wdq, Vdq),
        sse("MOVSS",   "F3 0F 10 /r", SseMoves::moveScalar, Vd, Wd),
        sse("MOVSS",   "F3 0F 11 /r", SseMoves::moveScalar, Wd, Vd),
        sse("MOVSD",   "F2 0F 10 /r", SseMoves::moveScalar, Vq, Wq),
        sse("MOVSD",   "F2 0F 11 /r", SseMoves::moveScalar, Wq, Vq),
        sse("MOVLPS",  "NP 0F 12 /r mem", SseMoves::loadLow, Vq, Mq),
        sse("MOVHLPS", "NP 0F 12 /r reg", SseMoves::movhlps, Vdq, Udq),
        sse("MOVLPS",  "NP 0F 13 /r", SseMoves::storeLow, Mq, Vq),
        sse("MOVLPD",  "66 0F 12 /r", SseMoves::loadLow, Vq, Mq),
        sse("MOVLPD",  "66 0F 13 /r", SseMoves::storeLow, Mq, Vq),
        sse("MOVHPS",  "NP 0F 16 /r mem", SseMoves::loadHigh, Vdq, Mq),
        sse("MOVLHPS", "NP 0F 16 /r reg", SseMoves::movlhps, Vdq, Udq),
        sse("MOVHPS",  "NP 0F 17 /r", SseMoves::storeHigh, Mq, Vdq),
        sse("MOVHPD",  "66 0F 16 /r", SseMoves::loadHigh, Vdq, Mq),
        sse("MOVHPD",  "66 0F 17 /r", SseMoves::storeHigh, Mq, Vdq),
        sse("MOVDDUP",  "F2 0F 12 /r", SseMoves::movddup, Vdq, Wq),
        sse("MOVSLDUP", "F3 0F 12 /r", SseMoves::movsldup, Vdq, Wdq),
        sse("MOVSHDUP", "F3 0F 16 /r", SseMoves::movshdup, Vdq, Wdq),
        sse("MOVAPS",  "NP 0F 28 /r", SseMoves::move, Vdq, Wdq),
        sse("MOVAPS",  "NP 0F 29 /r", SseMoves::move, Wdq, Vdq),
        sse("MOVAPD",  "66 0F 28 /r", SseMoves::move, Vdq, Wdq),
        sse("MOVAPD",  "66 0F 29 /r", SseMoves::move, Wdq, Vdq),
        sse("MOVDQA",  "66 0F 6F /r", SseMoves::move, Vdq, Wdq),
        sse("MOVDQA",  "66 0F 7F /r", SseMoves::move, Wdq, Vdq),
        sse("MOVDQU",  "F3 0F 6F /r", SseMoves::moveUnaligned, Vdq, Wdq),
        sse("MOVDQU",  "F3 0F 7F /r", SseMoves::moveUnaligned, Wdq, Vdq),
        sse("LDDQU",   "F2 0F F0 /r", SseMoves::moveUnaligned, Vdq, Mdq),
        sse("MOVD",    "66 0F 6E /r", SseMoves::movd, Vdq, Ey),
        sse("MOVD",    "66 0F 7E /r", SseMoves::movdToInteger, Ey, Vdq),
        sse("MOVQ",    "F3 0F 7E /r", SseMoves::movq, Vq, Wq),
        sse("MOVQ",    "66 0F D6 /r", SseMoves::movq, Wq, Vq),
        streamed("MOVNTPS", "NP 0F 2B /r", Mdq, Vdq),
        streamed("MOVNTPD", "66 0F 2B /r", Mdq, Vdq),
        streamed("MOVNTDQ", "66 0F E7 /r", Mdq, Vdq),
        streamed("MOVNTDQA", "66 0F 38 2A /r", Vdq, Mdq),
        sseApart("MASKMOVDQU", "66 0F F7 /r", SseMoves::maskmovdqu, Vdq, Udq),
        sse("MOVMSKPS", "NP 0F 50 /r", SseMoves::movmskps, Gd, Udq),
        sse("MOVMSKPD", "66 0F 50 /r", SseMoves::movmskpd, Gd, Udq),
        sse("PMOVMSKB", "66 0F D7 /r", SseMoves::pmovmskb, Gd, Udq));
    // spotless:on

    private static final Helper MASKED_STORE = Helper.named(MaskedStore.class, "store");
    private static final long SIGNS_8 = 0x8080_8080_8080_8080L;

    /// Brings bit `8 * n` to bit `56 + n`.
    private static final long GATHER_8 = 0x0102_0408_1020_4080L;

    private SseMoves() {}

    /// A move with a non-temporal hint, which may be ignored. A host's would not be ordered with
    /// our other stores (SDM vol. 1, 10.4.6.2).
    private static Row streamed(String name, String encoding, Spec first, Spec second) {
        String move = second == Vdq ? "66 0F 7F /r" : "66 0F 6F /r";
        return sseApart(name, encoding, SseMoves::move, first, second).onHost(move);
    }

    static void move(Lifter l, Instruction i) {
        var value = read(l, i.second());
        write(l, i.first(), value.low(), value.high());
    }

    static void moveUnaligned(Lifter l, Instruction i) {
        var value = readUnaligned(l, i.second());
        writeUnaligned(l, i.first(), value.low(), value.high());
    }

    /// MOVSS and MOVSD: from memory they clear the rest of the register, from a register not.
    static void moveScalar(Lifter l, Instruction i) {
        int value = l.read(i.second());
        if (i.first() instanceof Operand.Memory) {
            l.write(i.first(), value);
        } else if (i.second() instanceof Operand.Memory) {
            write(l, i.first(), l.convert(value, W64), number(l, 0));
        } else if (l.width(value) == W32) {
            writeSingle(l, i.first(), value);
        } else {
            writeLow(l, i.first(), value);
        }
    }

    static void loadLow(Lifter l, Instruction i) {
        writeLow(l, i.first(), l.read(i.second()));
    }

    static void storeLow(Lifter l, Instruction i) {
        l.write(i.first(), low(l, i.second()));
    }

    static void loadHigh(Lifter l, Instruction i) {
        writeHigh(l, i.first(), l.read(i.second()));
    }

    static void storeHigh(Lifter l, Instruction i) {
        l.write(i.first(), high(l, i.second()));
    }

    static void movhlps(Lifter l, Instruction i) {
        writeLow(l, i.first(), high(l, i.second()));
    }

    static void movlhps(Lifter l, Instruction i) {
        writeHigh(l, i.first(), low(l, i.second()));
    }

    static void movddup(Lifter l, Instruction i) {
        int value = l.read(i.second());
        write(l, i.first(), value, value);
    }

    static void movsldup(Lifter l, Instruction i) {
        var value = read(l, i.second());
        write(l, i.first(), twice(l, value.low(), false), twice(l, value.high(), false));
    }

    static void movshdup(Lifter l, Instruction i) {
        var value = read(l, i.second());
        write(l, i.first(), twice(l, value.low(), true), twice(l, value.high(), true));
    }

    /// One lane of a half in both lanes.
    private static int twice(Lifter l, int half, boolean upper) {
        int count = number(l, 32);
        int lane = upper ? l.shiftRight(half, count) : l.convert(l.convert(half, W32), W64);
        return l.or(lane, l.shiftLeft(lane, count));
    }

    /// MOVD and, with REX.W, MOVQ to an XMM register.
    static void movd(Lifter l, Instruction i) {
        write(l, i.first(), l.convert(l.read(i.second()), W64), number(l, 0));
    }

    static void movdToInteger(Lifter l, Instruction i) {
        l.write(i.first(), l.convert(low(l, i.second()), l.width(i.first())));
    }

    static void movq(Lifter l, Instruction i) {
        int value = l.read(i.second());
        if (i.first() instanceof Operand.Memory) {
            l.write(i.first(), value);
        } else {
            write(l, i.first(), value, number(l, 0));
        }
    }

    static void maskmovdqu(Lifter l, Instruction i) {
        var value = read(l, i.first());
        var mask = read(l, i.second());
        int offset = l.general(Registers.RDI, i.addressSize());
        int address = l.linear(i.dataSegment(), offset, 16, true);
        l.call(MASKED_STORE, address, value.low(), value.high(), mask.low(), mask.high());
    }

    static void movmskps(Lifter l, Instruction i) {
        var value = read(l, i.second());
        int upper = l.shiftLeft(signs32(l, value.high()), number(l, 2));
        l.write(i.first(), l.convert(l.or(signs32(l, value.low()), upper), W32));
    }

    /// Bits 31 and 63 as bits 0 and 1.
    private static int signs32(Lifter l, int half) {
        int lower = l.and(l.shiftRight(half, number(l, 31)), number(l, 1));
        return l.or(lower, l.and(l.shiftRight(half, number(l, 62)), number(l, 2)));
    }

    static void movmskpd(Lifter l, Instruction i) {
        var value = read(l, i.second());
        int lower = l.shiftRight(value.low(), number(l, 63));
        int upper = l.shiftRight(value.high(), number(l, 63));
        int mask = l.or(lower, l.shiftLeft(upper, number(l, 1)));
        l.write(i.first(), l.convert(mask, W32));
    }

    static void pmovmskb(Lifter l, Instruction i) {
        var value = read(l, i.second());
        int upper = l.shiftLeft(signs8(l, value.high()), number(l, 8));
        l.write(i.first(), l.convert(l.or(signs8(l, value.low()), upper), W32));
    }

    /// The highest bit of every byte, as the low 8 bits.
    private static int signs8(Lifter l, int half) {
        int signs = l.shiftRight(l.and(half, number(l, SIGNS_8)), number(l, 7));
        return l.shiftRight(l.multiply(signs, number(l, GATHER_8)), number(l, 56));
    }
}
