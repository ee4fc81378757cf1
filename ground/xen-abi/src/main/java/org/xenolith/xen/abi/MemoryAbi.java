package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.nested;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.ulong;

/// Numbers and structures of xen/include/public/memory.h.
public final class MemoryAbi {
    public static final int XENMEM_increase_reservation = 0;
    public static final int XENMEM_decrease_reservation = 1;
    public static final int XENMEM_populate_physmap = 6;
    public static final int XENMEM_exchange = 11;
    public static final int XENMEM_maximum_ram_page = 2;
    public static final int XENMEM_current_reservation = 3;
    public static final int XENMEM_maximum_reservation = 4;
    public static final int XENMEM_maximum_gpfn = 14;
    public static final int XENMEM_machphys_mfn_list = 5;
    public static final int XENMEM_machphys_compat_mfn_list = 25;
    public static final int XENMEM_machphys_mapping = 12;
    public static final int XENMEM_add_to_physmap = 7;
    public static final int XENMEM_add_to_physmap_batch = 23;
    public static final int XENMEM_remove_from_physmap = 15;
    public static final int XENMEM_memory_map = 9;
    public static final int XENMEM_machine_memory_map = 10;
    public static final int XENMEM_set_memory_map = 13;
    public static final int XENMEM_set_pod_target = 16;
    public static final int XENMEM_get_pod_target = 17;
    public static final int XENMEM_acquire_resource = 28;
    public static final int XENMEM_resource_grant_table = 1;
    public static final int XENMEM_resource_vmtrace_buf = 2;
    public static final int XENMEM_resource_grant_table_id_shared = 0;
    public static final int XENMEM_resource_grant_table_id_status = 1;
    public static final int XENMEM_get_vnumainfo = 26;

    public static final int XENMAPSPACE_shared_info = 0x0;
    public static final int XENMAPSPACE_grant_table = 0x1;
    public static final int XENMAPSPACE_gmfn = 0x2;
    public static final int XENMAPSPACE_gmfn_range = 0x3;
    public static final int XENMAPSPACE_gmfn_foreign = 0x4;
    public static final int XENMAPSPACE_dev_mmio = 0x5;
    public static final int XENMAPIDX_grant_table_status = 0x80000000;

    public static final int XENMEMF_populate_on_demand = 1 << 16;

    public static final Struct RESERVATION =
            struct(
                    "struct xen_memory_reservation",
                    ulong("extent_start"),
                    ulong("nr_extents"),
                    u32("extent_order"),
                    u32("mem_flags"),
                    u16("domid"));

    public static final Struct EXCHANGE =
            struct(
                    "struct xen_memory_exchange",
                    nested("in", RESERVATION),
                    nested("out", RESERVATION),
                    ulong("nr_exchanged"));

    public static final Struct DOMAIN = struct("struct xen_memory_domain", u16("domid"));

    public static final Struct ADD_TO_PHYSMAP =
            struct(
                    "struct xen_add_to_physmap",
                    u16("domid"),
                    u16("size"),
                    u32("space"),
                    ulong("idx"),
                    ulong("gpfn"));

    public static final Struct ADD_TO_PHYSMAP_BATCH =
            struct(
                    "struct xen_add_to_physmap_batch",
                    u16("domid"),
                    u16("space"),
                    u16("size"),
                    u16("u"),
                    ulong("idxs"),
                    ulong("gpfns"),
                    ulong("errs"));

    public static final Struct REMOVE_FROM_PHYSMAP =
            struct("struct xen_remove_from_physmap", u16("domid"), ulong("gpfn"));

    public static final Struct MEMORY_MAP =
            struct("struct xen_memory_map", u32("nr_entries"), ulong("buffer"));

    public static final Struct FOREIGN_MEMORY_MAP =
            struct("struct xen_foreign_memory_map", u16("domid"), nested("map", MEMORY_MAP));

    /// Bytes of an e820 entry: address (8), size (8), type (4).
    public static final int E820_ENTRY_BYTES = 20;

    public static final int E820_RAM = 1;

    public static final Struct ACQUIRE_RESOURCE =
            struct(
                    "struct xen_mem_acquire_resource",
                    u16("domid"),
                    u16("type"),
                    u32("id"),
                    u32("nr_frames"),
                    u32("pad"),
                    u64("frame"),
                    ulong("frame_list"));

    private MemoryAbi() {}
}
