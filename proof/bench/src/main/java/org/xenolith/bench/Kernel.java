package org.xenolith.bench;

import java.util.List;

/// A C kernel: the file of its name, and how many rounds take the host about a quarter of a second.
record Kernel(String name, int rounds) {
    /// Does nothing.
    static final Kernel EMPTY = new Kernel("empty", 1);

    static final List<Kernel> ALL =
            List.of(
                    new Kernel("sieve", 3500),
                    new Kernel("crc", 10_000),
                    new Kernel("qsort", 1000),
                    new Kernel("hash", 1700),
                    new Kernel("interp", 1000),
                    new Kernel("state", 4000),
                    new Kernel("nbody", 1_500_000),
                    new Kernel("sha256", 14_000),
                    new Kernel("memory", 40_000),
                    new Kernel("words", 17_000));

    /// The same with other rounds.
    Kernel scaled(double by) {
        return new Kernel(name, Math.max(1, (int) (rounds * by)));
    }
}
