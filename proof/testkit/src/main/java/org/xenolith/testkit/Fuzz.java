package org.xenolith.testkit;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;

/// How long a test with random input goes on, and the seed of each of its rounds.
///
/// Usually a fixed number of rounds from a fixed seed. With `-Dxenolith.seconds=N`, which `./dev
/// fuzz` sets, it goes on for that long from a seed of chance; `-Dxenolith.seed=S` begins with the
/// round of seed S, to see a failure again.
///
/// ```java
/// var fuzz = new Fuzz(77, 1000);
/// while (fuzz.goesOn()) {
///     var random = new SplittableRandom(fuzz.seed());
/// ```
public final class Fuzz {
    private final Clock clock = Clock.system();
    private final long first;
    private final long rounds;
    private final long deadlineNanos;
    private long done;

    /// `usualSeed` is that of the first of `usualRounds`.
    public Fuzz(long usualSeed, int usualRounds) {
        long seconds = Long.getLong("xenolith.seconds", 0);
        boolean timed = seconds > 0;
        first = Long.getLong("xenolith.seed", timed ? Entropy.system().nextLong() : usualSeed);
        rounds = timed ? Long.MAX_VALUE : usualRounds;
        deadlineNanos = clock.nanos() + seconds * 1_000_000_000L;
    }

    /// Begins another round; false when it is enough.
    public boolean goesOn() {
        boolean timeIsUp = rounds == Long.MAX_VALUE && clock.nanos() - deadlineNanos >= 0;
        if (timeIsUp && done > 0 || done == rounds) {
            return false;
        }
        done++;
        return true;
    }

    /// The seed of the running round.
    public long seed() {
        return first + done - 1;
    }

    /// For messages: how to see this round again.
    @Override
    public String toString() {
        return "-Dxenolith.seed=" + seed();
    }
}
