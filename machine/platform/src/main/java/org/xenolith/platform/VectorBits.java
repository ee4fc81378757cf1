package org.xenolith.platform;

/// A set of interrupt vectors that changes. Not safe for threads: its owner holds a lock.
final class VectorBits {
    private static final int WORDS = 4;
    private final long[] words = new long[WORDS];

    boolean contains(int vector) {
        return (words[vector >>> 6] >>> vector & 1) != 0;
    }

    void add(int vector) {
        words[vector >>> 6] |= 1L << vector;
    }

    void remove(int vector) {
        words[vector >>> 6] &= ~(1L << vector);
    }

    /// The highest vector, or -1.
    int highest() {
        for (int word = WORDS - 1; word >= 0; word--) {
            if (words[word] != 0) {
                return word * 64 + 63 - Long.numberOfLeadingZeros(words[word]);
            }
        }
        return -1;
    }

    /// Vectors `32 * index` to `32 * index + 31`, as a register shows them.
    int register(int index) {
        return (int) (words[index >>> 1] >>> 32 * (index & 1));
    }

    VectorSet capture() {
        return new VectorSet(words[0], words[1], words[2], words[3]);
    }

    void set(VectorSet vectors) {
        words[0] = vectors.from0();
        words[1] = vectors.from64();
        words[2] = vectors.from128();
        words[3] = vectors.from192();
    }
}
