package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.u8;
import static org.xenolith.xen.abi.Struct.ulong;

/// Numbers and structures of xen/include/public/xen.h and arch-x86/xen.h.
public final class XenAbi {
    public static final int __HYPERVISOR_set_trap_table = 0;
    public static final int __HYPERVISOR_mmu_update = 1;
    public static final int __HYPERVISOR_set_gdt = 2;
    public static final int __HYPERVISOR_stack_switch = 3;
    public static final int __HYPERVISOR_set_callbacks = 4;
    public static final int __HYPERVISOR_fpu_taskswitch = 5;
    public static final int __HYPERVISOR_sched_op_compat = 6;
    public static final int __HYPERVISOR_platform_op = 7;
    public static final int __HYPERVISOR_set_debugreg = 8;
    public static final int __HYPERVISOR_get_debugreg = 9;
    public static final int __HYPERVISOR_update_descriptor = 10;
    public static final int __HYPERVISOR_memory_op = 12;
    public static final int __HYPERVISOR_multicall = 13;
    public static final int __HYPERVISOR_update_va_mapping = 14;
    public static final int __HYPERVISOR_set_timer_op = 15;
    public static final int __HYPERVISOR_event_channel_op_compat = 16;
    public static final int __HYPERVISOR_xen_version = 17;
    public static final int __HYPERVISOR_console_io = 18;
    public static final int __HYPERVISOR_physdev_op_compat = 19;
    public static final int __HYPERVISOR_grant_table_op = 20;
    public static final int __HYPERVISOR_vm_assist = 21;
    public static final int __HYPERVISOR_update_va_mapping_otherdomain = 22;
    public static final int __HYPERVISOR_iret = 23;
    public static final int __HYPERVISOR_vcpu_op = 24;
    public static final int __HYPERVISOR_set_segment_base = 25;
    public static final int __HYPERVISOR_mmuext_op = 26;
    public static final int __HYPERVISOR_xsm_op = 27;
    public static final int __HYPERVISOR_nmi_op = 28;
    public static final int __HYPERVISOR_sched_op = 29;
    public static final int __HYPERVISOR_callback_op = 30;
    public static final int __HYPERVISOR_xenoprof_op = 31;
    public static final int __HYPERVISOR_event_channel_op = 32;
    public static final int __HYPERVISOR_physdev_op = 33;
    public static final int __HYPERVISOR_hvm_op = 34;
    public static final int __HYPERVISOR_sysctl = 35;
    public static final int __HYPERVISOR_domctl = 36;
    public static final int __HYPERVISOR_kexec_op = 37;
    public static final int __HYPERVISOR_tmem_op = 38;
    public static final int __HYPERVISOR_argo_op = 39;
    public static final int __HYPERVISOR_xenpmu_op = 40;
    public static final int __HYPERVISOR_dm_op = 41;
    public static final int __HYPERVISOR_hypfs_op = 42;
    public static final int __HYPERVISOR_arch_0 = 48;
    public static final int __HYPERVISOR_arch_1 = 49;
    public static final int __HYPERVISOR_arch_2 = 50;
    public static final int __HYPERVISOR_arch_3 = 51;
    public static final int __HYPERVISOR_arch_4 = 52;
    public static final int __HYPERVISOR_arch_5 = 53;
    public static final int __HYPERVISOR_arch_6 = 54;
    public static final int __HYPERVISOR_arch_7 = 55;

    public static final int VIRQ_TIMER = 0;
    public static final int VIRQ_DEBUG = 1;
    public static final int VIRQ_CONSOLE = 2;
    public static final int VIRQ_DOM_EXC = 3;
    public static final int VIRQ_TBUF = 4;
    public static final int VIRQ_DEBUGGER = 6;
    public static final int VIRQ_XENOPROF = 7;
    public static final int VIRQ_CON_RING = 8;
    public static final int VIRQ_PCPU_STATE = 9;
    public static final int VIRQ_MEM_EVENT = 10;
    public static final int VIRQ_ARGO = 11;
    public static final int VIRQ_ENOMEM = 12;
    public static final int VIRQ_XENPMU = 13;
    public static final int VIRQ_ARCH_0 = 16;
    public static final int VIRQ_ARCH_1 = 17;
    public static final int VIRQ_ARCH_2 = 18;
    public static final int VIRQ_ARCH_3 = 19;
    public static final int VIRQ_ARCH_4 = 20;
    public static final int VIRQ_ARCH_5 = 21;
    public static final int VIRQ_ARCH_6 = 22;
    public static final int VIRQ_ARCH_7 = 23;
    public static final int NR_VIRQS = 24;

