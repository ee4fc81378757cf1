package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// The header of a dynamic or differencing VHD file (Virtual Hard Disk Image Format Specification,
/// Dynamic Disk Header Format).
///
/// @param tableOffset where the block allocation table is, with room for `entries`
/// @param parentId of a differencing disk's parent; zero if that is a raw file, as blktap2 has it
record VhdHeader(
        long tableOffset,
        int entries,
        int blockBytes,
        UUID parentId,
        int parentTimestamp,
        String parentName,
        List<Locator> locators) {
    static final int BYTES = 1024;
    static final int BLOCK_BYTES_USUAL = 2 << 20;
    static final int BLOCK_BYTES_MAX = 256 << 20;
    static final int ENTRIES_MAX = 1 << 22;
    static final UUID NO_PARENT = new UUID(0, 0);
    static final int LOCATORS = 8;

    private static final long COOKIE = 0x6378_7370_6172_7365L; // "cxsparse"
    private static final int VERSION = 0x0001_0000;
    private static final int CHECKSUM_AT = 36;
    private static final int PARENT_NAME_AT = 64;
    private static final int PARENT_NAME_BYTES = 512;
    private static final int LOCATORS_AT = 576;
    private static final int LOCATOR_BYTES = 24;

    /// Where a platform's name of the parent is: `length` of `space` bytes at `offset`.
    record Locator(int platform, int space, int length, long offset) {
        /// UTF-16, little-endian; relative and absolute.
        static final int W2RU = 0x5732_7275;

        static final int W2KU = 0x5732_6B75;

        /// A file URL, as blktap2 writes for its own use.
        static final int MACX = 0x4D61_6358;
    }

    VhdHeader withTable(long offset, int newEntries) {
        return new VhdHeader(
                offset, newEntries, blockBytes, parentId, parentTimestamp, parentName, locators);
    }

    /// Bytes of the bitmap before each block.
    int bitmapBytes() {
        return (int) Bytes.roundUp(Math.ceilDiv(blockBytes, 8 * 512), 512);
    }

    /// Bytes of a block with its bitmap.
    long wholeBlockBytes() {
        return (long) bitmapBytes() + blockBytes;
    }

    ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(BYTES);
        bytes.putLong(0, COOKIE).putLong(8, -1).putLong(16, tableOffset).putInt(24, VERSION);
        bytes.putInt(28, entries).putInt(32, blockBytes);
        bytes.putLong(40, parentId.getMostSignificantBits());
        bytes.putLong(48, parentId.getLeastSignificantBits());
        bytes.putInt(56, parentTimestamp);
        var name = parentName.getBytes(StandardCharsets.UTF_16BE);
        bytes.put(PARENT_NAME_AT, name, 0, Math.min(name.length, PARENT_NAME_BYTES - 2));
        for (int i = 0; i < locators.size(); i++) {
            var locator = locators.get(i);
            int at = LOCATORS_AT + i * LOCATOR_BYTES;
            bytes.putInt(at, locator.platform).putInt(at + 4, locator.space);
            bytes.putInt(at + 8, locator.length).putLong(at + 16, locator.offset);
        }
        return bytes.putInt(CHECKSUM_AT, VhdFooter.checksum(bytes, CHECKSUM_AT));
    }

    static VhdHeader read(Storage storage, VhdFooter footer) throws ImageException {
        long offset = footer.dataOffset();
        if (offset < 0 || offset > storage.size() - BYTES) {
            throw damaged(storage, "the dynamic disk header is not inside the file");
        }
        var bytes = ByteBuffer.allocate(BYTES);
        storage.read(offset, bytes);
        if (bytes.getLong(0) != COOKIE) {
            throw damaged(storage, "there is no dynamic disk header");
        }
        if (bytes.getInt(CHECKSUM_AT) != VhdFooter.checksum(bytes, CHECKSUM_AT)) {
            throw damaged(storage, "the dynamic disk header is damaged");
        }
        var header =
                new VhdHeader(
                        bytes.getLong(16),
                        bytes.getInt(28),
                        bytes.getInt(32),
                        new UUID(bytes.getLong(40), bytes.getLong(48)),
                        bytes.getInt(56),
                        parentName(bytes),
                        locators(bytes));
        check(storage, header, footer);
        return header;
    }

    private static String parentName(ByteBuffer bytes) {
        var name = new byte[PARENT_NAME_BYTES];
        bytes.get(PARENT_NAME_AT, name);
        var text = new String(name, StandardCharsets.UTF_16BE);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    private static List<Locator> locators(ByteBuffer bytes) {
        var found = new ArrayList<Locator>();
        for (int i = 0; i < LOCATORS; i++) {
            int at = LOCATORS_AT + i * LOCATOR_BYTES;
            found.add(
                    new Locator(
                            bytes.getInt(at),
                            bytes.getInt(at + 4),
                            bytes.getInt(at + 8),
                            bytes.getLong(at + 16)));
        }
        return found;
    }

    private static void check(Storage storage, VhdHeader header, VhdFooter footer)
            throws ImageException {
        int block = header.blockBytes;
        if (block < 512 || block > BLOCK_BYTES_MAX || Integer.bitCount(block) != 1) {
            throw damaged(storage, "blocks of %s bytes".formatted(Integer.toUnsignedString(block)));
        }
        if (header.entries < 0 || header.entries > ENTRIES_MAX) {
            throw damaged(
                    storage,
                    "a table of %s blocks".formatted(Integer.toUnsignedString(header.entries)));
        }
        if ((long) header.entries * block < footer.diskBytes()) {
            throw damaged(storage, "the block allocation table is too small for the disk");
        }
        long tableEnd = header.tableOffset + header.entries * 4L;
        if (header.tableOffset < 0
                || header.tableOffset % 512 != 0
                || header.tableOffset > storage.size()
                || tableEnd > storage.size()) {
            throw damaged(storage, "the block allocation table is not inside the file");
        }
    }

    private static ImageException damaged(Storage storage, String what) {
        return new ImageException.Damaged(storage.name() + ": " + what);
    }
}
