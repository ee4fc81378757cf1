package org.xenolith.filesystem;

import java.util.Arrays;

/// The names in a piece of a directory (`struct ext4_dir_entry_2`): a block of it, or what an inode
/// holds inline. The inner blocks of a hashed directory look like blocks without names, so that a
/// directory of any kind is read as a list.
final class Directory {
    private static final int HEADER_BYTES = 8;
    private static final int LARGE = 1 << 16;

    /// Takes the names in turn.
    @FunctionalInterface
    interface Visitor {
        /// False ends the visit.
        boolean visit(byte[] name, long inode) throws DiskException;
    }

    private Directory() {}

    /// Visits the names in `piece`. False if the visitor ended it.
    static boolean visit(Fields piece, Visitor visitor) throws DiskException {
        for (int at = 0; at + HEADER_BYTES <= piece.length(); ) {
            int length = recordBytes(piece.u16(at + 4), piece.length());
            int nameBytes = piece.u8(at + 6);
            if (length < HEADER_BYTES
                    || length % 4 != 0
                    || length > piece.length() - at
                    || HEADER_BYTES + nameBytes > length) {
                throw new DiskException.Damaged("a directory is corrupt");
            }
            long inode = piece.u32(at);
            boolean used = inode != 0 && nameBytes > 0;
            if (used && !visitor.visit(piece.slice(at + HEADER_BYTES, nameBytes), inode)) {
                return false;
            }
            at += length;
        }
        return true;
    }

    /// In blocks of 64 KiB two bits that are always zero stand for the highest ones.
    private static int recordBytes(int raw, int pieceBytes) {
        if (pieceBytes < LARGE) {
            return raw;
        }
        return raw == LARGE - 1 || raw == 0 ? LARGE : raw & 0xFFFC | (raw & 3) << 16;
    }

    static boolean isSelfOrParent(byte[] name) {
        return Arrays.equals(name, new byte[] {'.'}) || Arrays.equals(name, new byte[] {'.', '.'});
    }
}
