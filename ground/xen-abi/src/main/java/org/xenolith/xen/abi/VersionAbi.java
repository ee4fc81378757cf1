package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u8;
import static org.xenolith.xen.abi.Struct.ulong;

/// Numbers and structures of xen/include/public/version.h and features.h.
public final class VersionAbi {
    public static final int XENVER_version = 0;
    public static final int XENVER_extraversion = 1;
    public static final int XENVER_compile_info = 2;
    public static final int XENVER_capabilities = 3;
    public static final int XENVER_changeset = 4;
    public static final int XENVER_platform_parameters = 5;
    public static final int XENVER_get_features = 6;
    public static final int XENVER_pagesize = 7;
    public static final int XENVER_guest_handle = 8;
    public static final int XENVER_commandline = 9;
    public static final int XENVER_build_id = 10;

    public static final int XENFEAT_writable_page_tables = 0;
    public static final int XENFEAT_writable_descriptor_tables = 1;
    public static final int XENFEAT_auto_translated_physmap = 2;
    public static final int XENFEAT_supervisor_mode_kernel = 3;
    public static final int XENFEAT_pae_pgdir_above_4gb = 4;
    public static final int XENFEAT_mmu_pt_update_preserve_ad = 5;
    public static final int XENFEAT_highmem_assist = 6;
    public static final int XENFEAT_gnttab_map_avail_bits = 7;
    public static final int XENFEAT_hvm_callback_vector = 8;
    public static final int XENFEAT_hvm_safe_pvclock = 9;
    public static final int XENFEAT_hvm_pirqs = 10;
    public static final int XENFEAT_dom0 = 11;
    public static final int XENFEAT_memory_op_vnode_supported = 13;
    public static final int XENFEAT_ARM_SMCCC_supported = 14;
    public static final int XENFEAT_linux_rsdp_unrestricted = 15;
    public static final int XENFEAT_not_direct_mapped = 16;
    public static final int XENFEAT_direct_mapped = 17;
    public static final int XENFEAT_NR_SUBMAPS = 1;

    /// Bytes of the fixed-size strings.
    public static final int XEN_EXTRAVERSION_LEN = 16;

    public static final int XEN_CAPABILITIES_INFO_LEN = 1024;
    public static final int XEN_CHANGESET_INFO_LEN = 64;

    public static final Struct COMPILE_INFO =
            struct(
                    "struct xen_compile_info",
                    array(64, u8("compiler")),
                    array(16, u8("compile_by")),
                    array(32, u8("compile_domain")),
                    array(32, u8("compile_date")));

    public static final Struct PLATFORM_PARAMETERS =
            struct("struct xen_platform_parameters", ulong("virt_start"));

    public static final Struct FEATURE_INFO =
            struct("struct xen_feature_info", u32("submap_idx"), u32("submap"));

    private VersionAbi() {}
}
