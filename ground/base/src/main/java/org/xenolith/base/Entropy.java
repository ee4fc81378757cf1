package org.xenolith.base;

import java.security.SecureRandom;

/// The port of randomness. Only this module names a random source.
@FunctionalInterface
public interface Entropy {
    long nextLong();

    /// Unpredictable; what RDRAND-like guest features and generated ids use.
    static Entropy system() {
        var random = new SecureRandom();
        return random::nextLong;
    }

    /// Replays exactly from `seed`.
    static Entropy seeded(long seed) {
        return new SeededEntropy(seed);
    }
}
