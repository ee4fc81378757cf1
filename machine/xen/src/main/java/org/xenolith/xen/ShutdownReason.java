package org.xenolith.xen;

import org.xenolith.xen.abi.SchedAbi;

/// Why a domain stopped (`SHUTDOWN_*`, xen/include/public/sched.h).
public enum ShutdownReason {
    POWEROFF(SchedAbi.SHUTDOWN_poweroff),
    REBOOT(SchedAbi.SHUTDOWN_reboot),
    SUSPEND(SchedAbi.SHUTDOWN_suspend),
    CRASH(SchedAbi.SHUTDOWN_crash),
    WATCHDOG(SchedAbi.SHUTDOWN_watchdog),
    SOFT_RESET(SchedAbi.SHUTDOWN_soft_reset);

    private final int code;

    ShutdownReason(int code) {
        this.code = code;
    }

    /// The number in the ABI.
    public int code() {
        return code;
    }

    /// The reason with this number. Xen keeps any byte; what has no name counts as a crash, as the
    /// tool stack treats it.
    public static ShutdownReason of(int code) {
        for (var reason : values()) {
            if (reason.code == code) {
                return reason;
            }
        }
        return CRASH;
    }
}
