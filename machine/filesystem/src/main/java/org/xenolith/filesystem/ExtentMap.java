package org.xenolith.filesystem;

/// A tree of extents (`struct ext4_extent_header`), whose root is in the inode.
record ExtentMap(Blocks blocks, Fields root) implements FileMap {
    private static final int MAGIC = 0xF30A;
    private static final int DEPTH_MAX = 5;
    private static final int ENTRY_BYTES = 12;

    /// Longer ones are not written yet and read as zeros.
    private static final int WRITTEN_MAX = 1 << 15;

    /// A file has fewer blocks than this.
    private static final long BLOCKS_MAX = 1L << 32;

    @Override
    public Run find(long block) throws DiskException {
        var node = root;
        int depth = depth(root);
        if (depth > DEPTH_MAX) {
            throw new DiskException.Damaged("a tree of extents is too deep");
        }
        long limit = BLOCKS_MAX;
        while (depth > 0) {
            int at = last(node, block);
            if (at < 0) {
                return hole(block, Math.min(limit, first(node, 0, limit)));
            }
            limit = Math.min(limit, first(node, at + 1, limit));
            int entry = ENTRY_BYTES * (at + 1);
            long child = node.u32(entry + 4) | (long) node.u16(entry + 8) << 32;
            node = blocks.metadata(child, "a tree of extents");
            depth--;
            if (depth(node) != depth) {
                throw new DiskException.Damaged("a tree of extents does not become less deep");
            }
        }
        return leaf(node, block, limit);
    }

    private Run leaf(Fields node, long block, long limit) throws DiskException {
        int at = last(node, block);
        long next = Math.min(limit, first(node, at + 1, limit));
        if (at < 0) {
            return hole(block, next);
        }
        int entry = ENTRY_BYTES * (at + 1);
        long begin = node.u32(entry);
        int length = node.u16(entry + 4);
        boolean written = length <= WRITTEN_MAX;
        long end = begin + (written ? length : length - WRITTEN_MAX);
        if (block >= end) {
            return hole(block, next);
        }
        if (!written) {
            return Run.hole(end - block);
        }
        long physical = node.u32(entry + 8) | (long) node.u16(entry + 6) << 32;
        blocks.requireInside(physical, length);
        return new Run(physical + (block - begin), end - block);
    }

    private static Run hole(long from, long to) throws DiskException {
        if (to <= from) {
            throw new DiskException.Damaged("the extents of a file are not in order");
        }
        return Run.hole(to - from);
    }

    private static int depth(Fields node) throws DiskException {
        if (node.u16(0) != MAGIC) {
            throw new DiskException.Damaged("a tree of extents has lost its mark");
        }
        if (ENTRY_BYTES * (node.u16(2) + 1) > node.length()) {
            throw new DiskException.Damaged("a tree of extents has more entries than room");
        }
        return node.u16(6);
    }

    /// The index of the last entry that begins at or before a block, or -1.
    private static int last(Fields node, long block) throws DiskException {
        int low = 0;
        int high = node.u16(2);
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (node.u32(ENTRY_BYTES * (middle + 1)) <= block) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /// The block of the file with which an entry begins; `otherwise` if there is no such entry.
    private static long first(Fields node, int index, long otherwise) throws DiskException {
        return index < node.u16(2) ? node.u32(ENTRY_BYTES * (index + 1)) : otherwise;
    }
}
