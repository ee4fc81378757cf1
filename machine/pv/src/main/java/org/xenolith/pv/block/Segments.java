package org.xenolith.pv.block;

import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;
import org.xenolith.xen.abi.Struct;

import java.util.Optional;

/// The parts of granted pages that a request moves data to or from, in order
/// (xen/include/public/io/blkif.h, `struct blkif_request_segment`). Each is at least one sector and
/// within its page.
final class Segments {
    private static final Struct.Field GREF = field("gref");
    private static final Struct.Field FIRST_SECT = field("first_sect");
    private static final Struct.Field LAST_SECT = field("last_sect");

    private final int[] references;
    private final int[] offsets;
    private final int[] lengths;
    private int bytes;

    private Segments(int count) {
        references = new int[count];
        offsets = new int[count];
        lengths = new int[count];
    }

    private static Struct.Field field(String name) {
        return BlkifAbi.SEGMENT.field(Abi.X86_64, name); // the same for both
    }

    /// Reads `count` of them from byte `from` of `entries` on; empty if one is not sound.
    static Optional<Segments> read(byte[] entries, int from, int count) {
        var segments = new Segments(count);
        for (int index = 0; index < count; index++) {
            int at = from + index * BlkifAbi.SEGMENT_BYTES;
            int first = (int) FIRST_SECT.get(entries, at);
            int last = (int) LAST_SECT.get(entries, at);
            if (first > last || last >= BlockRequest.SECTORS_IN_PAGE) {
                return Optional.empty();
            }
            int length = (last - first + 1) * BlockRequest.SECTOR_BYTES;
            segments.references[index] = (int) GREF.get(entries, at);
            segments.offsets[index] = first * BlockRequest.SECTOR_BYTES;
            segments.lengths[index] = length;
            segments.bytes += length;
        }
        return Optional.of(segments);
    }

    int count() {
        return references.length;
    }

    boolean isEmpty() {
        return references.length == 0;
    }

    /// Under which their pages are granted; not to be changed.
    int[] references() {
        return references;
    }

    /// Where it begins in its page, in bytes.
    int offset(int index) {
        return offsets[index];
    }

    /// Its bytes, at most a page's.
    int length(int index) {
        return lengths[index];
    }

    /// Bytes of all.
    int bytes() {
        return bytes;
    }
}
