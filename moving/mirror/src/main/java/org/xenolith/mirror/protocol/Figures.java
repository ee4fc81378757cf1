package org.xenolith.mirror.protocol;

/// Means over the last epochs, as [MirrorStatus] gives them.
final class Figures {
    /// Of a new figure, in a mean.
    private static final double WEIGHT = 1.0 / 16;

    private double pages;
    private double bytes;
    private double lag;
    private double pause;
    private long pauseMax;
    private double between;
    private long lastCommit;

    private static double mean(double before, double now) {
        return before == 0 ? now : before + WEIGHT * (now - before);
    }

    void taken(long pauseNanos, long pageCount) {
        pause = mean(pause, pauseNanos);
        pauseMax = Math.max(pauseMax, pauseNanos);
        pages = mean(pages, pageCount);
    }

    void sent(long byteCount) {
        bytes = mean(bytes, byteCount);
    }

    void committed(long nowNanos, long lagNanos) {
        lag = mean(lag, lagNanos);
        if (lastCommit != 0) {
            between = mean(between, nowNanos - lastCommit);
        }
        lastCommit = nowNanos;
    }

    MirrorStatus status(
            PrimaryProtocol.Phase phase, long epoch, long committed, long intervalNanos) {
        return new MirrorStatus(
                phase,
                epoch,
                committed,
                between == 0 ? 0 : 1e9 / between,
                pages,
                bytes,
                (long) lag,
                (long) pause,
                pauseMax,
                intervalNanos);
    }
}
