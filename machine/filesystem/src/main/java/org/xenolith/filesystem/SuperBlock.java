package org.xenolith.filesystem;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/// What ext4 says of itself (`struct ext4_super_block`), checked.
///
/// @param blocks of the file system
/// @param firstBlock the block in which group 0 begins
/// @param inodeBytes of an entry of an inode table
/// @param descriptorBytes of an entry of the group descriptors
/// @param firstMetaGroup from this block of descriptors on, each lies in the groups it describes
/// @param backupGroups with `sparse_super2`, the two groups that have copies of the super block
/// @param journalInode 0 if there is none
record SuperBlock(
        int blockBytes,
        long blocks,
        long inodes,
        long firstBlock,
        long blocksPerGroup,
        long inodesPerGroup,
        int inodeBytes,
        int descriptorBytes,
        Features features,
        long firstMetaGroup,
        long[] backupGroups,
        long journalInode,
        String uuid,
        String label) {
    static final long OFFSET = 1024;
    static final int BYTES = 1024;

    private static final int MAGIC = 0xEF53;
    private static final int BLOCK_BITS_MIN = 10;
    private static final int BLOCK_BITS_MAX = 16;
    private static final int INODE_BYTES_OLD = 128;
    private static final int DESCRIPTOR_BYTES_OLD = 32;
    private static final int DESCRIPTOR_BYTES_64BIT = 64;
    private static final int DESCRIPTOR_BYTES_MAX = 1024;
    private static final int CHECKSUM = 1020;

    /// The feature bits: what may be ignored, what must be known, what must be known to write.
    record Features(long compatible, long incompatible, long readOnlyCompatible) {
        private static final long JOURNAL = 0x4;
        private static final long SPARSE_SUPER2 = 0x200;
        private static final long RECOVER = 0x4;
        private static final long JOURNAL_DEVICE = 0x8;
        private static final long META_GROUPS = 0x10;
        private static final long WIDE = 0x80;
        private static final long SPARSE_SUPER = 0x1;
        private static final long METADATA_CHECKSUMS = 0x400;

        /// Filetype, recover, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed,
        /// large_dir, inline_data, encrypt, casefold.
        private static final long KNOWN =
                0x2
                        | RECOVER
                        | META_GROUPS
                        | 0x40
                        | WIDE
                        | 0x100
                        | 0x200
                        | 0x400
                        | 0x2000
                        | 0x4000
                        | 0x8000
                        | 0x1_0000
                        | 0x2_0000;

        boolean hasJournal() {
            return (compatible & JOURNAL) != 0;
        }

        boolean needsRecovery() {
            return (incompatible & RECOVER) != 0;
        }

        boolean hasMetaGroups() {
            return (incompatible & META_GROUPS) != 0;
        }

        boolean isWide() {
            return (incompatible & WIDE) != 0;
        }

        boolean hasFewCopies() {
            return (readOnlyCompatible & SPARSE_SUPER) != 0;
        }

        boolean hasTwoCopies() {
            return (compatible & SPARSE_SUPER2) != 0;
        }

        boolean hasChecksums() {
            return (readOnlyCompatible & METADATA_CHECKSUMS) != 0;
        }

        void check() throws DiskException.Unsupported {
            if ((incompatible & JOURNAL_DEVICE) != 0) {
                throw new DiskException.Unsupported("it is a journal of another file system");
            }
            if ((incompatible & ~KNOWN) != 0) {
                throw new DiskException.Unsupported(
                        "the file system has unknown features, 0x%x"
                                .formatted(incompatible & ~KNOWN));
            }
        }
    }

    /// Whether a disk begins as ext2, ext3 and ext4 do.
    static boolean isOn(Disk disk) throws DiskException {
        return disk.size() >= OFFSET + BYTES
                && Fields.read(disk, OFFSET, BYTES, "the super block").u16(56) == MAGIC;
    }

    /// `diskBytes` bounds what the file system may say of its size.
    static SuperBlock parse(Fields fields, long diskBytes) throws DiskException {
        if (fields.u16(56) != MAGIC) {
            throw new DiskException.Damaged("the super block has lost its mark");
        }
        var features = new Features(fields.u32(92), fields.u32(96), fields.u32(100));
        features.check();
        if (features.hasChecksums() && fields.u32(CHECKSUM) != checksum(fields)) {
            throw new DiskException.Damaged("the super block does not have its checksum");
        }
        boolean dynamic = fields.u32(76) >= 1;
        long blockBits = BLOCK_BITS_MIN + fields.u32(24);
        require(blockBits <= BLOCK_BITS_MAX, "the block size");
        var parsed =
                new SuperBlock(
                        1 << blockBits,
                        fields.u32(4) | (features.isWide() ? fields.u32(336) << 32 : 0),
                        fields.u32(0),
                        fields.u32(20),
                        fields.u32(32),
                        fields.u32(40),
                        dynamic ? fields.u16(88) : INODE_BYTES_OLD,
                        features.isWide() ? fields.u16(254) : DESCRIPTOR_BYTES_OLD,
                        features,
                        fields.u32(260),
                        new long[] {fields.u32(588), fields.u32(592)},
                        features.hasJournal() ? fields.u32(224) : 0,
                        uuid(fields.slice(104, 16)),
                        label(fields.slice(120, 16)));
        parsed.check(diskBytes);
        return parsed;
    }

    private static long checksum(Fields fields) throws DiskException.Damaged {
        var crc = new CRC32C();
        crc.update(fields.slice(0, CHECKSUM));
        return ~crc.getValue() & 0xFFFF_FFFFL; // Linux does not invert the result
    }

    private void check(long diskBytes) throws DiskException.Damaged {
        long bitmapBits = 8L * blockBytes;
        require(blocks > 0 && firstBlock <= 1 && firstBlock < blocks, "the number of blocks");
        if (blocks > diskBytes / blockBytes) {
            throw new DiskException.Damaged(
                    "the file system has %s blocks of %d bytes and does not fit the %d bytes of its disk"
                            .formatted(Long.toUnsignedString(blocks), blockBytes, diskBytes));
        }
        // With clusters (bigalloc) a bit stands for up to 2^16 blocks.
        require(blocksPerGroup > 0 && blocksPerGroup <= bitmapBits << 16, "the size of a group");
        require(inodesPerGroup > 0 && inodesPerGroup <= bitmapBits, "the inodes of a group");
        require(inodes <= inodesPerGroup * groups(), "the number of inodes");
        require(
                inodeBytes >= INODE_BYTES_OLD
                        && inodeBytes <= blockBytes
                        && Integer.bitCount(inodeBytes) == 1,
                "the size of an inode");
        int descriptorMin = features.isWide() ? DESCRIPTOR_BYTES_64BIT : DESCRIPTOR_BYTES_OLD;
        require(
                descriptorBytes >= descriptorMin
                        && descriptorBytes <= DESCRIPTOR_BYTES_MAX
                        && Integer.bitCount(descriptorBytes) == 1,
                "the size of a group descriptor");
    }

    private static void require(boolean right, String what) throws DiskException.Damaged {
        if (!right) {
            throw new DiskException.Damaged("the super block is wrong in " + what);
        }
    }

    long groups() {
        return (blocks - firstBlock + blocksPerGroup - 1) / blocksPerGroup;
    }

    private static String uuid(byte[] bytes) {
        var digits = HexFormat.of().formatHex(bytes);
        return digits.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5");
    }

    private static String label(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
}
