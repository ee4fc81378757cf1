package org.xenolith.pv.block;

import org.xenolith.base.Sizes;
import org.xenolith.xen.abi.BlkifAbi;

/// A request of the front end, already copied out of guest memory and sound in itself. Whether its
/// place is on the disk, and its pages are granted, is found out when it is performed.
///
/// Sectors are of 512 bytes, whatever the disk's own are: so does Linux speak, see docs/quirks.md.
sealed interface BlockRequest {
    /// Bytes of what requests call a sector.
    int SECTOR_BYTES = 512;

    int SECTORS_IN_PAGE = Sizes.PAGE_BYTES / SECTOR_BYTES;

    /// The front end's own, for the response.
    long id();

    /// `BLKIF_OP_*` for the response. That of an indirect request is what it asks for.
    int operation();

    /// What a transfer does.
    enum Kind {
        READ(BlkifAbi.BLKIF_OP_READ),
        WRITE(BlkifAbi.BLKIF_OP_WRITE),
        /// Writes, if there are segments, after everything before and ahead of everything behind
        /// it.
        BARRIER(BlkifAbi.BLKIF_OP_WRITE_BARRIER),
        /// Writes, if there are segments; then makes all writes up to this one durable.
        FLUSH(BlkifAbi.BLKIF_OP_FLUSH_DISKCACHE);

        private final int operation;

        Kind(int operation) {
            this.operation = operation;
        }

        int operation() {
            return operation;
        }

        /// Whether it does nothing but move data; what makes data durable is never prompt.
        boolean onlyMoves() {
            return this == READ || this == WRITE;
        }

        /// Whether there may be no segment.
        boolean mayBeEmpty() {
            return this == BARRIER || this == FLUSH;
        }
    }

    /// Moves data between the disk, from `sector` on, and granted pages.
    record Transfer(long id, Kind kind, long sector, Segments segments) implements BlockRequest {
        @Override
        public int operation() {
            return kind.operation();
        }
    }

    /// The content of `sectors` sectors from `sector` on is no longer needed. Both are unsigned.
    record Discard(long id, long sector, long sectors) implements BlockRequest {
        @Override
        public int operation() {
            return BlkifAbi.BLKIF_OP_DISCARD;
        }
    }

    /// Not a request that we could perform: the answer is `status`, a `BLKIF_RSP_*`.
    record Refused(long id, int operation, int status) implements BlockRequest {}
}
