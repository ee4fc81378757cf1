package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.immediate;
import static org.xenolith.x86.XmmOperands.low;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.slot;
import static org.xenolith.x86.XmmOperands.sse;
import static org.xenolith.x86.XmmOperands.write;
import static org.xenolith.x86.XmmOperands.writeLow;

import org.xenolith.ir.Helper;

/// Floating-point arithmetic and comparison in XMM registers (SDM vol. 1, 5.5.1.2, 5.5.1.3,
/// 5.6.1.2, 5.6.1.4, 5.7.3 and 5.10). Helpers do it, because MXCSR rules it.
final class SseArithmetic {
    // spotless:off
    static final Table TABLE = Table.of(
        sse("SQRTPS",   "NP 0F 51 /r", packed("squareRoot32"), Vdq, Wdq),
        sse("SQRTPD",   "66 0F 51 /r", packed("squareRoot64"), Vdq, Wdq),
        sse("SQRTSS",   "F3 0F 51 /r", scalar("squareRoot32"), Vd, Wd),
        sse("SQRTSD",   "F2 0F 51 /r", scalar("squareRoot64"), Vq, Wq),
        sse("ADDPS",    "NP 0F 58 /r", packed("add32"), Vdq, Wdq),
        sse("ADDPD",    "66 0F 58 /r", packed("add64"), Vdq, Wdq),
        sse("ADDSS",    "F3 0F 58 /r", scalar("add32"), Vd, Wd),
        sse("ADDSD",    "F2 0F 58 /r", scalar("add64"), Vq, Wq),
        sse("MULPS",    "NP 0F 59 /r", packed("multiply32"), Vdq, Wdq),
        sse("MULPD",    "66 0F 59 /r", packed("multiply64"), Vdq, Wdq),
        sse("MULSS",    "F3 0F 59 /r", scalar("multiply32"), Vd, Wd),
        sse("MULSD",    "F2 0F 59 /r", scalar("multiply64"), Vq, Wq),
        sse("SUBPS",    "NP 0F 5C /r", packed("subtract32"), Vdq, Wdq),
        sse("SUBPD",    "66 0F 5C /r", packed("subtract64"), Vdq, Wdq),
        sse("SUBSS",    "F3 0F 5C /r", scalar("subtract32"), Vd, Wd),
        sse("SUBSD",    "F2 0F 5C /r", scalar("subtract64"), Vq, Wq),
        sse("MINPS",    "NP 0F 5D /r", packed("minimum32"), Vdq, Wdq),
        sse("MINPD",    "66 0F 5D /r", packed("minimum64"), Vdq, Wdq),
        sse("MINSS",    "F3 0F 5D /r", scalar("minimum32"), Vd, Wd),
        sse("MINSD",    "F2 0F 5D /r", scalar("minimum64"), Vq, Wq),
        sse("DIVPS",    "NP 0F 5E /r", packed("divide32"), Vdq, Wdq),
        sse("DIVPD",    "66 0F 5E /r", packed("divide64"), Vdq, Wdq),
        sse("DIVSS",    "F3 0F 5E /r", scalar("divide32"), Vd, Wd),
        sse("DIVSD",    "F2 0F 5E /r", scalar("divide64"), Vq, Wq),
        sse("MAXPS",    "NP 0F 5F /r", packed("maximum32"), Vdq, Wdq),
        sse("MAXPD",    "66 0F 5F /r", packed("maximum64"), Vdq, Wdq),
        sse("MAXSS",    "F3 0F 5F /r", scalar("maximum32"), Vd, Wd),
        sse("MAXSD",    "F2 0F 5F /r", scalar("maximum64"), Vq, Wq),
        sse("CMPPS",    "NP 0F C2 /r", packed("compare32", 7), Vdq, Wdq, Ib),
        sse("CMPPD",    "66 0F C2 /r", packed("compare64", 7), Vdq, Wdq, Ib),
        sse("CMPSS",    "F3 0F C2 /r", scalar("compare32", 7), Vd, Wd, Ib),
        sse("CMPSD",    "F2 0F C2 /r", scalar("compare64", 7), Vq, Wq, Ib),
        sse("ROUNDPS",  "66 0F 3A 08 /r", packed("round32", 15), Vdq, Wdq, Ib),
        sse("ROUNDPD",  "66 0F 3A 09 /r", packed("round64", 15), Vdq, Wdq, Ib),
        sse("ROUNDSS",  "66 0F 3A 0A /r", scalar("round32", 15), Vd, Wd, Ib),
        sse("ROUNDSD",  "66 0F 3A 0B /r", scalar("round64", 15), Vq, Wq, Ib),
        sse("DPPS",     "66 0F 3A 40 /r", packed("dotProduct32", 255), Vdq, Wdq, Ib),
        sse("DPPD",     "66 0F 3A 41 /r", packed("dotProduct64", 255), Vdq, Wdq, Ib),
        sse("RSQRTPS",  "NP 0F 52 /r", approximate("approximateReciprocalRoot"), Vdq, Wdq),
        sse("RSQRTSS",  "F3 0F 52 /r", scalar("reciprocalRoot32"), Vd, Wd),
        sse("RCPPS",    "NP 0F 53 /r", approximate("approximateReciprocal"), Vdq, Wdq),
        sse("RCPSS",    "F3 0F 53 /r", scalar("reciprocal32"), Vd, Wd),
        sse("UCOMISS",  "NP 0F 2E /r", compare("compareUnordered32"), Vd, Wd),
        sse("UCOMISD",  "66 0F 2E /r", compare("compareUnordered64"), Vq, Wq),
        sse("COMISS",   "NP 0F 2F /r", compare("compareOrdered32"), Vd, Wd),
        sse("COMISD",   "66 0F 2F /r", compare("compareOrdered64"), Vq, Wq),
        sse("HADDPD",   "66 0F 7C /r", packed("horizontalAdd64"), Vdq, Wdq),
        sse("HADDPS",   "F2 0F 7C /r", packed("horizontalAdd32"), Vdq, Wdq),
        sse("HSUBPD",   "66 0F 7D /r", packed("horizontalSubtract64"), Vdq, Wdq),
        sse("HSUBPS",   "F2 0F 7D /r", packed("horizontalSubtract32"), Vdq, Wdq),
        sse("ADDSUBPD", "66 0F D0 /r", packed("addSubtract64"), Vdq, Wdq),
        sse("ADDSUBPS", "F2 0F D0 /r", packed("addSubtract32"), Vdq, Wdq));
    // spotless:on

