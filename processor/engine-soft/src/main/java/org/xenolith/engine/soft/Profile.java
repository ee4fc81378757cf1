package org.xenolith.engine.soft;

import java.util.IdentityHashMap;
import java.util.Map;

/// How often blocks are executed while, for a moment, none of them is by a region: what a hot
/// region is made from. Filled by one vCPU, then only read.
final class Profile {
    /// Executions of blocks that are counted: more than most loops' bodies have, and soon done.
    private static final int BLOCKS = 4096;

    /// Blocks that the entry may be moved on by.
    private static final int STEPS_MAX = 16;

    private final Block sampled;
    private final Map<Block, Integer> counts = new IdentityHashMap<>();
    private int left = BLOCKS;

    /// @param sampled the block that is hot
    Profile(Block sampled) {
        this.sampled = sampled;
    }

    /// Where a region is to begin: at the hot block, or behind it where ways part. A region's entry
    /// is what its loop ends with, so that a turn ends with the choice of the next.
    Block entry() {
        var entry = sampled;
        for (int step = 0; step < STEPS_MAX && entry.followers().length == 1; step++) {
            var next = entry.followers()[0];
            if (next == sampled || !next.valid || 10 * count(next) < 9 * count(entry)) {
                return sampled;
            }
            entry = next;
        }
        return entry.followers().length > 1 ? entry : sampled;
    }

    /// Counts an execution; answers whether that was the last.
    boolean isCompleteWith(Block block) {
        counts.merge(block, 1, Integer::sum);
        return --left == 0;
    }

    int count(Block block) {
        return counts.getOrDefault(block, 0);
    }
}
