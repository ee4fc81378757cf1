package org.xenolith.pv.block;

import org.xenolith.base.Sizes;
import org.xenolith.linux.IoVector;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.block.BlockRequest.Kind;
import org.xenolith.pv.block.BlockRequest.Segment;
import org.xenolith.xen.abi.BlkifAbi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Performs requests of one ring on the disk: the only place from which a block device changes it,
/// and so where a mirrored machine will hold its writes back (DESIGN, "outside effects are
/// committed"). May be used from many threads.
final class RequestPerformer {
    private final GuestMemory memory;
    private final GrantedPages pages;
    private final Drive drive;
    private final boolean discards;

    /// @param discards whether the front end has been told that it may discard
    RequestPerformer(GuestMemory memory, GrantedPages pages, Drive drive, boolean discards) {
        this.memory = memory;
        this.pages = pages;
        this.drive = drive;
        this.discards = discards;
    }

    /// Does what the request asks for, by way of `passage`; returns a `BLKIF_RSP_*`. May wait for
    /// the disk.
    int perform(BlockRequest request, BlockBuffers.Passage passage) {
        try {
            return switch (request) {
                case BlockRequest.Refused refused -> refused.status();
                case BlockRequest.Discard discard -> discard(discard);
                case BlockRequest.Transfer transfer -> transfer(transfer, passage);
            };
        } catch (IOException _) {
            return BlkifAbi.BLKIF_RSP_ERROR; // the device's statistics count it
        }
    }

    private static int status(Optional<Boolean> done) {
        return done.orElse(false) ? BlkifAbi.BLKIF_RSP_OKAY : BlkifAbi.BLKIF_RSP_ERROR;
    }

    /// Whether a range of 512-byte sectors is on the disk and in whole logical sectors. `sector`
    /// and `count` are unsigned.
    private boolean isOnDisk(BlockDisk disk, long sector, long count) {
        long all = drive.sectors(disk);
        int unit = drive.sectorBytes() / BlockRequest.SECTOR_BYTES;
        return Long.compareUnsigned(count, all) <= 0
                && Long.compareUnsigned(sector, all - count) <= 0
                && sector % unit == 0
                && count % unit == 0;
    }

    private int discard(BlockRequest.Discard discard) throws IOException {
        if (!discards) {
            return BlkifAbi.BLKIF_RSP_EOPNOTSUPP;
        }
        return status(
                drive.use(disk -> {
                    boolean sound =
                            !disk.readOnly() && isOnDisk(disk, discard.sector(), discard.sectors());
                    if (sound && discard.sectors() > 0) {
                        disk.discard(
                                discard.sector() * BlockRequest.SECTOR_BYTES,
                                discard.sectors() * BlockRequest.SECTOR_BYTES);
                    }
                    return sound;
                }));
    }

    // ---------------------------------------------------------------- transfers

    private int transfer(BlockRequest.Transfer transfer, BlockBuffers.Passage passage)
            throws IOException {
        boolean read = transfer.kind() == Kind.READ;
        var claimed = new ArrayList<GrantedPages.Page>();
        try {
            for (var segment : transfer.segments()) {
                var page = pages.claim(segment.reference(), read);
                if (page.isEmpty()) {
                    return BlkifAbi.BLKIF_RSP_ERROR;
                }
                claimed.add(page.get());
            }
            return status(drive.use(disk -> transfer(transfer, claimed, disk, passage)));
        } finally {
            claimed.forEach(GrantedPages.Page::close);
        }
    }

