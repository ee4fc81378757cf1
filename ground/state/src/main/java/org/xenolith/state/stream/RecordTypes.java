package org.xenolith.state.stream;

/// The numbers of the stream (tools/libs/guest/xg_sr_stream_format.h in the Xen tree) and of our
/// own records. Xen's keep their spelling.
final class RecordTypes {
    static final long IHDR_MARKER = -1;

    /// "XENF"
    static final int IHDR_ID = 0x5845_4E46;

    static final int IHDR_VERSION = 3;
    static final int IHDR_OPT_ENDIAN = 1;
    static final int IHDR_BYTES = 24;
    static final int DHDR_BYTES = 16;
    static final int DHDR_TYPE_X86_HVM = 2;
    static final int RHDR_BYTES = 8;

    /// Records end at multiples of this.
    static final int REC_ALIGN = 8;

    /// Bytes of a record's body at most.
    static final int REC_LENGTH_MAX = 128 << 20;

    static final int REC_TYPE_END = 0x0;
    static final int REC_TYPE_PAGE_DATA = 0x1;
    static final int REC_TYPE_X86_TSC_INFO = 0x8;
    static final int REC_TYPE_HVM_CONTEXT = 0x9;
    static final int REC_TYPE_HVM_PARAMS = 0xA;
    static final int REC_TYPE_VERIFY = 0xD;
    static final int REC_TYPE_CHECKPOINT = 0xE;
    static final int REC_TYPE_STATIC_DATA_END = 0x10;
    static final int REC_TYPE_X86_CPUID_POLICY = 0x11;
    static final int REC_TYPE_OPTIONAL = 0x8000_0000;

    /// Ours begin here: "LIT" and a byte.
    private static final int OURS = 0x4C49_5400;

    static final int STATE = OURS | 0x01;
    static final int CHECKSUM = REC_TYPE_OPTIONAL | OURS | 0x02;
    static final int PADDING = REC_TYPE_OPTIONAL | OURS | 0x03;
    static final int PACKED_PAGES = OURS | 0x04;
    static final int ROUND = REC_TYPE_OPTIONAL | OURS | 0x05;

    static final int DISK = OURS | 0x06;
    static final int DISK_DATA = OURS | 0x07;
    static final int DISK_ZEROES = OURS | 0x08;
    static final int REHEARSAL = REC_TYPE_OPTIONAL | OURS | 0x09;
    static final int STATE_CHANGE = OURS | 0x0A;
    static final int BARRIER = OURS | 0x0B;

    /// `XEN_DOMCTL_PFINFO_*`, in the upper four bits of an entry of PAGE_DATA.
    static final int PFINFO_SHIFT = 60;

    static final int PFINFO_NOTAB = 0x0;
    static final int PFINFO_XALLOC = 0xE;
    static final int PFINFO_XTAB = 0xF;

    /// Ours, in PACKED_PAGES. In PAGE_DATA it is a page table of a PV guest.
    static final int PACKED_DELTA = 0x1;

    static final long PAGE_DATA_PFN_MASK = 0x000F_FFFF_FFFF_FFFFL;

    static final int PAGE_DATA_HEADER_BYTES = 8;
    static final int TSC_INFO_BYTES = 24;
    static final int HVM_PARAMS_HEADER_BYTES = 8;
    static final int HVM_PARAMS_ENTRY_BYTES = 16;
    static final int CPUID_LEAF_BYTES = 24;
    static final int STATE_HEADER_BYTES = 16;
    static final int CHECKSUM_BYTES = 8;
    static final int ROUND_BYTES = 8;
    static final int BARRIER_BYTES = 8;
    static final int DISK_BYTES = 16;
    static final int DISK_DATA_HEADER_BYTES = 24;
    static final int DISK_ZEROES_BYTES = 24;

    private RecordTypes() {}

    /// How many bytes of padding follow a body of `length` bytes.
    static int padding(long length) {
        return (int) (-length & REC_ALIGN - 1);
    }
}
