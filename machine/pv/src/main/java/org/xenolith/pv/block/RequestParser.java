package org.xenolith.pv.block;

import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.block.BlockRequest.Kind;
import org.xenolith.pv.block.BlockRequest.Refused;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;
import org.xenolith.xen.abi.Struct;

import java.util.Optional;

/// Turns an entry of a ring, which has been copied out of it, into a request. The page of segments
/// that an indirect request names is copied here, once.
final class RequestParser {
    /// Segments of an indirect request; as many as Linux' back end takes, and half of what a page
    /// has room for.
    static final int INDIRECT_SEGMENTS_MAX = 256;

    private final GuestMemory memory;
    private final GrantedPages pages;
    private final Abi abi;
    private final Struct.Field operation;
    private final Transfers direct;
    private final Transfers indirect;
    private final int directSegments;
    private final Struct.Field indirectOperation;
    private final Struct.Field indirectReferences;

    /// Where requests of one kind that move data have what all of them have.
    private record Transfers(Struct.Field id, Struct.Field segments, Struct.Field sector) {
        static Transfers in(Struct struct, Abi abi) {
            return new Transfers(
                    struct.field(abi, "id"),
                    struct.field(abi, "nr_segments"),
                    struct.field(abi, "sector_number"));
        }
    }

    RequestParser(GuestMemory memory, GrantedPages pages, Abi abi) {
        this.memory = memory;
        this.pages = pages;
        this.abi = abi;
        operation = BlkifAbi.REQUEST.field(abi, "operation");
        direct = Transfers.in(BlkifAbi.REQUEST, abi);
        directSegments = BlkifAbi.REQUEST.offset(abi, "seg");
        indirect = Transfers.in(BlkifAbi.REQUEST_INDIRECT, abi);
        indirectOperation = BlkifAbi.REQUEST_INDIRECT.field(abi, "indirect_op");
        indirectReferences = BlkifAbi.REQUEST_INDIRECT.field(abi, "indirect_grefs");
    }

    BlockRequest parse(byte[] entry) {
        int asked = operation.getInt(entry);
        return switch (asked) {
            case BlkifAbi.BLKIF_OP_DISCARD -> discard(entry);
            case BlkifAbi.BLKIF_OP_INDIRECT -> indirect(entry);
            default ->
                    kind(asked)
                            .map(kind -> direct(entry, kind))
                            .orElseGet(() -> unknown(direct.id.get(entry), asked));
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

    private BlockRequest direct(byte[] entry, Kind kind) {
        int count = direct.segments.getInt(entry);
        if (count > BlkifAbi.BLKIF_MAX_SEGMENTS_PER_REQUEST || count == 0 && !kind.mayBeEmpty()) {
            return wrong(direct.id.get(entry), operation.getInt(entry));
        }
        return transfer(entry, direct, kind, Segments.read(entry, directSegments, count));
    }

    private BlockRequest indirect(byte[] entry) {
        int asked = indirectOperation.getInt(entry);
        var kind = kind(asked).filter(Kind::onlyMoves);
        if (kind.isEmpty()) {
            return unknown(indirect.id.get(entry), asked);
        }
        int count = indirect.segments.getInt(entry);
        if (count == 0 || count > INDIRECT_SEGMENTS_MAX) {
            return wrong(indirect.id.get(entry), asked);
        }
        var bytes = new byte[count * BlkifAbi.SEGMENT_BYTES];
        int reference = (int) indirectReferences.getElement(entry, 0);
        var segments =
                copyPage(reference, bytes)
                        ? Segments.read(bytes, 0, count)
                        : Optional.<Segments>empty();
        return transfer(entry, indirect, kind.get(), segments);
    }

    private static BlockRequest transfer(
            byte[] entry, Transfers layout, Kind kind, Optional<Segments> segments) {
        long id = layout.id.get(entry);
        if (segments.isEmpty()) {
            return wrong(id, kind.operation());
        }
        return new BlockRequest.Transfer(id, kind, layout.sector.get(entry), segments.get());
    }

    private boolean copyPage(int reference, byte[] into) {
        var page = pages.claim(new int[] {reference}, false);
        if (page.isEmpty()) {
            return false;
        }
        try (var granted = page.get()) {
            return memory.read(granted.address(0), into, 0, into.length);
        }
    }
}
