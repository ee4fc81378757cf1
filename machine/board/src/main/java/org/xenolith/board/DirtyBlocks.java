package org.xenolith.board;

import java.util.concurrent.atomic.AtomicLongArray;

/// Which blocks of a disk have been written since somebody looked. Who writes marks afterwards; who
/// copies takes a mark away before. So no write is missed. May be used from any thread.
final class DirtyBlocks {
    /// Bytes of a block.
    static final int BLOCK_BYTES = 64 << 10;

    private final AtomicLongArray words;
    private final int count;

    /// Of a disk of so many bytes, all of whose blocks are marked.
    DirtyBlocks(long bytes) {
        count = Math.toIntExact((bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
        words = new AtomicLongArray((count + Long.SIZE - 1) / Long.SIZE);
        for (int block = 0; block < count; block++) {
            mark(block);
        }
    }

    private void mark(int block) {
        words.accumulateAndGet(block / Long.SIZE, 1L << block, (a, b) -> a | b);
    }

    /// A range has been written.
    void written(long offset, long bytes) {
        int first = (int) (offset / BLOCK_BYTES);
        int last = (int) Math.min(count - 1L, (offset + bytes - 1) / BLOCK_BYTES);
        for (int block = first; block <= last; block++) {
            mark(block);
        }
    }

    /// Takes away the first mark from `block` on; returns where it was, or -1.
    int take(int block) {
        for (int at = block; at < count; at++) {
            long bit = 1L << at;
            long before = words.getAndAccumulate(at / Long.SIZE, ~bit, (a, b) -> a & b);
            if ((before & bit) != 0) {
                return at;
            }
        }
        return -1;
    }

    /// Bytes that are marked, in whole blocks.
    long bytes() {
        long marked = 0;
        for (int i = 0; i < words.length(); i++) {
            marked += Long.bitCount(words.get(i));
        }
        return marked * BLOCK_BYTES;
    }
}
