package org.xenolith.simulation;

/// A host: it can be paused and can crash, and has a clock that runs as it likes.
class Host {
    private final World world;
    private final String name;
    private final double clockRate;
    private final long clockOrigin;
    private long pausedUntil;
    private boolean crashed;
    private long steps;
    private long crashAtStep = Long.MAX_VALUE;
    private Runnable onCrash = () -> {};
    private long wakeAt = Long.MAX_VALUE;

    Host(World world, String name) {
        this.world = world;
        this.name = name;
        this.clockRate = 0.8 + 0.4 * world.chance().nextDouble();
        this.clockOrigin = world.chance().nextLong(1L << 40);
    }

    World world() {
        return world;
    }

    boolean isCrashed() {
        return crashed;
    }

    boolean isUp() {
        return !crashed;
    }

    void tell(Object what) {
        world.tell(name, what);
    }

    /// As this host sees the time.
    long clock() {
        return clockOrigin + (long) (world.now() * clockRate);
    }

    /// The world's time at which the clock is at `nanos`.
    long whenClockIs(long nanos) {
        return (long) Math.ceil((nanos - clockOrigin) / clockRate) + 1;
    }

    void pause(long nanos) {
        tell("is paused for " + nanos / World.MILLISECOND + " ms");
        pausedUntil = Math.max(pausedUntil, world.now() + nanos);
    }

    /// @param onCrash what the rest of the world notices of it
    void crashAtStep(long step, Runnable noticed) {
        crashAtStep = step;
        onCrash = noticed;
    }

    void crash(Runnable noticed) {
        if (!crashed) {
            tell("crashes at step " + steps);
            crashed = true;
            noticed.run();
        }
    }

    /// Something that this host does; false if it does nothing any more.
    boolean step() {
        if (++steps == crashAtStep) {
            crash(onCrash);
        }
        return !crashed;
    }

    /// Has this host do something later; it may be away then, or be gone.
    void later(long nanos, Runnable what) {
        world.after(nanos, () -> whenAwake(what));
    }

    void at(long nanos, Runnable what) {
        world.at(nanos, () -> whenAwake(what));
    }

    /// Has this host do something when its clock is at `nanos`, in place of what was to be at
    /// another time. `Long.MAX_VALUE` changes nothing.
    void wakeAtClock(long nanos, Runnable what) {
        if (nanos == Long.MAX_VALUE || nanos == wakeAt) {
            return;
        }
        wakeAt = nanos;
        at(
                whenClockIs(nanos),
                () -> {
                    if (wakeAt == nanos) {
                        wakeAt = Long.MAX_VALUE;
                        what.run();
                    }
                });
    }

    private void whenAwake(Runnable what) {
        if (crashed) {
            return;
        }
        if (world.now() < pausedUntil) {
            world.at(pausedUntil, () -> whenAwake(what));
        } else {
            what.run();
        }
    }
}
