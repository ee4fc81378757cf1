package org.xenolith.pv.block;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.block.BlockRequest.Kind;
import org.xenolith.pv.block.BlockRequest.Refused;
import org.xenolith.pv.block.BlockRequest.Segment;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;
import org.xenolith.xen.abi.Struct;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Turns an entry of a ring, which has been copied out of it, into a request. Pages of segments
/// that an indirect request names are copied here, once.
final class RequestParser {
    /// Segments of an indirect request; as many as Linux' back end takes.
    static final int INDIRECT_SEGMENTS_MAX = 256;

    private static final int SEGMENTS_IN_PAGE = Sizes.PAGE_BYTES / BlkifAbi.SEGMENT_BYTES;

    private static final int GREF = BlkifAbi.SEGMENT.offset(Abi.X86_64, "gref");
    private static final int FIRST = BlkifAbi.SEGMENT.offset(Abi.X86_64, "first_sect");
    private static final int LAST = BlkifAbi.SEGMENT.offset(Abi.X86_64, "last_sect");

    private final GuestMemory memory;
    private final GrantedPages pages;
    private final Abi abi;
    private final int segmentsOffset;

    RequestParser(GuestMemory memory, GrantedPages pages, Abi abi) {
        this.memory = memory;
        this.pages = pages;
        this.abi = abi;
        this.segmentsOffset = BlkifAbi.REQUEST.offset(abi, "seg");
    }

    BlockRequest parse(byte[] entry) {
        var view = BlkifAbi.REQUEST.view(abi, entry);
        int operation = view.getInt("operation");
        return switch (operation) {
            case BlkifAbi.BLKIF_OP_DISCARD -> discard(entry);
            case BlkifAbi.BLKIF_OP_INDIRECT -> indirect(entry);
            default ->
                    kind(operation)
                            .map(kind -> direct(view, kind))
                            .orElseGet(() -> unknown(view.get("id"), operation));
        };
    }

    private static Optional<Kind> kind(int operation) {
        return switch (operation) {
            case BlkifAbi.BLKIF_OP_READ -> Optional.of(Kind.READ);
            case BlkifAbi.BLKIF_OP_WRITE -> Optional.of(Kind.WRITE);
            case BlkifAbi.BLKIF_OP_WRITE_BARRIER -> Optional.of(Kind.BARRIER);
            case BlkifAbi.BLKIF_OP_FLUSH_DISKCACHE -> Optional.of(Kind.FLUSH);
            default -> Optional.empty();
        };
    }

    private static BlockRequest unknown(long id, int operation) {
        return new Refused(id, operation, BlkifAbi.BLKIF_RSP_EOPNOTSUPP);
    }

    private static BlockRequest wrong(long id, int operation) {
        return new Refused(id, operation, BlkifAbi.BLKIF_RSP_ERROR);
    }

    private BlockRequest discard(byte[] entry) {
        var view = BlkifAbi.REQUEST_DISCARD.view(abi, entry);
        return new BlockRequest.Discard(
                view.get("id"), view.get("sector_number"), view.get("nr_sectors"));
    }

    private BlockRequest direct(Struct.View view, Kind kind) {
        int count = view.getInt("nr_segments");
        var segments = new ArrayList<Segment>();
        boolean sound =
                count <= BlkifAbi.BLKIF_MAX_SEGMENTS_PER_REQUEST
                        && (count > 0 || kind.mayBeEmpty())
                        && readSegments(view.bytes(), segmentsOffset, count, segments);
        return sound
                ? new BlockRequest.Transfer(
                        view.get("id"), kind, view.get("sector_number"), segments)
                : wrong(view.get("id"), view.getInt("operation"));
    }

    private BlockRequest indirect(byte[] entry) {
        var view = BlkifAbi.REQUEST_INDIRECT.view(abi, entry);
        long id = view.get("id");
        int operation = view.getInt("indirect_op");
        var kind = kind(operation).filter(Kind::onlyMoves);
        if (kind.isEmpty()) {
            return unknown(id, operation);
        }
        int count = view.getInt("nr_segments");
        if (count == 0 || count > INDIRECT_SEGMENTS_MAX) {
            return wrong(id, operation);
        }
        var segments = new ArrayList<Segment>();
        for (int done = 0; done < count; done += SEGMENTS_IN_PAGE) {
            int part = Math.min(count - done, SEGMENTS_IN_PAGE);
            var bytes = new byte[part * BlkifAbi.SEGMENT_BYTES];
            int reference = (int) view.get("indirect_grefs", done / SEGMENTS_IN_PAGE);
            if (!copyPage(reference, bytes) || !readSegments(bytes, 0, part, segments)) {
                return wrong(id, operation);
            }
        }
        return new BlockRequest.Transfer(id, kind.get(), view.get("sector_number"), segments);
    }

    private boolean copyPage(int reference, byte[] into) {
        var page = pages.claim(reference, false);
        if (page.isEmpty()) {
            return false;
        }
        try (var granted = page.get()) {
            return memory.read(granted.address(), into, 0, into.length);
        }
    }

    /// Adds `count` segments from `offset` of `bytes` on; false if one of them is not sound.
    private static boolean readSegments(
            byte[] bytes, int offset, int count, List<Segment> segments) {
        var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            int at = offset + i * BlkifAbi.SEGMENT_BYTES;
            int first = buffer.get(at + FIRST) & 0xFF;
            int last = buffer.get(at + LAST) & 0xFF;
            if (!Segment.isSound(first, last)) {
                return false;
            }
            segments.add(new Segment(buffer.getInt(at + GREF), first, last));
        }
        return true;
    }
}
