package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.immediate;
import static org.xenolith.x86.XmmOperands.readUnaligned;
import static org.xenolith.x86.XmmOperands.sse;
import static org.xenolith.x86.XmmOperands.sseApart;

import org.xenolith.ir.Helper;

/// Comparison of strings in XMM registers (SDM vol. 1, 5.11). Memory may be anywhere.
final class SseStrings {
    // spotless:off
    static final Table TABLE = Table.of(
        sseApart("PCMPESTRM", "66 0F 3A 60 /r", compare(true, false), Vdq, Wdq, Ib),
        sseApart("PCMPESTRI", "66 0F 3A 61 /r", compare(true, true), Vdq, Wdq, Ib),
        sseApart("PCMPISTRM", "66 0F 3A 62 /r", compare(false, false), Vdq, Wdq, Ib),
        sse("PCMPISTRI",      "66 0F 3A 63 /r", compare(false, true), Vdq, Wdq, Ib));
    // spotless:on

    private static final Helper COMPARE = helper("compare");
    private static final Helper IMPLICIT_LENGTH = helper("implicitLength");
    private static final Helper EXPLICIT_LENGTH = helper("explicitLength");
    private static final Helper INDEX = helper("index");
    private static final Helper MASK = helper("mask");
    private static final Helper FLAGS = helper("flags");

    private SseStrings() {}

    private static Helper helper(String name) {
        return Helper.named(StringComparison.class, name);
    }

    /// `explicit`: lengths are in RAX and RDX. `toIndex`: the answer goes to ECX, else to XMM0.
    private static Row.Meaning compare(boolean explicit, boolean toIndex) {
        return (l, i) -> {
            var second = readUnaligned(l, i.second());
            var first = readUnaligned(l, i.first());
            int control = l.constant(W32, immediate(i.third()));
            int firstLength =
                    explicit
                            ? length(l, i, Registers.RAX, control)
                            : l.call(IMPLICIT_LENGTH, first.low(), first.high(), control);
            int secondLength =
                    explicit
                            ? length(l, i, Registers.RDX, control)
                            : l.call(IMPLICIT_LENGTH, second.low(), second.high(), control);
            int result =
                    l.call(
                            COMPARE,
                            first.low(),
                            first.high(),
                            second.low(),
                            second.high(),
                            firstLength,
                            secondLength,
                            control);
            if (toIndex) {
                int answer = l.call(INDEX, result, firstLength, secondLength, control);
                l.answer(answer);
                l.setRegister(Registers.RCX, l.convert(l.convert(answer, W32), W64));
                l.writeFlags(l.shiftRight(answer, l.constant(W64, Integer.SIZE)));
            } else {
                int flags = l.call(FLAGS, result, firstLength, secondLength, control);
                int low = l.call(MASK, result, control, l.constant(W32, 0));
                int high = l.call(MASK, result, control, l.constant(W32, 1));
                l.setRegister(Registers.XMM, low);
                l.setRegister(Registers.XMM + 1, high);
                l.writeFlags(flags);
            }
        };
    }

    private static int length(Lifter l, Instruction i, int register, int control) {
        int value =
                i.rexW() ? l.register(register) : l.convertSigned(l.general(register, W32), W64);
        return l.call(EXPLICIT_LENGTH, value, control);
    }
}
