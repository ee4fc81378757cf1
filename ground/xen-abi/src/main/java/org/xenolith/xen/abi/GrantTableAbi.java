package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.nested;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.ulong;
import static org.xenolith.xen.abi.Struct.union;

/// Numbers and structures of xen/include/public/grant_table.h.
public final class GrantTableAbi {
    public static final int GNTTABOP_map_grant_ref = 0;
    public static final int GNTTABOP_unmap_grant_ref = 1;
    public static final int GNTTABOP_setup_table = 2;
    public static final int GNTTABOP_dump_table = 3;
    public static final int GNTTABOP_transfer = 4;
    public static final int GNTTABOP_copy = 5;
    public static final int GNTTABOP_query_size = 6;
    public static final int GNTTABOP_unmap_and_replace = 7;
    public static final int GNTTABOP_set_version = 8;
    public static final int GNTTABOP_get_status_frames = 9;
    public static final int GNTTABOP_get_version = 10;
    public static final int GNTTABOP_swap_grant_ref = 11;
    public static final int GNTTABOP_cache_flush = 12;

    public static final int GNTST_okay = 0;
    public static final int GNTST_general_error = -1;
    public static final int GNTST_bad_domain = -2;
    public static final int GNTST_bad_gntref = -3;
    public static final int GNTST_bad_handle = -4;
    public static final int GNTST_bad_virt_addr = -5;
    public static final int GNTST_bad_dev_addr = -6;
    public static final int GNTST_no_device_space = -7;
    public static final int GNTST_permission_denied = -8;
    public static final int GNTST_bad_page = -9;
    public static final int GNTST_bad_copy_arg = -10;
    public static final int GNTST_address_too_big = -11;
    public static final int GNTST_eagain = -12;
    public static final int GNTST_no_space = -13;

    public static final int GTF_invalid = 0;
    public static final int GTF_permit_access = 1;
    public static final int GTF_accept_transfer = 2;
    public static final int GTF_transitive = 3;
    public static final int GTF_type_mask = 3;
    public static final int GTF_readonly = 4;
    public static final int GTF_reading = 8;
    public static final int GTF_writing = 16;
    public static final int GTF_PWT = 32;
    public static final int GTF_PCD = 64;
    public static final int GTF_PAT = 128;
    public static final int GTF_sub_page = 256;
    public static final int GTF_transfer_committed = 4;
    public static final int GTF_transfer_completed = 8;

    public static final int GNTMAP_device_map = 1;
    public static final int GNTMAP_host_map = 2;
    public static final int GNTMAP_readonly = 4;
    public static final int GNTMAP_application_map = 8;
    public static final int GNTMAP_contains_pte = 16;

    public static final int GNTCOPY_source_gref = 1;
    public static final int GNTCOPY_dest_gref = 2;

    public static final int GNTTAB_NR_RESERVED_ENTRIES = 8;
    public static final int GNTTAB_RESERVED_CONSOLE = 0;
    public static final int GNTTAB_RESERVED_XENSTORE = 1;

    public static final Struct ENTRY_V1 =
            struct("struct grant_entry_v1", u16("flags"), u16("domid"), u32("frame"));

    public static final Struct MAP_GRANT_REF =
            struct(
                    "struct gnttab_map_grant_ref",
                    u64("host_addr"),
                    u32("flags"),
                    u32("ref"),
                    u16("dom"),
                    u16("status"),
                    u32("handle"),
                    u64("dev_bus_addr"));

    public static final Struct UNMAP_GRANT_REF =
            struct(
                    "struct gnttab_unmap_grant_ref",
                    u64("host_addr"),
                    u64("dev_bus_addr"),
                    u32("handle"),
                    u16("status"));

    public static final Struct SETUP_TABLE =
            struct(
                    "struct gnttab_setup_table",
                    u16("dom"),
                    u32("nr_frames"),
                    u16("status"),
                    ulong("frame_list"));

    private static final Struct COPY_POINTER =
            struct(
                    "struct gnttab_copy_ptr",
                    nested("u", union("anonymous", u32("ref"), ulong("gmfn"))),
                    u16("domid"),
                    u16("offset"));

    public static final Struct COPY =
            struct(
                    "struct gnttab_copy",
                    nested("source", COPY_POINTER),
                    nested("dest", COPY_POINTER),
                    u16("len"),
                    u16("flags"),
                    u16("status"));

    public static final Struct QUERY_SIZE =
            struct(
                    "struct gnttab_query_size",
                    u16("dom"),
                    u32("nr_frames"),
                    u32("max_nr_frames"),
                    u16("status"));

    public static final Struct SET_VERSION = struct("struct gnttab_set_version", u32("version"));

    public static final Struct GET_STATUS_FRAMES =
            struct(
                    "struct gnttab_get_status_frames",
                    u32("nr_frames"),
                    u16("dom"),
                    u16("status"),
                    ulong("frame_list"));

    public static final Struct GET_VERSION =
            struct("struct gnttab_get_version", u16("dom"), u16("pad"), u32("version"));

    public static final Struct SWAP_GRANT_REF =
            struct("struct gnttab_swap_grant_ref", u32("ref_a"), u32("ref_b"), u16("status"));

    private GrantTableAbi() {}
}
