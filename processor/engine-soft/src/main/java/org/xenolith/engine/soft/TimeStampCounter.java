package org.xenolith.engine.soft;

import org.xenolith.base.Clock;

import java.util.concurrent.atomic.AtomicLong;

/// A vCPU's TSC, which counts the clock's nanoseconds from an offset of its own.
final class TimeStampCounter {
    /// As far apart as KVM allows for (`kvm_synchronize_tsc`).
    private static final long IN_STEP_NANOS = 1_000_000_000L;

    private final Clock clock;

    /// The offset of all vCPUs whose counters are in step.
    private final AtomicLong common;

    /// Added to the clock to give the TSC. Read by others while the vCPU runs.
    private volatile long offset;

    TimeStampCounter(Clock clock, AtomicLong common) {
        this.clock = clock;
        this.common = common;
        offset = common.get();
    }

    long read() {
        return clock.nanos() + offset;
    }

    void write(long value) {
        offset = value - clock.nanos();
    }

    long offset() {
        return offset;
    }

    /// The state of one vCPU after the other is restored, or captured and restored, while time goes
    /// on: a counter that is close to the others' is meant to be in step with them.
    void joinOthers() {
        long shared = common.get();
        if (Math.abs(offset - shared) < IN_STEP_NANOS) {
            offset = shared;
        } else {
            common.set(offset);
        }
    }
}
