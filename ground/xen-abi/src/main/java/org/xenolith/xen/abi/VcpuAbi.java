package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.nested;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.ulong;
import static org.xenolith.xen.abi.Struct.union;

/// Numbers and structures of xen/include/public/vcpu.h.
public final class VcpuAbi {
    public static final int VCPUOP_initialise = 0;
    public static final int VCPUOP_up = 1;
    public static final int VCPUOP_down = 2;
    public static final int VCPUOP_is_up = 3;
    public static final int VCPUOP_get_runstate_info = 4;
    public static final int VCPUOP_register_runstate_memory_area = 5;
    public static final int VCPUOP_set_periodic_timer = 6;
    public static final int VCPUOP_stop_periodic_timer = 7;
    public static final int VCPUOP_set_singleshot_timer = 8;
    public static final int VCPUOP_stop_singleshot_timer = 9;
    public static final int VCPUOP_register_vcpu_info = 10;
    public static final int VCPUOP_send_nmi = 11;
    public static final int VCPUOP_get_physid = 12;
    public static final int VCPUOP_register_vcpu_time_memory_area = 13;

    public static final int RUNSTATE_running = 0;
    public static final int RUNSTATE_runnable = 1;
    public static final int RUNSTATE_blocked = 2;
    public static final int RUNSTATE_offline = 3;

    public static final long XEN_RUNSTATE_UPDATE = 0x8000000000000000L;

    public static final Struct RUNSTATE_INFO =
            struct(
                    "struct vcpu_runstate_info",
                    u32("state"),
                    u64("state_entry_time"),
                    array(4, u64("time")));

    /// `addr.h` is a guest handle, `addr.p` the guest-physical address of the later sub-ops.
    public static final Struct REGISTER_MEMORY_AREA =
            struct(
                    "struct vcpu_register_runstate_memory_area",
                    nested("addr", union("anonymous", ulong("h"), u64("p"))));

    public static final Struct SET_PERIODIC_TIMER =
            struct("struct vcpu_set_periodic_timer", u64("period_ns"));

    public static final Struct SET_SINGLESHOT_TIMER =
            struct("struct vcpu_set_singleshot_timer", u64("timeout_abs_ns"), u32("flags"));

    public static final Struct REGISTER_VCPU_INFO =
            struct("struct vcpu_register_vcpu_info", u64("mfn"), u32("offset"), u32("rsvd"));

    private VcpuAbi() {}
}
