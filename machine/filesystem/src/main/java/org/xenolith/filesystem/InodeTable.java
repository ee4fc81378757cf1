package org.xenolith.filesystem;

import java.nio.ByteBuffer;

/// Finds inodes by way of the descriptors of block groups.
record InodeTable(Blocks blocks, SuperBlock superBlock) {
    static final long ROOT = 2;

    Inode inode(long number) throws DiskException {
        if (number < 1 || number > superBlock.inodes()) {
            throw new DiskException.Damaged(
                    "the file system points to inode %d and has %d"
                            .formatted(number, superBlock.inodes()));
        }
        long group = (number - 1) / superBlock.inodesPerGroup();
        long index = (number - 1) % superBlock.inodesPerGroup();
        var content = new byte[superBlock.inodeBytes()];
        blocks.read(table(group), index * content.length, ByteBuffer.wrap(content));
        return new Inode(number, new Fields(content, "inode " + number));
    }

    /// The block in which a group's table begins.
    private long table(long group) throws DiskException {
        int perBlock = superBlock.blockBytes() / superBlock.descriptorBytes();
        var descriptors =
                blocks.metadata(descriptorBlock(group / perBlock, perBlock), "group descriptors");
        int at = (int) (group % perBlock) * superBlock.descriptorBytes();
        long block = descriptors.u32(at + 8);
        if (superBlock.features().isWide()) {
            block |= descriptors.u32(at + 40) << 32;
        }
        blocks.requireInside(block, 1);
        return block;
    }

    /// Where block `index` of the descriptors is: all of them behind the super block, or, with
    /// `meta_bg`, each in the first of the groups that it describes.
    private long descriptorBlock(long index, int perBlock) {
        if (!superBlock.features().hasMetaGroups() || index < superBlock.firstMetaGroup()) {
            // The super block is in block 0 or, with blocks of 1 KiB, in block 1.
            long own = superBlock.blockBytes() == SuperBlock.OFFSET ? 1 : 0;
            return own + 1 + index;
        }
        long group = index * perBlock;
        long first = superBlock.firstBlock() + group * superBlock.blocksPerGroup();
        boolean clusters =
                superBlock.blockBytes() == SuperBlock.OFFSET && superBlock.firstBlock() == 0;
        return first + (hasSuperBlock(group) ? 1 : 0) + (clusters && group == 0 ? 1 : 0);
    }

    /// Whether a group begins with a copy of the super block.
    private boolean hasSuperBlock(long group) {
        if (group == 0) {
            return true;
        }
        var features = superBlock.features();
        if (features.hasTwoCopies()) {
            return group == superBlock.backupGroups()[0] || group == superBlock.backupGroups()[1];
        }
        return group == 1
                || !features.hasFewCopies()
                || isPowerOf(3, group)
                || isPowerOf(5, group)
                || isPowerOf(7, group);
    }

    private static boolean isPowerOf(long base, long number) {
        long power = base;
        while (power < number) {
            power *= base;
        }
        return power == number;
    }
}
