package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// A dynamic or differencing VHD file. The disk is in blocks, each with a bitmap that says which of
/// its sectors are in this file; the others are the parent's, or zeros.
///
/// A write to sectors that are not here yet has their block to itself until the bits are set.
final class VhdImage extends BaseImage {
    private final VhdTables tables;
    private final Optional<Image> parent;
    private final SideChangeLog changes;
    private final int blockBytes;

    /// Blocks to which a request is about to add sectors.
    private final Set<Integer> placing = new HashSet<>();

    private volatile long size;

    VhdImage(VhdTables tables, Optional<Image> parent, SideChangeLog changes, boolean readOnly) {
        super(tables.storage().name(), readOnly);
        this.tables = tables;
        this.changes = changes;
        this.parent = parent;
        blockBytes = tables.header().blockBytes();
        size = tables.footer().diskBytes();
    }

    VhdTables tables() {
        return tables;
    }

    Optional<Image> parent() {
        return parent;
    }

    @Override
    ChangeTracker tracker() {
        return changes;
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.VHD;
    }

    @Override
    public long size() {
        return size;
    }

    static void checkSize(String name, long bytes) throws ImageException {
        if (bytes % SECTOR_BYTES != 0 || bytes > VhdFooter.SIZE_MAX) {
            throw new ImageException.Refused(
                    "%s: a VHD has whole sectors, and %d bytes at most, not %d"
                            .formatted(name, VhdFooter.SIZE_MAX, bytes));
        }
    }

    private int block(long offset) {
        return (int) (offset / blockBytes);
    }

    private int inBlock(long offset) {
        return (int) (offset % blockBytes);
    }

    /// Bytes that are kept alike: at `hostOffset` in this file, or not here.
    private record Stretch(boolean present, long hostOffset, long bytes) {}

    /// What is at `offset`, and how far the same goes, within one block. The lock is held.
    private Stretch look(long offset, long bytesMax) throws ImageException {
        int block = block(offset);
        int at = inBlock(offset);
        long bytes = Math.min(bytesMax, blockBytes - at);
        long blockOffset = tables.blockOffset(block);
        if (blockOffset < 0) {
            return new Stretch(false, 0, bytes);
        }
        int sector = at / SECTOR_BYTES;
        boolean present = tables.isPresent(block, sector);
        int end = sector + 1;
        while ((long) end * SECTOR_BYTES < at + bytes && tables.isPresent(block, end) == present) {
            end++;
        }
        long hostOffset = blockOffset + tables.header().bitmapBytes() + at;
        return new Stretch(present, hostOffset, Math.min(bytes, (long) end * SECTOR_BYTES - at));
    }

    private Stretch lookLocked(long offset, long bytesMax) throws ImageException {
        tables.lock.lock();
        try {
            return look(offset, bytesMax);
        } finally {
            tables.lock.unlock();
        }
    }

    @Override
    void readInside(long offset, ByteBuffer target) throws ImageException {
        long at = offset;
        while (target.hasRemaining()) {
            var stretch = lookLocked(at, target.remaining());
            var piece = Bytes.take(target, (int) stretch.bytes);
            if (stretch.present) {
                tables.storage().read(stretch.hostOffset, piece);
            } else {
                readParent(at, piece);
            }
            at += stretch.bytes;
        }
    }

    private void readParent(long at, ByteBuffer piece) throws ImageException {
        int known = (int) Math.min(piece.remaining(), parentBytes(at));
        if (known > 0) {
            parent.get().read(at, Bytes.take(piece, known));
        }
        Bytes.fillWithZeros(piece, piece.remaining());
    }

    /// How many bytes of the parent are behind `at`.
    private long parentBytes(long at) {
        return parent.isEmpty() ? 0 : Math.max(0, parent.get().size() - at);
    }

    @Override
    void writeInside(long offset, ByteBuffer source) throws ImageException {
        long at = offset;
        while (source.hasRemaining()) {
            int bytes = Math.min(source.remaining(), blockBytes - inBlock(at));
            change(at, bytes, new Data(Bytes.take(source, bytes)));
            at += bytes;
        }
    }

    /// What is put into sectors.
    private sealed interface Content {}

    private record Data(ByteBuffer bytes) implements Content {}

    private record Zeros() implements Content {}

    /// Changes a range inside one block.
    private void change(long at, int bytes, Content content) throws ImageException {
        int block = block(at);
        long hostOffset;
        tables.lock.lock();
        try {
            while (placing.contains(block)) {
                tables.settled.awaitUninterruptibly();
            }
            var stretch = look(at, bytes);
            if (stretch.present && stretch.bytes == bytes) {
                hostOffset = stretch.hostOffset;
            } else {
                hostOffset = -1;
                placing.add(block);
            }
        } finally {
            tables.lock.unlock();
        }
        if (hostOffset >= 0) {
            put(hostOffset, bytes, content);
        } else {
            addSectors(block, at, bytes, content);
        }
    }

    private void put(long hostOffset, int bytes, Content content) throws ImageException {
        switch (content) {
            case Data data -> tables.storage().write(hostOffset, data.bytes);
            case Zeros _ -> zero(hostOffset, bytes);
        }
    }

