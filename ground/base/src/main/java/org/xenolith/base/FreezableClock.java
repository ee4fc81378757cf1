package org.xenolith.base;

/// A clock that can be made to stand still for those who must see one instant, as when a machine is
/// captured. What goes by meanwhile is not lost: it goes on with the time of its origin.
///
/// May be read from any thread; one at a time freezes it.
public final class FreezableClock implements Clock {
    private record Instant(long nanos, long wallNanos) {}

    private final Clock origin;
    private volatile Instant frozen;

    public FreezableClock(Clock origin) {
        this.origin = origin;
    }

    /// Does `work` at one instant.
    public void atOneInstant(Runnable work) {
        Bug.check(frozen == null, "a clock is frozen once");
        frozen = new Instant(origin.nanos(), origin.wallNanos());
        try {
            work.run();
        } finally {
            frozen = null;
        }
    }

    @Override
    public long nanos() {
        var instant = frozen;
        return instant == null ? origin.nanos() : instant.nanos;
    }

    @Override
    public long wallNanos() {
        var instant = frozen;
        return instant == null ? origin.wallNanos() : instant.wallNanos;
    }

    /// Who asks the host instead does not run while this stands still.
    @Override
    public boolean isHosts() {
        return origin.isHosts();
    }
}
