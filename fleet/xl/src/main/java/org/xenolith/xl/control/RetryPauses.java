package org.xenolith.xl.control;

/// How long to wait between attempts at something that may not go for long: a second at first,
/// twice as long each time, half a minute at most.
final class RetryPauses {
    private static final long MILLIS_MIN = 1000;
    private static final long MILLIS_MAX = 30_000;

    private long next = MILLIS_MIN;

    /// The next failure is the first again.
    void succeeded() {
        next = MILLIS_MIN;
    }

    /// Another attempt has failed.
    long nextMillis() {
        long millis = next;
        next = Math.min(MILLIS_MAX, 2 * next);
        return millis;
    }
}
