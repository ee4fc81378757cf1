package org.xenolith.pv.network;

import org.xenolith.base.Clock;
import org.xenolith.network.Frame;

/// Keeps what passes to a [RateLimit], over all queues of a device. Whoever finds it open may pass
/// one frame, whatever its length, and pays afterwards: so that no frame is too long to pass ever,
/// and the rate is right in the long run. May be used from any thread.
final class TokenBucket {
    private static final double NANOS_IN_MICRO = 1_000;

    private final Clock clock;
    private final double bytesPerNano;

    /// What may be saved: an interval's worth, and a frame's where intervals are short.
    private final double most;

    private double credit;
    private long lastNanos;

    TokenBucket(Clock clock, RateLimit limit) {
        this.clock = clock;
        this.bytesPerNano = limit.bytes() / (limit.intervalMicros() * NANOS_IN_MICRO);
        this.most = Math.max(limit.bytes(), Frame.BYTES_MAX);
        this.credit = limit.bytes();
        this.lastNanos = clock.nanos();
    }

    /// Whether a frame may pass.
    synchronized boolean isOpen() {
        long now = clock.nanos();
        credit = Math.min(most, credit + (now - lastNanos) * bytesPerNano);
        lastNanos = now;
        return credit > 0;
    }

    synchronized void pay(int bytes) {
        credit -= bytes;
    }

    /// When it opens, by the clock, if nobody passes until then.
    synchronized long opensAtNanos() {
        return lastNanos + (long) Math.ceil(Math.max(0, 1 - credit) / bytesPerNano);
    }
}
