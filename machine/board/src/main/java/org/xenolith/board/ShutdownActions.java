package org.xenolith.board;

import org.xenolith.xen.ShutdownReason;

/// The `on_*` settings of xl.cfg, with its defaults.
public record ShutdownActions(
        ShutdownAction onPoweroff,
        ShutdownAction onReboot,
        ShutdownAction onCrash,
        ShutdownAction onWatchdog,
        ShutdownAction onSoftReset) {
    public static final ShutdownActions DEFAULT =
            new ShutdownActions(
                    ShutdownAction.DESTROY,
                    ShutdownAction.RESTART,
                    ShutdownAction.DESTROY,
                    ShutdownAction.DESTROY,
                    ShutdownAction.SOFT_RESET);

    /// What to do after `reason`. A suspended domain is kept.
    public ShutdownAction after(ShutdownReason reason) {
        return switch (reason) {
            case POWEROFF -> onPoweroff;
            case REBOOT -> onReboot;
            case SUSPEND -> ShutdownAction.PRESERVE;
            case CRASH -> onCrash;
            case WATCHDOG -> onWatchdog;
            case SOFT_RESET -> onSoftReset;
        };
    }
}