    public static final int DOMID_FIRST_RESERVED = 0x7FF0;
    public static final int DOMID_SELF = 0x7FF0;
    public static final int DOMID_IO = 0x7FF1;
    public static final int DOMID_XEN = 0x7FF2;
    public static final int DOMID_COW = 0x7FF3;
    public static final int DOMID_INVALID = 0x7FF4;
    public static final int DOMID_IDLE = 0x7FFF;
    public static final int DOMID_MASK = 0x7FFF;

    public static final int VMASST_CMD_enable = 0;
    public static final int VMASST_CMD_disable = 1;
    public static final int VMASST_TYPE_4gb_segments = 0;
    public static final int VMASST_TYPE_4gb_segments_notify = 1;
    public static final int VMASST_TYPE_writable_pagetables = 2;
    public static final int VMASST_TYPE_pae_extended_cr3 = 3;
    public static final int VMASST_TYPE_architectural_iopl = 4;
    public static final int VMASST_TYPE_runstate_update_flag = 5;
    public static final int VMASST_TYPE_m2p_strict = 32;

    public static final int CONSOLEIO_write = 0;
    public static final int CONSOLEIO_read = 1;

    public static final Struct VCPU_TIME_INFO =
            struct(
                    "struct vcpu_time_info",
                    u32("version"),
                    u32("pad0"),
                    u64("tsc_timestamp"),
                    u64("system_time"),
                    u32("tsc_to_system_mul"),
                    u8("tsc_shift"),
                    u8("flags"),
                    array(2, u8("pad1")));

    /// `arch` is all of `struct arch_vcpu_info`, which has different members for the two callers.
    public static final Struct VCPU_INFO =
            struct(
                    "struct vcpu_info",
                    u8("evtchn_upcall_pending"),
                    u8("evtchn_upcall_mask"),
                    ulong("evtchn_pending_sel"),
                    ulong("arch.cr2"),
                    ulong("arch.pad"));

    /// Bytes of a `struct vcpu_info`, for both callers.
    public static final int VCPU_INFO_BYTES = 64;

    /// Offset of `time` in `struct vcpu_info`, for both callers.
    public static final int VCPU_INFO_TIME_OFFSET = 32;

    /// vCPUs whose `vcpu_info` is in the shared info page unless they move it.
    public static final int XEN_LEGACY_MAX_VCPUS = 32;

    /// Offset of `evtchn_pending` in `struct shared_info`, for both callers.
    public static final int SHARED_INFO_PENDING_OFFSET = XEN_LEGACY_MAX_VCPUS * VCPU_INFO_BYTES;

    /// What follows the `vcpu_info` array of `struct shared_info`. 32-bit callers have the high
    /// half of the seconds at [#SHARED_INFO_WC_SEC_HI_OFFSET_32] instead of `wc_sec_hi`.
    private static Struct sharedInfoTail(int words) {
        return struct(
                "tail of struct shared_info",
                array(words, ulong("evtchn_pending")),
                array(words, ulong("evtchn_mask")),
                u32("wc_version"),
                u32("wc_sec"),
                u32("wc_nsec"),
                u32("wc_sec_hi"));
    }

    /// Offset in `struct shared_info` of a member that follows its `vcpu_info` array.
    public static int sharedInfoOffset(Abi abi, String field) {
        var tail = abi == Abi.X86_64 ? SHARED_INFO_TAIL_64 : SHARED_INFO_TAIL_32;
        return SHARED_INFO_PENDING_OFFSET + tail.offset(abi, field);
    }

    private static final Struct SHARED_INFO_TAIL_64 = sharedInfoTail(64);
    private static final Struct SHARED_INFO_TAIL_32 = sharedInfoTail(32);

    /// Offset of `arch.wc_sec_hi` in the `struct shared_info` of a 32-bit caller.
    public static final int SHARED_INFO_WC_SEC_HI_OFFSET_32 = 2340;

    public static final Struct MULTICALL_ENTRY =
            struct("struct multicall_entry", ulong("op"), ulong("result"), array(6, ulong("args")));

    private XenAbi() {}
}
