package org.xenolith.filesystem;

/// The older way of ext2 and ext3: twelve numbers of blocks in the inode, and then blocks of
/// numbers, up to three deep.
record BlockMap(Blocks blocks, Fields root) implements FileMap {
    private static final int DIRECT = 12;
    private static final int NUMBER_BYTES = 4;
    private static final int DEPTH_MAX = 3;

    @Override
    public Run find(long block) throws DiskException {
        if (block < DIRECT) {
            return run(root, (int) block, DIRECT);
        }
        long perBlock = blocks.blockBytes() / NUMBER_BYTES;
        long index = block - DIRECT;
        long span = 1; // blocks of the file behind one number of the current depth
        for (int depth = 1; depth <= DEPTH_MAX; depth++) {
            if (index < span * perBlock) {
                return below(root, DIRECT + depth - 1, index, depth, span);
            }
            span *= perBlock;
            index -= span;
        }
        throw new DiskException.Damaged("a file is longer than its map of blocks");
    }

    /// Descends from number `at` of `node`, `depth` blocks of numbers deep.
    private Run below(Fields node, int at, long index, int depth, long span) throws DiskException {
        int perBlock = blocks.blockBytes() / NUMBER_BYTES;
        var numbers = node;
        int slot = at;
        long left = index;
        long each = span;
        for (int i = depth; i > 0; i--) {
            long number = numbers.u32(NUMBER_BYTES * slot);
            if (number == 0) {
                return Run.hole(each * perBlock - left);
            }
            numbers = blocks.metadata(number, "a map of blocks");
            slot = (int) (left / each);
            left %= each;
            each /= perBlock;
        }
        return run(numbers, slot, perBlock);
    }

    /// As many blocks as follow each other.
    private Run run(Fields numbers, int slot, int slots) throws DiskException {
        long first = numbers.u32(NUMBER_BYTES * slot);
        int count = 1;
        while (slot + count < slots) {
            long next = numbers.u32(NUMBER_BYTES * (slot + count));
            if (next != (first == 0 ? 0 : first + count)) {
                break;
            }
            count++;
        }
        if (first == 0) {
            return Run.hole(count);
        }
        blocks.requireInside(first, count);
        return new Run(first, count);
    }
}
