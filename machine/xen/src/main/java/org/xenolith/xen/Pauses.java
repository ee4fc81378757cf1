package org.xenolith.xen;

/// Measures how long the operator has the domain stand still. Not state: a domain that is restored
/// has not been paused.
final class Pauses {
    /// System time that may go by without the guest's watchdogs being told.
    static final long UNNOTICED_NANOS = 1_000_000_000L;

    private static final long NOT_PAUSED = -1;

    private final DomainTime time;
    private long begun = NOT_PAUSED;

    Pauses(DomainTime time) {
        this.time = time;
    }

    synchronized void begin() {
        if (begun == NOT_PAUSED) {
            begun = time.now();
        }
    }

    /// Whether so much time has gone by since [#begin] that the guest should be told.
    synchronized boolean end() {
        boolean noticed = begun != NOT_PAUSED && time.now() - begun >= UNNOTICED_NANOS;
        begun = NOT_PAUSED;
        return noticed;
    }
}
