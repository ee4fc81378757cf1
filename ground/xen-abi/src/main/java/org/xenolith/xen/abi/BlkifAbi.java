package org.xenolith.xen.abi;

import static org.xenolith.xen.abi.Struct.array;
import static org.xenolith.xen.abi.Struct.only;
import static org.xenolith.xen.abi.Struct.struct;
import static org.xenolith.xen.abi.Struct.u16;
import static org.xenolith.xen.abi.Struct.u32;
import static org.xenolith.xen.abi.Struct.u64;
import static org.xenolith.xen.abi.Struct.u8;

/// Numbers and structures of xen/include/public/io/blkif.h, and of the ring in io/ring.h that
/// carries them.
///
/// [#SRING] is the ring's head only; its entries, each of the size of [#REQUEST], begin at
/// [#SRING_ENTRIES_OFFSET].
public final class BlkifAbi {
    public static final int BLKIF_OP_READ = 0;
    public static final int BLKIF_OP_WRITE = 1;
    public static final int BLKIF_OP_WRITE_BARRIER = 2;
    public static final int BLKIF_OP_FLUSH_DISKCACHE = 3;
    public static final int BLKIF_OP_RESERVED_1 = 4;
    public static final int BLKIF_OP_DISCARD = 5;
    public static final int BLKIF_OP_INDIRECT = 6;

    public static final int BLKIF_MAX_SEGMENTS_PER_REQUEST = 11;
    public static final int BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST = 8;

    public static final int BLKIF_DISCARD_SECURE = 1;

    public static final int BLKIF_RSP_EOPNOTSUPP = -2;
    public static final int BLKIF_RSP_ERROR = -1;
    public static final int BLKIF_RSP_OKAY = 0;

    public static final int VDISK_CDROM = 1;
    public static final int VDISK_REMOVABLE = 2;
    public static final int VDISK_READONLY = 4;

    /// Bytes from the start of a ring to its first entry.
    public static final int SRING_ENTRIES_OFFSET = 64;

    /// Bytes of a segment in a request, or in a page of an indirect one; the same for both ABIs.
    public static final int SEGMENT_BYTES = 8;

    private static final int SEGMENT_WORDS = SEGMENT_BYTES / Integer.BYTES;

    public static final Struct SRING =
            struct(
                    "struct blkif_sring",
                    u32("req_prod"),
                    u32("req_event"),
                    u32("rsp_prod"),
                    u32("rsp_event"));

    public static final Struct SEGMENT =
            struct("struct blkif_request_segment", u32("gref"), u8("first_sect"), u8("last_sect"));

    /// `seg` holds [#BLKIF_MAX_SEGMENTS_PER_REQUEST] times [#SEGMENT].
    public static final Struct REQUEST =
            struct(
                    "struct blkif_request",
                    u8("operation"),
                    u8("nr_segments"),
                    u16("handle"),
                    u64("id"),
                    u64("sector_number"),
                    array(BLKIF_MAX_SEGMENTS_PER_REQUEST * SEGMENT_WORDS, u32("seg")));

    public static final Struct REQUEST_DISCARD =
            struct(
                    "struct blkif_request_discard",
                    u8("operation"),
                    u8("flag"),
                    u16("handle"),
                    u64("id"),
                    u64("sector_number"),
                    u64("nr_sectors"));

    public static final Struct REQUEST_INDIRECT =
            struct(
                    "struct blkif_request_indirect",
                    u8("operation"),
                    u8("indirect_op"),
                    u16("nr_segments"),
                    u64("id"),
                    u64("sector_number"),
                    u16("handle"),
                    array(BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST, u32("indirect_grefs")),
                    only(Abi.X86_32, u64("pad")));

    public static final Struct RESPONSE =
            struct("struct blkif_response", u64("id"), u8("operation"), u16("status"));

    private BlkifAbi() {}
}
