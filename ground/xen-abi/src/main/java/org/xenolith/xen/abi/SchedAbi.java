package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.ulong;

/// Numbers and structures of xen/include/public/sched.h.
public final class SchedAbi {
    public static final int SCHEDOP_yield = 0;
    public static final int SCHEDOP_block = 1;
    public static final int SCHEDOP_shutdown = 2;
    public static final int SCHEDOP_poll = 3;
    public static final int SCHEDOP_remote_shutdown = 4;
    public static final int SCHEDOP_shutdown_code = 5;
    public static final int SCHEDOP_watchdog = 6;
    public static final int SCHEDOP_pin_override = 7;

    public static final int SHUTDOWN_poweroff = 0;
    public static final int SHUTDOWN_reboot = 1;
    public static final int SHUTDOWN_suspend = 2;
    public static final int SHUTDOWN_crash = 3;
    public static final int SHUTDOWN_watchdog = 4;
    public static final int SHUTDOWN_soft_reset = 5;
    public static final int SHUTDOWN_MAX = 5;

    public static final Struct SHUTDOWN = struct("struct sched_shutdown", u32("reason"));

    public static final Struct POLL =
            struct("struct sched_poll", ulong("ports"), u32("nr_ports"), u64("timeout"));

    public static final Struct REMOTE_SHUTDOWN =
            struct("struct sched_remote_shutdown", u16("domain_id"), u32("reason"));

    public static final Struct WATCHDOG =
            struct("struct sched_watchdog", u32("id"), u32("timeout"));

    private SchedAbi() {}
}
