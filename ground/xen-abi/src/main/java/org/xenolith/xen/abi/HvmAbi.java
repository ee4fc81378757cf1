package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.u8;

/// Numbers and structures of xen/include/public/hvm/hvm_op.h and hvm/params.h.
public final class HvmAbi {
    public static final int HVMOP_set_param = 0;
    public static final int HVMOP_get_param = 1;
    public static final int HVMOP_flush_tlbs = 5;
    public static final int HVMOP_pagetable_dying = 9;
    public static final int HVMOP_get_time = 10;
    public static final int HVMOP_xentrace = 11;
    public static final int HVMOP_get_mem_type = 15;
    public static final int HVMOP_set_evtchn_upcall_vector = 23;
    public static final int HVMOP_guest_request_vm_event = 24;
    public static final int HVMOP_altp2m = 25;

    public static final int HVM_PARAM_CALLBACK_IRQ = 0;
    public static final long HVM_PARAM_CALLBACK_IRQ_TYPE_MASK = 0xFF00000000000000L;
    public static final int HVM_PARAM_CALLBACK_TYPE_GSI = 0;
    public static final int HVM_PARAM_CALLBACK_TYPE_PCI_INTX = 1;
    public static final int HVM_PARAM_CALLBACK_TYPE_VECTOR = 2;
    public static final int HVM_PARAM_STORE_PFN = 1;
    public static final int HVM_PARAM_STORE_EVTCHN = 2;
    public static final int HVM_PARAM_IOREQ_PFN = 5;
    public static final int HVM_PARAM_BUFIOREQ_PFN = 6;
    public static final int HVM_PARAM_VIRIDIAN = 9;
    public static final int HVM_PARAM_TIMER_MODE = 10;
    public static final int HVMPTM_delay_for_missed_ticks = 0;
    public static final int HVMPTM_no_delay_for_missed_ticks = 1;
    public static final int HVMPTM_no_missed_ticks_pending = 2;
    public static final int HVMPTM_one_missed_tick_pending = 3;
    public static final int HVM_PARAM_HPET_ENABLED = 11;
    public static final int HVM_PARAM_IDENT_PT = 12;
    public static final int HVM_PARAM_ACPI_S_STATE = 14;
    public static final int HVM_PARAM_VM86_TSS = 15;
    public static final int HVM_PARAM_VPT_ALIGN = 16;
    public static final int HVM_PARAM_CONSOLE_PFN = 17;
    public static final int HVM_PARAM_CONSOLE_EVTCHN = 18;
    public static final int HVM_PARAM_ACPI_IOPORTS_LOCATION = 19;
    public static final int HVM_PARAM_PAGING_RING_PFN = 27;
    public static final int HVM_PARAM_MONITOR_RING_PFN = 28;
    public static final int HVM_PARAM_SHARING_RING_PFN = 29;
    public static final int HVM_PARAM_TRIPLE_FAULT_REASON = 31;
    public static final int HVM_PARAM_IOREQ_SERVER_PFN = 32;
    public static final int HVM_PARAM_NR_IOREQ_SERVER_PAGES = 33;
    public static final int HVM_PARAM_VM_GENERATION_ID_ADDR = 34;
    public static final int HVM_PARAM_ALTP2M = 35;
    public static final int HVM_PARAM_X87_FIP_WIDTH = 36;
    public static final int HVM_PARAM_VM86_TSS_SIZED = 37;
    public static final int HVM_PARAM_MCA_CAP = 38;
    public static final int HVM_NR_PARAMS = 39;

    public static final int HVMMEM_ram_rw = 0;
    public static final int HVMMEM_ram_ro = 1;
    public static final int HVMMEM_mmio_dm = 2;

    public static final Struct PARAM =
            struct("struct xen_hvm_param", u16("domid"), u16("pad"), u32("index"), u64("value"));

    public static final Struct PAGETABLE_DYING =
            struct(
                    "struct xen_hvm_pagetable_dying",
                    u16("domid"),
                    array(3, u16("pad")),
                    u64("gpa"));

    public static final Struct GET_TIME = struct("struct xen_hvm_get_time", u64("now"));

    public static final Struct XENTRACE =
            struct(
                    "struct xen_hvm_xentrace",
                    u16("event"),
                    u16("extra_bytes"),
                    array(28, u8("extra")));

    public static final Struct GET_MEM_TYPE =
            struct(
                    "struct xen_hvm_get_mem_type",
                    u16("domid"),
                    u16("mem_type"),
                    array(2, u16("pad")),
                    u64("pfn"));

    public static final Struct EVTCHN_UPCALL_VECTOR =
            struct("struct xen_hvm_evtchn_upcall_vector", u32("vcpu"), u8("vector"));

    private HvmAbi() {}
}
