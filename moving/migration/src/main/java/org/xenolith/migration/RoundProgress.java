package org.xenolith.migration;

import org.xenolith.base.Clock;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// Tells how far a round is: a few times a second, and when it ends. For one thread, but for [#at],
/// which others may call between [#begin] and [#end].
final class RoundProgress {
    private static final long PERIOD_NANOS = 250_000_000;
    private static final long NANOS_IN_SECOND = 1_000_000_000;

    private final Clock clock;
    private final Consumer<MigrationProgress> listener;
    private Round round = Round.NONE;
    private Counts before = new Counts(0, 0, 0);
    private long startNanos;
    private final AtomicLong toldNanos = new AtomicLong();

    /// @param pages that it is about
    private record Round(int number, long pages, int throttlePercent) {
        static final Round NONE = new Round(0, 0, 0);
    }

    /// How much has been done in all rounds.
    ///
    /// @param sent pages with content
    /// @param passed all pages that the target needs no more, those without content too
    /// @param bytes that the connection has taken
    record Counts(long sent, long passed, long bytes) {}

    RoundProgress(Clock clock, Consumer<MigrationProgress> listener) {
        this.clock = clock;
        this.listener = listener;
    }

    /// @param pages about so many are to be sent
    void begin(int number, long pages, int throttlePercent, Counts counts) {
        round = new Round(number, pages, throttlePercent);
        before = counts;
        startNanos = clock.nanos();
        toldNanos.set(startNanos);
    }

    /// May be called as often as one likes.
    void at(Counts counts) {
        long now = clock.nanos();
        long told = toldNanos.get();
        if (round != Round.NONE
                && now - told >= PERIOD_NANOS
                && toldNanos.compareAndSet(told, now)) {
            long remaining = round.pages - (counts.passed - before.passed);
            tell(counts, Math.max(0, remaining), false);
        }
    }

    /// Nothing is told before the next [#begin].
    ///
    /// @param dirty pages that have been written meanwhile
    /// @return pages a second of this round, at least 1
    long end(Counts counts, long dirty) {
        tell(counts, dirty, true);
        round = Round.NONE;
        return rate(counts);
    }

    private void tell(Counts counts, long remaining, boolean ends) {
        listener.accept(
                new MigrationProgress(
                        round.number,
                        counts.sent,
                        counts.bytes,
                        rate(counts),
                        remaining,
                        round.throttlePercent,
                        ends));
    }

    private long rate(Counts counts) {
        long nanos = Math.max(1, clock.nanos() - startNanos);
        return Math.max(1, (counts.sent - before.sent) * NANOS_IN_SECOND / nanos);
    }
}
