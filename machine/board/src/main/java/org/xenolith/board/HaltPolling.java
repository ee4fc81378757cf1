package org.xenolith.board;

/// How long a vCPU that has nothing to do keeps looking before its thread sleeps. To wake a thread
/// takes the host ten microseconds and more, as long as a disk's answer that is in memory. The time
/// follows from the last waits, as KVM's `halt_poll_ns` does: it grows while waits are short but
/// longer than it, and shrinks with each wait that no polling would have met, so that an idle guest
/// does not poll at all.
///
/// Used by one thread.
final class HaltPolling {
    /// Longer waits are not worth a processor of the host.
    static final long NANOS_MAX = 50_000;

    private static final long NANOS_MIN = 10_000;

    private final long most;
    private long nanos;

    /// @param most for how many nanoseconds to poll at most
    HaltPolling(long most) {
        this.most = most;
    }

    /// With one processor, polling would keep from running what is waited for.
    static HaltPolling ofHost() {
        return new HaltPolling(Runtime.getRuntime().availableProcessors() > 1 ? NANOS_MAX : 0);
    }

    /// For how many nanoseconds to poll in the next wait.
    long nanos() {
        return nanos;
    }

    /// A wait has ended after so many nanoseconds.
    void waited(long waited) {
        if (waited > most) {
            nanos = nanos / 2 < NANOS_MIN ? 0 : nanos / 2;
        } else if (waited > nanos) {
            nanos = Math.clamp(2 * nanos, NANOS_MIN, most);
        }
    }
}
