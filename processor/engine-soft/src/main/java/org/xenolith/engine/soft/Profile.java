package org.xenolith.engine.soft;

import java.util.IdentityHashMap;
import java.util.Map;

/// How often blocks are executed while, for a moment, none of them is by a region: what a hot
/// region is made from. Filled by one vCPU, then only read.
final class Profile {
    /// Executions of blocks that are counted: more than most loops' bodies have, and soon done.
    private static final int BLOCKS = 4096;

    private final Block entry;
    private final Map<Block, Integer> counts = new IdentityHashMap<>();
    private int left = BLOCKS;

    /// @param entry where the region is to begin
    Profile(Block entry) {
        this.entry = entry;
    }

    Block entry() {
        return entry;
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
