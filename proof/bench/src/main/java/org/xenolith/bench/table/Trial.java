package org.xenolith.bench.table;

import java.util.OptionalLong;

/// How the number of rounds of a row is found: it is tried with more and more rounds until they
/// take a time that tells how many are wanted.
public final class Trial {
    /// What the slower hypervisor is to take for a lap.
    static final double LAP_NANOS = 1.5e9;

    /// A lap of this tells enough. One that is much shorter than what is wanted is the first second
    /// of a guest whose code is still being translated, and would make all laps too short.
    static final double TELLING_NANOS = 0.75e9;

    private static final double STEP_NANOS = 1e9;
    private static final long STEP_MAX = 16;

    private Trial() {}

    /// With how many rounds to try again; empty if it is known.
    public static OptionalLong next(long rounds, long nanos) {
        if (nanos >= TELLING_NANOS) {
            return OptionalLong.empty();
        }
        long step = Math.round(STEP_NANOS / Math.max(nanos, 1));
        return OptionalLong.of(rounds * Math.clamp(step, 2, STEP_MAX));
    }

    /// How many rounds take the time that a lap is to take.
    public static long rounds(long rounds, long nanos) {
        return Math.max(1, Math.round(rounds * LAP_NANOS / nanos));
    }
}
