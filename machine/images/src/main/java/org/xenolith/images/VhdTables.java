package org.xenolith.images;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The block allocation table and the sector bitmaps of a dynamic or differencing VHD file, and the
/// order in which their changes reach it: data and new blocks first, then the bits and entries that
/// make them count.
///
/// [#lock] guards everything but [#flush] itself.
final class VhdTables {
    private static final int ABSENT = -1;
    private static final int CACHE_BYTES_MAX = 2 << 20;
    private static final int DIRTY_BYTES_MAX = 1 << 20;

    /// Entries that are written at once: those of a sector.
    private static final int PIECE = 128;

    final ReentrantLock lock = new ReentrantLock();
    final Condition settled = lock.newCondition();

    private final ReentrantLock flushing = new ReentrantLock();
    private final Storage storage;
    private final SliceCache bitmaps;
    private VhdHeader header;
    private VhdFooter footer;
    private int[] table;
    private final BitSet dirtyPieces = new BitSet();

    /// Where the next block will be, and the footer is.
    private long end;

    /// Whether [#end] has moved.
    private boolean extended;

    VhdTables(Storage storage, VhdFooter footer, VhdHeader header) throws ImageException {
        this.storage = storage;
        this.footer = footer;
        this.header = header;
        bitmaps = new SliceCache(storage, 512, CACHE_BYTES_MAX);
        table = readTable();
        end = findEnd();
    }

    private int[] readTable() throws ImageException {
        var bytes = ByteBuffer.allocate(header.entries() * 4);
        storage.read(header.tableOffset(), bytes);
        var entries = new int[header.entries()];
        bytes.flip().asIntBuffer().get(entries);
        return entries;
    }

    private long findEnd() throws ImageException {
        long found =
                Math.max(
                        footer.dataOffset() + VhdHeader.BYTES,
                        header.tableOffset() + table.length * 4L);
        for (var locator : header.locators()) {
            if (locator.offset() > 0 && locator.offset() < storage.size()) {
                // The field should be in bytes; some write sectors.
                int bytes = Math.max(locator.space(), locator.length());
                found = Math.max(found, locator.offset() + Math.max(0, bytes));
            }
        }
        for (int entry : table) {
            if (entry != ABSENT) {
                found = Math.max(found, offset(entry) + header.wholeBlockBytes());
            }
        }
        return Bytes.roundUp(found, 512);
    }

    VhdHeader header() {
        return header;
    }

    VhdFooter footer() {
        return footer;
    }

    Storage storage() {
        return storage;
    }

    long end() {
        return end;
    }

    private static long offset(int entry) {
        return (entry & 0xFFFF_FFFFL) * 512;
    }

    /// Where a block's bitmap is; -1 if the block is not in this file.
    long blockOffset(int block) throws ImageException {
        int entry = table[block];
        if (entry == ABSENT) {
            return -1;
        }
        long offset = offset(entry);
        if (offset < footer.dataOffset() + VhdHeader.BYTES
                || overlapsTable(offset)
                || offset >= storage.size()) {
            throw new ImageException.Damaged(
                    "%s: block %d at %#x".formatted(storage.name(), block, offset));
        }
        return offset;
    }

    private boolean overlapsTable(long offset) {
        return offset < header.tableOffset() + table.length * 4L
                && offset + header.wholeBlockBytes() > header.tableOffset();
    }

    /// Whether the sector is kept in this file; the block must be.
    boolean isPresent(int block, int sector) throws ImageException {
        long at = blockOffset(block) + sector / 8;
        return (bitmaps.around(at).get(bitmaps.inSlice(at)) & 0x80 >> sector % 8) != 0;
    }

    void setPresent(int block, int firstSector, int count) throws ImageException {
        long offset = blockOffset(block);
        for (int sector = firstSector; sector < firstSector + count; sector++) {
            long at = offset + sector / 8;
            int bit = 0x80 >> sector % 8;
            int inSlice = bitmaps.inSlice(at);
            if ((bitmaps.around(at).get(inSlice) & bit) == 0) {
                var slice = bitmaps.toChange(at);
                slice.put(inSlice, (byte) (slice.get(inSlice) | bit));
            }
        }
    }

