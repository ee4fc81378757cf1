package org.xenolith.pv.block;

import org.xenolith.base.Sizes;
import org.xenolith.linux.IoVector;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.block.BlockRequest.Kind;
import org.xenolith.xen.abi.BlkifAbi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
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

    /// What has become of a request.
    private enum Outcome {
        DONE,
        REFUSED,

        /// It has not been performed, since the host's disk would have to be waited for.
        WAITS;

        static Outcome of(boolean done) {
            return done ? DONE : REFUSED;
        }

        Optional<Integer> status() {
            return switch (this) {
                case DONE -> Optional.of(BlkifAbi.BLKIF_RSP_OKAY);
                case REFUSED -> Optional.of(BlkifAbi.BLKIF_RSP_ERROR);
                case WAITS -> Optional.empty();
            };
        }
    }

    /// Does what the request asks for, by way of `passage`; returns a `BLKIF_RSP_*`. May wait for
    /// the disk.
    int perform(BlockRequest request, BlockBuffers.Passage passage) {
        try {
            return switch (request) {
                case BlockRequest.Refused refused -> refused.status();
                case BlockRequest.Discard discard -> discard(discard);
                case BlockRequest.Transfer transfer -> status(transfer(transfer, passage, true));
            };
        } catch (IOException _) {
            return BlkifAbi.BLKIF_RSP_ERROR; // the device's statistics count it
        }
    }

    private static int status(Outcome outcome) {
        return outcome.status().orElseThrow();
    }

    /// As [#perform], of a read or a write, if that takes no more than to move data in the host's
    /// memory, as far as the host says; else empty, and nothing has been done.
    Optional<Integer> performAtOnce(BlockRequest.Transfer transfer, BlockBuffers.Passage passage) {
        try {
            return transfer(transfer, passage, false).status();
        } catch (IOException _) {
            return Outcome.REFUSED.status();
        }
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
        var done =
                drive.use(disk -> {
                    boolean sound =
                            !disk.readOnly() && isOnDisk(disk, discard.sector(), discard.sectors());
                    if (sound && discard.sectors() > 0) {
                        disk.discard(
                                discard.sector() * BlockRequest.SECTOR_BYTES,
                                discard.sectors() * BlockRequest.SECTOR_BYTES);
                    }
                    return sound;
                });
        return status(Outcome.of(done.orElse(false)));
    }

    // ---------------------------------------------------------------- transfers

    /// @param mayWait for the host's disk
    private Outcome transfer(
            BlockRequest.Transfer transfer, BlockBuffers.Passage passage, boolean mayWait)
            throws IOException {
        boolean read = transfer.kind() == Kind.READ;
        var claim = pages.claim(transfer.segments().references(), read);
        if (claim.isEmpty()) {
            return Outcome.REFUSED;
        }
        try (var claimed = claim.get()) {
            return drive.use(disk -> transfer(transfer, claimed, disk, passage, mayWait))
                    .orElse(Outcome.REFUSED);
        }
    }

    private Outcome transfer(
            BlockRequest.Transfer transfer,
            GrantedPages.Claim claimed,
            BlockDisk disk,
            BlockBuffers.Passage passage,
            boolean mayWait)
            throws IOException {
        boolean writes = transfer.kind() != Kind.READ && !transfer.segments().isEmpty();
        long sectors = transfer.segments().bytes() / BlockRequest.SECTOR_BYTES;
        if (writes && disk.readOnly()
                || !transfer.segments().isEmpty() && !isOnDisk(disk, transfer.sector(), sectors)) {
            return Outcome.REFUSED;
        }
        return switch (transfer.kind()) {
            case READ, WRITE -> move(transfer, claimed, disk, passage, mayWait);
            case BARRIER -> {
                // What came before is to be durable before the barrier's own data is.
                disk.flush();
                var moved = move(transfer, claimed, disk, passage, true);
                if (writes) {
                    disk.flush();
                }
                yield moved;
            }
            case FLUSH -> {
                var moved = move(transfer, claimed, disk, passage, true);
                disk.flush();
                yield moved;
            }
        };
    }

    /// Moves the data; refused if the guest has taken a page of its memory away meanwhile.
    private Outcome move(
            BlockRequest.Transfer transfer,
            GrantedPages.Claim claimed,
            BlockDisk disk,
            BlockBuffers.Passage passage,
            boolean mayWait)
            throws IOException {
        if (disk.isVectored() && !transfer.segments().isEmpty()) {
            int[] frames = frames(claimed);
            if (areMemory(frames)) {
                return moveInPlace(transfer, frames, disk, passage.places(), mayWait);
            }
        }
        return mayWait
                ? Outcome.of(moveByBuffer(transfer, claimed, disk, passage.buffer()))
                : Outcome.WAITS;
    }

    private int[] frames(GrantedPages.Claim claimed) {
        var frames = new int[claimed.count()];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = memory.frameAt(claimed.address(i) >>> Sizes.PAGE_SHIFT);
        }
        return frames;
    }

    private static boolean areMemory(int[] frames) {
        for (int frame : frames) {
            if (frame < 0) {
                return false;
            }
        }
        return true;
    }

    /// The host moves the data between its file and the guest's memory.
    private Outcome moveInPlace(
            BlockRequest.Transfer transfer,
            int[] frames,
            BlockDisk disk,
            IoVector places,
            boolean mayWait)
            throws IOException {
        var segments = transfer.segments();
        long offset = transfer.sector() * BlockRequest.SECTOR_BYTES;
        places.begin(memory.segment());
        for (int i = 0; i < frames.length; i++) {
            long page = (long) frames[i] << Sizes.PAGE_SHIFT;
            places.add(page + segments.offset(i), segments.length(i));
        }
        if (transfer.kind() != Kind.READ) {
            disk.write(offset, places);
            return Outcome.DONE;
        }
        try {
            if (mayWait) {
                disk.read(offset, places);
                return Outcome.DONE;
            }
            return disk.readAtOnce(offset, places) ? Outcome.DONE : Outcome.WAITS;
        } finally {
            for (int frame : frames) {
                memory.wrote(frame);
            }
        }
    }

    /// Moves the data, as many whole segments at a time as the buffer holds. False if the guest has
    /// taken a page of its memory away meanwhile.
    private boolean moveByBuffer(
            BlockRequest.Transfer transfer,
            GrantedPages.Claim claimed,
            BlockDisk disk,
            ByteBuffer buffer)
            throws IOException {
        var segments = transfer.segments();
        long offset = transfer.sector() * BlockRequest.SECTOR_BYTES;
        boolean whole = true;
        for (int first = 0; first < segments.count(); ) {
            int next = first;
            int bytes = 0;
            while (next < segments.count() && bytes + segments.length(next) <= buffer.capacity()) {
                bytes += segments.length(next++);
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
            Segments segments,
            GrantedPages.Claim claimed,
            int first,
            int next,
            ByteBuffer buffer,
            boolean toGuest) {
        var bytes = MemorySegment.ofBuffer(buffer);
        boolean whole = true;
        int at = 0;
        for (int i = first; i < next; i++) {
            int length = segments.length(i);
            long address = claimed.address(i) + segments.offset(i);
            whole &=
                    toGuest
                            ? memory.write(address, bytes, at, length)
                            : memory.read(address, bytes, at, length);
            at += length;
        }
        return whole;
    }
}
