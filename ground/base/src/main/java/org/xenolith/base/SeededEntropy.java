package org.xenolith.base;

/// Numbers that follow from a seed, and from how many have been taken: SplitMix64 (Steele, Lea,
/// Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). For one thread at a time.
public final class SeededEntropy implements Entropy {
    private static final long GOLDEN_GAMMA = 0x9E37_79B9_7F4A_7C15L;

    private long state;

    public SeededEntropy(long seed) {
        state = seed;
    }

    @Override
    public long nextLong() {
        state += GOLDEN_GAMMA;
        long mixed = (state ^ state >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
        return mixed ^ mixed >>> 31;
    }

    /// The seed from which the same numbers follow as from here.
    public long state() {
        return state;
    }

    /// Goes on where [#state] was taken.
    public void continueFrom(long earlierState) {
        state = earlierState;
    }
}
