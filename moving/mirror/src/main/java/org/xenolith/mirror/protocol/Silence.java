package org.xenolith.mirror.protocol;

/// For how long nothing has been heard of the other side. Time in which this side was itself away
/// (a host that was paused, a collection of garbage) counts as one beat, for what has come
/// meanwhile has not been looked at yet.
final class Silence {
    private final long beatNanos;
    private final long nanosMax;
    private long last;
    private long silent;

    /// @param nanosMax after which the other side is lost
    Silence(long nowNanos, long beatNanos, long nanosMax) {
        this.beatNanos = beatNanos;
        this.nanosMax = nanosMax;
        this.last = nowNanos;
    }

    void heard(long nowNanos) {
        last = nowNanos;
        silent = 0;
    }

    /// Whether it has lasted too long.
    boolean passed(long nowNanos) {
        silent += Math.min(nowNanos - last, beatNanos);
        last = nowNanos;
        return silent >= nanosMax;
    }
}
