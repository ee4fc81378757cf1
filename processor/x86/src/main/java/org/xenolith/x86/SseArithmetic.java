package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.immediate;
import static org.xenolith.x86.XmmOperands.low;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.slot;
import static org.xenolith.x86.XmmOperands.sseApart;
import static org.xenolith.x86.XmmOperands.sseRounded;
import static org.xenolith.x86.XmmOperands.write;
import static org.xenolith.x86.XmmOperands.writeLow;

import org.xenolith.ir.Helper;

/// Floating-point arithmetic and comparison in XMM registers (SDM vol. 1, 5.5.1.2, 5.5.1.3,
/// 5.6.1.2, 5.6.1.4, 5.7.3 and 5.10). Helpers do it, because MXCSR rules it.
final class SseArithmetic {
    // spotless:off
    static final Table TABLE = Table.of(
        sseRounded("SQRTPS",   "NP 0F 51 /r", packed("squareRoot32"), Vdq, Wdq),
        sseRounded("SQRTPD",   "66 0F 51 /r", packed("squareRoot64"), Vdq, Wdq),
        sseRounded("SQRTSS",   "F3 0F 51 /r", scalar("squareRoot32"), Vd, Wd),
        sseRounded("SQRTSD",   "F2 0F 51 /r", scalar("squareRoot64"), Vq, Wq),
        sseRounded("ADDPS",    "NP 0F 58 /r", packed("add32"), Vdq, Wdq),
        sseRounded("ADDPD",    "66 0F 58 /r", packed("add64"), Vdq, Wdq),
        sseRounded("ADDSS",    "F3 0F 58 /r", scalar("add32"), Vd, Wd),
        sseRounded("ADDSD",    "F2 0F 58 /r", scalar("add64"), Vq, Wq),
        sseRounded("MULPS",    "NP 0F 59 /r", packed("multiply32"), Vdq, Wdq),
        sseRounded("MULPD",    "66 0F 59 /r", packed("multiply64"), Vdq, Wdq),
        sseRounded("MULSS",    "F3 0F 59 /r", scalar("multiply32"), Vd, Wd),
        sseRounded("MULSD",    "F2 0F 59 /r", scalar("multiply64"), Vq, Wq),
        sseRounded("SUBPS",    "NP 0F 5C /r", packed("subtract32"), Vdq, Wdq),
        sseRounded("SUBPD",    "66 0F 5C /r", packed("subtract64"), Vdq, Wdq),
        sseRounded("SUBSS",    "F3 0F 5C /r", scalar("subtract32"), Vd, Wd),
        sseRounded("SUBSD",    "F2 0F 5C /r", scalar("subtract64"), Vq, Wq),
        sseRounded("MINPS",    "NP 0F 5D /r", packed("minimum32"), Vdq, Wdq),
        sseRounded("MINPD",    "66 0F 5D /r", packed("minimum64"), Vdq, Wdq),
        sseRounded("MINSS",    "F3 0F 5D /r", scalar("minimum32"), Vd, Wd),
        sseRounded("MINSD",    "F2 0F 5D /r", scalar("minimum64"), Vq, Wq),
        sseRounded("DIVPS",    "NP 0F 5E /r", packed("divide32"), Vdq, Wdq),
        sseRounded("DIVPD",    "66 0F 5E /r", packed("divide64"), Vdq, Wdq),
        sseRounded("DIVSS",    "F3 0F 5E /r", scalar("divide32"), Vd, Wd),
        sseRounded("DIVSD",    "F2 0F 5E /r", scalar("divide64"), Vq, Wq),
        sseRounded("MAXPS",    "NP 0F 5F /r", packed("maximum32"), Vdq, Wdq),
        sseRounded("MAXPD",    "66 0F 5F /r", packed("maximum64"), Vdq, Wdq),
        sseRounded("MAXSS",    "F3 0F 5F /r", scalar("maximum32"), Vd, Wd),
        sseRounded("MAXSD",    "F2 0F 5F /r", scalar("maximum64"), Vq, Wq),
        sseRounded("CMPPS",    "NP 0F C2 /r", packed("compare32", 7), Vdq, Wdq, Ib),
        sseRounded("CMPPD",    "66 0F C2 /r", packed("compare64", 7), Vdq, Wdq, Ib),
        sseRounded("CMPSS",    "F3 0F C2 /r", scalar("compare32", 7), Vd, Wd, Ib),
        sseRounded("CMPSD",    "F2 0F C2 /r", scalar("compare64", 7), Vq, Wq, Ib),
        sseRounded("ROUNDPS",  "66 0F 3A 08 /r", packed("round32", 15), Vdq, Wdq, Ib),
        sseRounded("ROUNDPD",  "66 0F 3A 09 /r", packed("round64", 15), Vdq, Wdq, Ib),
        sseRounded("ROUNDSS",  "66 0F 3A 0A /r", scalar("round32", 15), Vd, Wd, Ib),
        sseRounded("ROUNDSD",  "66 0F 3A 0B /r", scalar("round64", 15), Vq, Wq, Ib),
        sseApart("DPPS",       "66 0F 3A 40 /r", packed("dotProduct32", 255), Vdq, Wdq, Ib),
        sseApart("DPPD",       "66 0F 3A 41 /r", packed("dotProduct64", 255), Vdq, Wdq, Ib),
        sseApart("RSQRTPS",    "NP 0F 52 /r", approximate("approximateReciprocalRoot"), Vdq, Wdq),
        sseApart("RSQRTSS",    "F3 0F 52 /r", scalar("reciprocalRoot32"), Vd, Wd),
        sseApart("RCPPS",      "NP 0F 53 /r", approximate("approximateReciprocal"), Vdq, Wdq),
        sseApart("RCPSS",      "F3 0F 53 /r", scalar("reciprocal32"), Vd, Wd),
        sseRounded("UCOMISS",  "NP 0F 2E /r", compare("compareUnordered32"), Vd, Wd),
        sseRounded("UCOMISD",  "66 0F 2E /r", compare("compareUnordered64"), Vq, Wq),
        sseRounded("COMISS",   "NP 0F 2F /r", compare("compareOrdered32"), Vd, Wd),
        sseRounded("COMISD",   "66 0F 2F /r", compare("compareOrdered64"), Vq, Wq),
        sseRounded("HADDPD",   "66 0F 7C /r", packed("horizontalAdd64"), Vdq, Wdq),
        sseRounded("HADDPS",   "F2 0F 7C /r", packed("horizontalAdd32"), Vdq, Wdq),
        sseRounded("HSUBPD",   "66 0F 7D /r", packed("horizontalSubtract64"), Vdq, Wdq),
        sseRounded("HSUBPS",   "F2 0F 7D /r", packed("horizontalSubtract32"), Vdq, Wdq),
        sseRounded("ADDSUBPD", "66 0F D0 /r", packed("addSubtract64"), Vdq, Wdq),
        sseRounded("ADDSUBPS", "F2 0F D0 /r", packed("addSubtract32"), Vdq, Wdq));
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
