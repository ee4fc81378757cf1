package org.xenolith.engine.soft;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;

/// Blocks by what they were made from, chained through [Block#next]. **Hot path** ([#find]).
///
/// Any thread may look; one at a time may change it. A look that meets a change may miss a block,
/// never find a wrong one.
final class BlockTable {
    private static final int BUCKETS_MIN = 1 << 10;
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(Block[].class);

    private volatile Block[] buckets = new Block[BUCKETS_MIN];
    private int size;

    private static int bucket(Block[] buckets, long host, long pc, int mode) {
        long mixed = (host ^ pc << 20 ^ mode) * 0x9E37_79B9_7F4A_7C15L;
        return (int) (mixed >>> 40) & buckets.length - 1;
    }

    /// The first block of this key, or null. More may follow it: see [#findNext].
    Block find(long host, long pc, int mode) {
        var all = buckets;
        var first = (Block) ELEMENT.getAcquire(all, bucket(all, host, pc, mode));
        return firstOf(first, host, pc, mode);
    }

    /// The next block of the same key, which differs in its second page.
    Block findNext(Block block) {
        return firstOf(block.next, block.host, block.pc, block.mode);
    }

    private static Block firstOf(Block chain, long host, long pc, int mode) {
        for (var block = chain; block != null; block = block.next) {
            if (block.host == host && block.pc == pc && block.mode == mode && block.valid) {
                return block;
            }
        }
        return null;
    }

    void add(Block block) {
        if (size >= buckets.length) {
            grow();
        }
        size++;
        link(buckets, block);
    }

    private static void link(Block[] into, Block block) {
        int index = bucket(into, block.host, block.pc, block.mode);
        block.next = into[index];
        ELEMENT.setRelease(into, index, block);
    }

    /// Chains are relinked in place: who follows one meanwhile ends up in another and misses.
    private void grow() {
        var old = buckets;
        var larger = new Block[old.length * 2];
        for (var chain : old) {
            for (var block = chain; block != null; ) {
                var next = block.next;
                link(larger, block);
                block = next;
            }
        }
        buckets = larger;
    }

    void remove(Block block) {
        var all = buckets;
        int index = bucket(all, block.host, block.pc, block.mode);
        if (all[index] == block) {
            ELEMENT.setRelease(all, index, block.next);
            size--;
            return;
        }
        for (var before = all[index]; before != null; before = before.next) {
            if (before.next == block) {
                before.next = block.next;
                size--;
                return;
            }
        }
    }

    void forEach(Consumer<Block> action) {
        for (var chain : buckets) {
            for (var block = chain; block != null; block = block.next) {
                action.accept(block);
            }
        }
    }

    void clear() {
        buckets = new Block[BUCKETS_MIN];
        size = 0;
    }
}