    /// A new block of zeros at the end, with all sectors present or none.
    void allocate(int block, boolean present) throws ImageException {
        if (end / 512 >= 0xFFFF_FFFFL - header.wholeBlockBytes() / 512) {
            throw new ImageException.Refused(
                    storage.name() + ": the file has reached the size that its format allows");
        }
        long inFile = Math.min(header.wholeBlockBytes(), storage.size() - end);
        if (inFile > 0) {
            storage.zero(end, inFile);
        }
        var bitmap = new byte[header.bitmapBytes()];
        if (present) {
            Arrays.fill(bitmap, 0, Math.max(1, header.blockBytes() / 512 / 8), (byte) -1);
        }
        bitmaps.forget(end, bitmap.length);
        storage.write(end, ByteBuffer.wrap(bitmap));
        table[block] = (int) (end / 512);
        dirtyPieces.set(block / PIECE);
        end += header.wholeBlockBytes();
        extended = true;
        storage.write(end, footer.encode());
    }

    /// The block is no longer in this file; its space is lost.
    void forget(int block) {
        if (table[block] != ABSENT) {
            table[block] = ABSENT;
            dirtyPieces.set(block / PIECE);
        }
    }

    boolean isOverdue() {
        lock.lock();
        try {
            return bitmaps.dirtyBytes() > DIRTY_BYTES_MAX;
        } finally {
            lock.unlock();
        }
    }

    /// A changed part of the table, and where it is in the file.
    private record Piece(long offset, ByteBuffer entries) {}

    void flush() throws ImageException {
        flushing.lock();
        try {
            List<SliceCache.Snapshot> bits;
            List<Piece> pieces;
            lock.lock();
            try {
                bits = bitmaps.collect();
                pieces = dirtyPieces.stream().mapToObj(this::piece).toList();
                dirtyPieces.clear();
            } finally {
                lock.unlock();
            }
            write(bits, pieces);
        } finally {
            flushing.unlock();
        }
    }

    private Piece piece(int number) {
        int from = number * PIECE;
        int to = Math.min(table.length, from + PIECE);
        var bytes = ByteBuffer.allocate((to - from) * 4);
        bytes.asIntBuffer().put(table, from, to - from);
        return new Piece(header.tableOffset() + from * 4L, bytes);
    }

    private void write(List<SliceCache.Snapshot> bits, List<Piece> pieces) throws ImageException {
        boolean written = false;
        try {
            storage.flush();
            if (!bits.isEmpty() || !pieces.isEmpty()) {
                for (var slice : bits) {
                    slice.writeTo(storage);
                }
                for (var piece : pieces) {
                    storage.write(piece.offset, piece.entries.duplicate());
                }
                storage.flush();
            }
            written = true;
        } finally {
            lock.lock();
            try {
                if (written) {
                    bitmaps.written(bits);
                } else {
                    bitmaps.notWritten(bits);
                    dirtyPieces.set(0, Math.ceilDiv(table.length, PIECE));
                }
            } finally {
                lock.unlock();
            }
        }
    }

    // Called alone

    /// Room for more blocks: a longer table, at the end.
    void growTable(int entries) throws ImageException {
        if (entries <= table.length) {
            return;
        }
        flush();
        var longer = Arrays.copyOf(table, entries);
        Arrays.fill(longer, table.length, entries, ABSENT);
        int bytes = (int) Bytes.roundUp(entries * 4L, 512);
        var content = ByteBuffer.allocate(bytes);
        content.asIntBuffer().put(longer);
        Arrays.fill(content.array(), entries * 4, bytes, (byte) -1);
        long offset = end;
        storage.write(offset, content);
        end += bytes;
        extended = true;
        storage.write(end, footer.encode());
        storage.flush();
        header = header.withTable(offset, entries);
        storage.write(footer.dataOffset(), header.encode());
        storage.flush();
        table = longer;
    }

    /// After all blocks were forgotten: their space goes back to the host.
    void dropBlocks() throws ImageException {
        end = findEnd();
        writeFooter();
    }

    /// The last footer of the file decides; there may be space that was given up before it.
    void setSize(long bytes) throws ImageException {
        footer = footer.withSize(bytes);
        storage.write(0, footer.encode());
        storage.flush();
        storage.write(Math.max(end, storage.size() - VhdFooter.BYTES), footer.encode());
        storage.flush();
        writeFooter();
    }

    /// Before the file is closed: nothing is behind the footer.
    void trim() throws ImageException {
        if (extended) {
            writeFooter();
        }
    }

    private void writeFooter() throws ImageException {
        storage.write(end, footer.encode());
        storage.resize(end + VhdFooter.BYTES);
        storage.flush();
    }
}
