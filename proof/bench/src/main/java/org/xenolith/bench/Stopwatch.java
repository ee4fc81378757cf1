package org.xenolith.bench;

import java.io.IOException;
import java.util.function.LongSupplier;

/// Listens to a kernel: it says `<` when it begins, `|` in the middle, then its checksum, and `>`.
/// What it measures is processor time, so that other work on the host does not matter much.
final class Stopwatch {
    private final LongSupplier clock;
    private final StringBuilder sum = new StringBuilder();
    private long begun;
    private long middle;
    private long ended;

    Stopwatch(LongSupplier clock) {
        this.clock = clock;
    }

    void hear(int character) {
        switch (character) {
            case '<' -> begun = clock.getAsLong();
            case '|' -> middle = clock.getAsLong();
            case '>' -> ended = clock.getAsLong();
            default -> sum.append((char) character);
        }
    }

    boolean isDone() {
        return ended != 0;
    }

    Lap lap(long instructions) throws IOException {
        if (!isDone()) {
            throw new IOException("the kernel has not come to its end");
        }
        return new Lap(middle - begun, ended - middle, sum.toString(), instructions);
    }
}
