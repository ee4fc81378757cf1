package org.xenolith.x86;

import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.Spec.*;
import static org.xenolith.x86.XmmOperands.low;
import static org.xenolith.x86.XmmOperands.number;
import static org.xenolith.x86.XmmOperands.read;
import static org.xenolith.x86.XmmOperands.slot;
import static org.xenolith.x86.XmmOperands.sseRounded;
import static org.xenolith.x86.XmmOperands.write;
import static org.xenolith.x86.XmmOperands.writeLow;

import org.xenolith.ir.Helper;

/// Conversions of numbers in XMM registers (SDM vol. 1, 5.5.1.6, 5.6.1.6 and 5.6.2).
final class SseConversions {
    // spotless:off
    static final Table TABLE = Table.of(
        sseRounded("CVTSI2SS",  "F3 0F 2A /r", SseConversions::cvtsi2ss, Vd, Ey),
        sseRounded("CVTSI2SD",  "F2 0F 2A /r", SseConversions::cvtsi2sd, Vq, Ey),
        sseRounded("CVTTSS2SI", "F3 0F 2C /r", toInteger("float32TruncateToInt"), Gy, Wd),
        sseRounded("CVTTSD2SI", "F2 0F 2C /r", toInteger("float64TruncateToInt"), Gy, Wq),
        sseRounded("CVTSS2SI",  "F3 0F 2D /r", toInteger("float32ToInt"), Gy, Wd),
        sseRounded("CVTSD2SI",  "F2 0F 2D /r", toInteger("float64ToInt"), Gy, Wq),
        sseRounded("CVTPS2PD",  "NP 0F 5A /r", SseConversions::cvtps2pd, Vdq, Wq),
        sseRounded("CVTPD2PS",  "66 0F 5A /r", packed("float64LanesToFloat32"), Vdq, Wdq),
        sseRounded("CVTSS2SD",  "F3 0F 5A /r", SseConversions::cvtss2sd, Vq, Wd),
        sseRounded("CVTSD2SS",  "F2 0F 5A /r", SseConversions::cvtsd2ss, Vd, Wq),
        sseRounded("CVTDQ2PS",  "NP 0F 5B /r", packed("int32LanesToFloat32"), Vdq, Wdq),
        sseRounded("CVTPS2DQ",  "66 0F 5B /r", packed("float32LanesToInt32"), Vdq, Wdq),
        sseRounded("CVTTPS2DQ", "F3 0F 5B /r", packed("float32LanesTruncateToInt32"), Vdq, Wdq),
        sseRounded("CVTTPD2DQ", "66 0F E6 /r", packed("float64LanesTruncateToInt32"), Vdq, Wdq),
        sseRounded("CVTDQ2PD",  "F3 0F E6 /r", SseConversions::cvtdq2pd, Vdq, Wq),
        sseRounded("CVTPD2DQ",  "F2 0F E6 /r", packed("float64LanesToInt32"), Vdq, Wdq));
    // spotless:on

    private static final Helper INTEGER_TO_FLOAT32 = helper("integerToFloat32");
    private static final Helper INTEGER_TO_FLOAT64 = helper("integerToFloat64");
    private static final Helper FLOAT32_TO_FLOAT64 = helper("float32ToFloat64");
    private static final Helper FLOAT64_TO_FLOAT32 = helper("float64ToFloat32");
    private static final Helper FLOAT32_LANES_TO_FLOAT64 = helper("float32LanesToFloat64");
    private static final Helper INT32_TO_FLOAT64 = helper("int32ToFloat64");

    private SseConversions() {}

    private static Helper helper(String name) {
        return Helper.named(FloatConversions.class, name);
    }

    private static void cvtsi2ss(Lifter l, Instruction i) {
        int value = l.convertSigned(l.read(i.second()), W64);
        writeLow(l, i.first(), l.call(INTEGER_TO_FLOAT32, low(l, i.first()), value));
    }

    private static void cvtsi2sd(Lifter l, Instruction i) {
        int value = l.convertSigned(l.read(i.second()), W64);
        writeLow(l, i.first(), l.call(INTEGER_TO_FLOAT64, value));
    }

    /// `name` without the width of the integer, which REX.W tells.
    private static Row.Meaning toInteger(String name) {
        var narrow = helper(name + 32);
        var wide = helper(name + 64);
        return (l, i) -> {
            var width = l.width(i.first());
            int value = l.read(i.second());
            l.write(i.first(), l.convert(l.call(width == W32 ? narrow : wide, value), width));
        };
    }

    private static void cvtss2sd(Lifter l, Instruction i) {
        writeLow(l, i.first(), l.call(FLOAT32_TO_FLOAT64, l.read(i.second())));
    }

    private static void cvtsd2ss(Lifter l, Instruction i) {
        int value = l.read(i.second());
        writeLow(l, i.first(), l.call(FLOAT64_TO_FLOAT32, low(l, i.first()), value));
    }

    private static void cvtps2pd(Lifter l, Instruction i) {
        int value = l.read(i.second());
        l.call(FLOAT32_LANES_TO_FLOAT64, slot(l, i.first()), value);
    }

    private static void cvtdq2pd(Lifter l, Instruction i) {
        int value = l.read(i.second());
        int low = l.call(INT32_TO_FLOAT64, value);
        int rest = l.shiftRight(value, number(l, 32));
        write(l, i.first(), low, l.call(INT32_TO_FLOAT64, rest));
    }

    private static Row.Meaning packed(String name) {
        var helper = helper(name);
        return (l, i) -> {
            var value = read(l, i.second());
            l.call(helper, slot(l, i.first()), value.low(), value.high());
        };
    }
}
