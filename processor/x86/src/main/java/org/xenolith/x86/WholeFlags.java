package org.xenolith.x86;

import static org.xenolith.ir.Width.W64;
import static org.xenolith.x86.SystemInstructions.and;

/// RFLAGS as one value, which the slots of [Registers] have in parts.
final class WholeFlags {
    private WholeFlags() {}

    /// RFLAGS with the bits of `dropped` clear, which are system flags.
    static int read(Lifter l, long dropped) {
        int system = and(l, l.register(Registers.SYSTEM_FLAGS), ~dropped);
        // The direction is 1 or -1, whose bits are all set.
        int high = l.shiftRight(l.register(Registers.DIRECTION), l.constant(W64, 32));
        int others = l.or(and(l, high, Bits.DF), l.constant(W64, 2));
        return l.or(l.or(system, others), l.flags());
    }

    /// What the slot of the direction holds for DF in a value of RFLAGS.
    static int direction(Lifter l, int value) {
        int down = and(l, l.shiftRight(value, l.constant(W64, 9)), 2);
        return l.sub(l.constant(W64, 1), down);
    }
}
