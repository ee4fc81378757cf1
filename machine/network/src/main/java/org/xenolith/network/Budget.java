package org.xenolith.network;

import java.util.concurrent.atomic.AtomicLong;

/// Bytes that all queues of a network may keep together. May be used from any thread.
final class Budget {
    private final AtomicLong left;

    Budget(long bytes) {
        left = new AtomicLong(bytes);
    }

    /// False, and nothing is taken, if less is left.
    boolean take(long bytes) {
        if (left.addAndGet(-bytes) >= 0) {
            return true;
        }
        giveBack(bytes);
        return false;
    }

    void giveBack(long bytes) {
        left.addAndGet(bytes);
    }
}
