package org.xenolith.conformance;

import org.xenolith.base.Entropy;

/// Random choices of a test, all from one seed.
final class Dice {
    private final Entropy entropy;

    Dice(long seed) {
        entropy = Entropy.seeded(seed);
    }

    long anyLong() {
        return entropy.nextLong();
    }

    /// A number from 0 to `bound - 1`.
    int below(int bound) {
        return (int) Math.unsignedMultiplyHigh(entropy.nextLong(), bound);
    }

    /// A number from `from` to `to`, both included.
    int between(int from, int to) {
        return from + below(to - from + 1);
    }

    /// True `percent` times of a hundred.
    boolean chance(int percent) {
        return below(100) < percent;
    }

    long pick(long... values) {
        return values[below(values.length)];
    }

    byte[] bytes(int length) {
        var bytes = new byte[length];
        for (int i = 0; i < length; i += 8) {
            long value = anyLong();
            for (int j = i; j < Math.min(length, i + 8); j++, value >>>= 8) {
                bytes[j] = (byte) value;
            }
        }
        return bytes;
    }
}
