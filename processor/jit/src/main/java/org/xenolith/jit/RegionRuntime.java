package org.xenolith.jit;

import org.xenolith.ir.Context;
import org.xenolith.ir.Flags;

/// What compiled regions call: lazy flags in local variables. **Hot path.** `kind` is the rule plus
/// 256 times the width in bits. The left value of sums and differences is not kept; it follows from
/// the others.
public final class RegionRuntime {
    private static final int WIDTH_SHIFT = 8;

    private RegionRuntime() {}

    static int kind(int rule, int bits) {
        return rule | bits << WIDTH_SHIFT;
    }

    /// Whether flags of this rule are kept without their left value.
    static boolean isLeftImplied(int rule) {
        return rule == Flags.ADD || rule == Flags.SUB;
    }

    public static int kind(Context context) {
        return kind(context.flagRule, context.flagBits);
    }

    private static int rule(int kind) {
        return kind & 0xFF;
    }

    private static long left(int kind, long left, long right, long result) {
        return switch (rule(kind)) {
            case Flags.ADD -> result - right & -1L >>> 64 - (kind >>> WIDTH_SHIFT);
            case Flags.SUB -> result + right & -1L >>> 64 - (kind >>> WIDTH_SHIFT);
            default -> left;
        };
    }

    public static boolean test(int code, int kind, long left, long right, long result) {
        long wholeLeft = left(kind, left, right, result);
        return Flags.test(code, rule(kind), kind >>> WIDTH_SHIFT, wholeLeft, right, result);
    }

    public static long all(int kind, long left, long right, long result) {
        long wholeLeft = left(kind, left, right, result);
        return Flags.all(rule(kind), kind >>> WIDTH_SHIFT, wholeLeft, right, result);
    }

    /// The context gets the flags back.
    public static void leave(Context context, int kind, long left, long right, long result) {
        long wholeLeft = left(kind, left, right, result);
        context.setFlags(rule(kind), kind >>> WIDTH_SHIFT, wholeLeft, right, result);
    }
}
