package org.xenolith.board;

/// How fast an engine is: it turns the time that a vCPU may run into a number of instructions.
///
/// An engine starts slowly, translating, and becomes up to a hundred times faster; a run should
/// nevertheless end when a timer does.
final class Pace {
    /// The least that it pays to run.
    static final long INSTRUCTIONS_MIN = 2_000;

    /// Bounds a run even if the pace is overestimated.
    static final long INSTRUCTIONS_MAX = 1_000_000;

    /// Slices of fewer instructions say nothing about the pace.
    private static final long SAMPLE_INSTRUCTIONS_MIN = 1_000;

    private double instructionsPerNano = 0.02;

    /// About how many instructions take `nanos`.
    long instructions(long nanos) {
        return Math.clamp((long) (nanos * instructionsPerNano), INSTRUCTIONS_MIN, INSTRUCTIONS_MAX);
    }

    /// `instructions` have taken `nanos`.
    void ran(long instructions, long nanos) {
        if (instructions >= SAMPLE_INSTRUCTIONS_MIN && nanos > 0) {
            double sample = (double) instructions / nanos;
            instructionsPerNano += (sample - instructionsPerNano) / 8;
        }
    }
}