    private boolean transfer(
            BlockRequest.Transfer transfer,
            List<GrantedPages.Page> claimed,
            BlockDisk disk,
            BlockBuffers.Passage passage)
            throws IOException {
        boolean writes = transfer.kind() != Kind.READ && !transfer.segments().isEmpty();
        long sectors = transfer.bytes() / BlockRequest.SECTOR_BYTES;
        if (writes && disk.readOnly()
                || !transfer.segments().isEmpty() && !isOnDisk(disk, transfer.sector(), sectors)) {
            return false;
        }
        return switch (transfer.kind()) {
            case READ, WRITE -> move(transfer, claimed, disk, passage);
            case BARRIER -> {
                // What came before is to be durable before the barrier's own data is.
                disk.flush();
                boolean moved = move(transfer, claimed, disk, passage);
                if (writes) {
                    disk.flush();
                }
                yield moved;
            }
            case FLUSH -> {
                boolean moved = move(transfer, claimed, disk, passage);
                disk.flush();
                yield moved;
            }
        };
    }

    /// Moves the data. False if the guest has taken a page of its memory away meanwhile.
    private boolean move(
            BlockRequest.Transfer transfer,
            List<GrantedPages.Page> claimed,
            BlockDisk disk,
            BlockBuffers.Passage passage)
            throws IOException {
        if (disk.isVectored() && !transfer.segments().isEmpty()) {
            int[] frames =
                    claimed.stream()
                            .mapToInt(page -> memory.frameAt(page.address() >>> Sizes.PAGE_SHIFT))
                            .toArray();
            if (Arrays.stream(frames).allMatch(frame -> frame >= 0)) {
                moveInPlace(transfer, frames, disk, passage.places());
                return true;
            }
        }
        return moveByBuffer(transfer, claimed, disk, passage.buffer());
    }

    /// The host moves the data between its file and the guest's memory.
    private void moveInPlace(
            BlockRequest.Transfer transfer, int[] frames, BlockDisk disk, IoVector places)
            throws IOException {
        var segments = transfer.segments();
        long offset = transfer.sector() * BlockRequest.SECTOR_BYTES;
        places.begin(memory.segment());
        for (int i = 0; i < frames.length; i++) {
            var segment = segments.get(i);
            long page = (long) frames[i] << Sizes.PAGE_SHIFT;
            places.add(page + segment.offset(), segment.bytes());
        }
        if (transfer.kind() != Kind.READ) {
            disk.write(offset, places);
            return;
        }
        try {
            disk.read(offset, places);
        } finally {
            Arrays.stream(frames).forEach(memory::wrote);
        }
    }

    /// Moves the data, as many whole segments at a time as the buffer holds. False if the guest has
    /// taken a page of its memory away meanwhile.
    private boolean moveByBuffer(
            BlockRequest.Transfer transfer,
            List<GrantedPages.Page> claimed,
            BlockDisk disk,
            ByteBuffer buffer)
            throws IOException {
        var segments = transfer.segments();
        long offset = transfer.sector() * BlockRequest.SECTOR_BYTES;
        boolean whole = true;
        for (int first = 0; first < segments.size(); ) {
            int next = first;
            int bytes = 0;
            while (next < segments.size()
                    && bytes + segments.get(next).bytes() <= buffer.capacity()) {
                bytes += segments.get(next++).bytes();
            }
            if (transfer.kind() == Kind.READ) {
                disk.read(offset, buffer.slice(0, bytes));
                whole &= copy(segments, claimed, first, next, buffer, true);
            } else {
                whole &= copy(segments, claimed, first, next, buffer, false);
                disk.write(offset, buffer.slice(0, bytes));
            }
            offset += bytes;
            first = next;
        }
        return whole;
    }

    private boolean copy(
            List<Segment> segments,
            List<GrantedPages.Page> claimed,
            int first,
            int next,
            ByteBuffer buffer,
            boolean toGuest) {
        var bytes = MemorySegment.ofBuffer(buffer);
        boolean whole = true;
        int at = 0;
        for (int i = first; i < next; i++) {
            var segment = segments.get(i);
            long address = claimed.get(i).address() + segment.offset();
            whole &=
                    toGuest
                            ? memory.write(address, bytes, at, segment.bytes())
                            : memory.read(address, bytes, at, segment.bytes());
            at += segment.bytes();
        }
        return whole;
    }
}
