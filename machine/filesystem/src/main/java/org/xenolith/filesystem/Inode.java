package org.xenolith.filesystem;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A file as ext4 keeps it (`struct ext4_inode`).
///
/// @param number from 1
/// @param fields the whole entry of the inode table
record Inode(long number, Fields fields) {
    private static final int AREA = 40;

    /// Bytes that hold a map of blocks, the root of a tree of extents, or content.
    static final int AREA_BYTES = 60;

    private static final int OLD_BYTES = 128;
    private static final int KIND_MASK = 0xF000;
    private static final int KIND_DIRECTORY = 0x4000;
    private static final int KIND_FILE = 0x8000;
    private static final int KIND_LINK = 0xA000;

    private static final long ENCRYPTED = 0x800;
    private static final long EXTENTS = 0x8_0000;
    private static final long INLINE = 0x1000_0000;

    private static final long ATTRIBUTES_MAGIC = 0xEA02_0000L;
    private static final int ATTRIBUTE_BYTES = 16;
    private static final int INDEX_SYSTEM = 7;
    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);

    private int kind() throws DiskException {
        return fields.u16(0) & KIND_MASK;
    }

    boolean isDirectory() throws DiskException {
        return kind() == KIND_DIRECTORY;
    }

    boolean isFile() throws DiskException {
        return kind() == KIND_FILE;
    }

    boolean isLink() throws DiskException {
        return kind() == KIND_LINK;
    }

    /// Bytes of content.
    long size() throws DiskException {
        long size = fields.u32(4) | fields.u32(108) << 32;
        if (size < 0) {
            throw new DiskException.Damaged("a file has an impossible size");
        }
        return size;
    }

    private boolean has(long flag) throws DiskException {
        return (fields.u32(32) & flag) != 0;
    }

    boolean isInline() throws DiskException {
        return has(INLINE);
    }

    /// Whether the target of a symbolic link stands where other files have their map.
    boolean isShortLink() throws DiskException {
        return isLink() && size() < AREA_BYTES && !has(EXTENTS);
    }

    void requireReadable() throws DiskException {
        if (has(ENCRYPTED)) {
            throw new DiskException.Unsupported("the file is encrypted");
        }
    }

    byte[] area() throws DiskException {
        return fields.slice(AREA, AREA_BYTES);
    }

    FileMap map(Blocks blocks) throws DiskException {
        var root = new Fields(area(), "the map of a file");
        return has(EXTENTS) ? new ExtentMap(blocks, root) : new BlockMap(blocks, root);
    }

    /// What does not fit into the area of a file that is inline: the extended attribute
    /// `system.data` in what remains of the inode. Empty if there is none.
    byte[] inlineRest() throws DiskException {
        if (fields.length() <= OLD_BYTES) {
            return new byte[0];
        }
        int begin = OLD_BYTES + fields.u16(OLD_BYTES);
        if (begin + 4 > fields.length() || fields.u32(begin) != ATTRIBUTES_MAGIC) {
            return new byte[0];
        }
        int values = begin + 4;
        for (int at = values; at + 4 <= fields.length() && fields.u32(at) != 0; ) {
            int nameBytes = fields.u8(at);
            boolean found =
                    fields.u8(at + 1) == INDEX_SYSTEM
                            && Arrays.equals(fields.slice(at + ATTRIBUTE_BYTES, nameBytes), DATA);
            if (found) {
                long length = fields.u32(at + 8);
                return fields.slice(
                        values + fields.u16(at + 2), (int) Math.min(length, Integer.MAX_VALUE));
            }
            at += ATTRIBUTE_BYTES + (nameBytes + 3 & ~3);
        }
        return new byte[0];
    }
}