    private SseArithmetic() {}

    private static Row.Meaning packed(String name) {
        var helper = Helper.named(PackedFloats.class, name);
        return (l, i) -> {
            var right = read(l, i.second());
            l.call(helper, slot(l, i.first()), right.low(), right.high());
        };
    }

    /// `mask`: the bits of the immediate that count.
    private static Row.Meaning packed(String name, int mask) {
        var helper = Helper.named(PackedFloats.class, name);
        return (l, i) -> {
            var right = read(l, i.second());
            int control = l.constant(W32, immediate(i.third()) & mask);
            l.call(helper, slot(l, i.first()), right.low(), right.high(), control);
        };
    }

    private static Row.Meaning scalar(String name) {
        var helper = Helper.named(ScalarFloats.class, name);
        return (l, i) -> {
            int right = l.read(i.second());
            writeLow(l, i.first(), l.call(helper, low(l, i.first()), right));
        };
    }

    private static Row.Meaning scalar(String name, int mask) {
        var helper = Helper.named(ScalarFloats.class, name);
        return (l, i) -> {
            int right = l.read(i.second());
            int control = l.constant(W32, immediate(i.third()) & mask);
            writeLow(l, i.first(), l.call(helper, low(l, i.first()), right, control));
        };
    }

    /// RCPPS and RSQRTPS.
    private static Row.Meaning approximate(String name) {
        var helper = Helper.named(PackedFloats.class, name);
        return (l, i) -> {
            var value = read(l, i.second());
            int low = l.call(helper, value.low());
            write(l, i.first(), low, l.call(helper, value.high()));
        };
    }

    /// To the status flags.
    private static Row.Meaning compare(String name) {
        var helper = Helper.named(ScalarFloats.class, name);
        return (l, i) -> {
            int right = l.read(i.second());
            l.writeFlags(l.call(helper, low(l, i.first()), right));
        };
    }
}
