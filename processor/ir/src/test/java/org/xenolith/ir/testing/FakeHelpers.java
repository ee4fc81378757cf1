package org.xenolith.ir.testing;

import org.xenolith.ir.Abort;
import org.xenolith.ir.Context;
import org.xenolith.ir.ReadOnly;

/// Helpers of every shape.
public final class FakeHelpers {
    private FakeHelpers() {}

    public static long five() {
        return 5;
    }

    public static long mix(long left, int right) {
        return left * 31 + right;
    }

    /// Reads registers and flags, and may refuse.
    @ReadOnly
    public static long look(FakeContext context, long address) {
        context.remember(9);
        if ((address & 15) == 15) {
            throw Abort.restart();
        }
        return context.registers[(int) address & 15] + context.statusFlags();
    }

    public static void touch(FakeContext context) {
        context.remember(7);
        context.registers[3]++;
    }

    public static long exchange(FakeContext context, int slot, long value) {
        long old = context.registers[slot & 15];
        context.registers[slot & 15] = value;
        context.setStatusFlags(value);
        return old;
    }

    public static void go(Context context, long low, long high) {
        if ((low & 7) == 0) {
            throw Abort.restart();
        }
        context.pc = low ^ high;
    }
}
