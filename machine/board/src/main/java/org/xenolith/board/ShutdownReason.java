package org.xenolith.board;

/// Why a domain has shut down (`SHUTDOWN_*`, xen/include/public/sched.h).
public enum ShutdownReason {
    POWEROFF(0),
    REBOOT(1),
    SUSPEND(2),
    CRASH(3),
    WATCHDOG(4),
    SOFT_RESET(5);

    private final int number;

    ShutdownReason(int number) {
        this.number = number;
    }

    /// The number in the public header.
    public int number() {
        return number;
    }
}