    private void zero(long hostOffset, long bytes) throws ImageException {
        long inFile = Math.min(bytes, tables.storage().size() - hostOffset);
        if (inFile > 0) {
            tables.storage().zero(hostOffset, inFile);
        }
    }

    /// The block is this request's alone.
    private void addSectors(int block, long at, int bytes, Content content) throws ImageException {
        try {
            long blockOffset;
            tables.lock.lock();
            try {
                if (tables.blockOffset(block) < 0) {
                    tables.allocate(block, parent.isEmpty());
                }
                blockOffset = tables.blockOffset(block) + tables.header().bitmapBytes();
            } finally {
                tables.lock.unlock();
            }
            completeSector(at / SECTOR_BYTES, blockOffset);
            completeSector((at + bytes - 1) / SECTOR_BYTES, blockOffset);
            put(blockOffset + inBlock(at), bytes, content);
            int first = inBlock(at) / SECTOR_BYTES;
            int last = (inBlock(at) + bytes - 1) / SECTOR_BYTES;
            tables.lock.lock();
            try {
                tables.setPresent(block, first, last - first + 1);
            } finally {
                tables.lock.unlock();
            }
        } finally {
            tables.lock.lock();
            placing.remove(block);
            tables.settled.signalAll();
            tables.lock.unlock();
        }
    }

    /// Copies a sector of the disk into this file, unless it is there; it may be changed in part.
    private void completeSector(long number, long blockDataOffset) throws ImageException {
        long at = number * SECTOR_BYTES;
        if (lookLocked(at, 1).present) {
            return;
        }
        var sector = ByteBuffer.allocate(SECTOR_BYTES);
        readParent(at, sector);
        tables.storage().write(blockDataOffset + inBlock(at), sector.flip());
    }

    @Override
    void writeZeroesInside(long offset, long bytes) throws ImageException {
        for (long at = offset; at < offset + bytes; ) {
            int piece = (int) Math.min(offset + bytes - at, blockBytes - inBlock(at));
            if (!readsAsZeros(at, piece)) {
                change(at, piece, new Zeros());
            }
            at += piece;
        }
    }

    /// Whether neither this file nor the parent has anything.
    private boolean readsAsZeros(long at, int bytes) throws ImageException {
        var stretch = lookLocked(at, bytes);
        return !stretch.present && stretch.bytes == bytes && parentBytes(at) == 0;
    }

    @Override
    void discardInside(long offset, long bytes) throws ImageException {
        for (long at = offset; at < offset + bytes; ) {
            var stretch = lookLocked(at, offset + bytes - at);
            if (stretch.present) {
                zero(stretch.hostOffset, stretch.bytes);
            }
            at += stretch.bytes;
        }
    }

    @Override
    Extent extentInside(long offset, long bytesMax) throws ImageException {
        var stretch = lookLocked(offset, bytesMax);
        if (stretch.present) {
            return new Extent(
                    offset,
                    stretch.bytes,
                    Extent.Kind.DATA,
                    0,
                    OptionalLong.of(stretch.hostOffset));
        }
        long below = Math.min(stretch.bytes, parentBytes(offset));
        return below > 0
                ? parent.get().extent(offset, below).deeper()
                : new Extent(offset, stretch.bytes, Extent.Kind.ABSENT, 0, OptionalLong.empty());
    }

    @Override
    boolean isOverdue() {
        return tables.isOverdue();
    }

    @Override
    void flushFiles() throws ImageException {
        tables.flush();
    }

    @Override
    void checkNewSize(long bytes) throws ImageException {
        checkSize(name(), bytes);
        if (Math.ceilDiv(bytes, (long) blockBytes) > VhdHeader.ENTRIES_MAX) {
            throw new ImageException.Refused(
                    "%s: %d bytes are more than blocks of %d bytes allow"
                            .formatted(name(), bytes, blockBytes));
        }
    }

    @Override
    void resizeAlone(long bytes) throws ImageException {
        long old = size;
        int entries = (int) Math.ceilDiv(bytes, (long) blockBytes);
        if (bytes > old) {
            tables.growTable(entries);
            forgetFrom(old);
            long inLast = Math.min(bytes, Bytes.roundUp(old, blockBytes));
            writeZeroesInside(old, Math.max(inLast, Math.min(bytes, old + parentBytes(old))) - old);
            tables.flush();
        }
        tables.setSize(bytes);
        size = bytes;
        if (bytes < old) {
            forgetFrom(bytes);
            tables.flush();
        }
    }

    /// Blocks that are wholly behind `from` are no longer in this file.
    private void forgetFrom(long from) {
        int first = (int) Math.ceilDiv(from, (long) blockBytes);
        for (int block = first; block < tables.header().entries(); block++) {
            tables.forget(block);
        }
    }

    /// All of the disk is the parent's again. Called alone.
    void empty() throws ImageException {
        changes.mark(0, size);
        forgetFrom(0);
        tables.flush();
        tables.dropBlocks();
    }

    @Override
    void closeAlone() throws ImageException {
        try {
            if (!readOnly()) {
                tables.flush();
                tables.trim();
                changes.save();
            }
        } finally {
            try {
                tables.storage().close();
            } finally {
                if (parent.isPresent()) {
                    parent.get().close();
                }
            }
        }
    }
}
