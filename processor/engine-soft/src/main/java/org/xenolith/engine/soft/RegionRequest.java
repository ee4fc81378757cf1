package org.xenolith.engine.soft;

import org.xenolith.memory.GuestMemory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.ToIntFunction;

/// What a region is to be made from: hot blocks that lead to each other, the entry first, and their
/// pages as they are when it is asked for.
///
/// @param weights how often blocks have been executed
/// @param pages by linear page address
record RegionRequest(
        Block entry,
        Level level,
        ToIntFunction<Block> weights,
        Map<Long, Block> members,
        Map<Long, Page> pages) {
    /// How good the code is to be.
    enum Level {
        /// Made at once; where it ends, the next region follows at little cost.
        WARM,
        /// As fast as it can be.
        HOT
    }

    /// A block is left out if it is executed this much more seldom than the entry.
    private static final int SELDOM = 64;

    /// Bytes of a page, which lie in `frame`.
    record Page(int frame, byte[] bytes) {}

    /// Gathers from `entry` along the ways that execution has taken, the hottest first. On any
    /// thread: what has changed meanwhile is noticed when the region is put into use.
    static RegionRequest gather(
            Block entry,
            Level level,
            ToIntFunction<Block> weights,
            GuestMemory memory,
            int instructionsMax) {
        var request =
                new RegionRequest(entry, level, weights, new LinkedHashMap<>(), new HashMap<>());
        var waiting =
                new PriorityQueue<Block>(Comparator.comparingInt((Block b) -> -request.weight(b)));
        waiting.add(entry);
        int instructions = 0;
        while (!waiting.isEmpty() && instructions < instructionsMax) {
            var block = waiting.remove();
            if (!request.isConsistent(block)
                    || request.members.putIfAbsent(block.pc, block) != null) {
                continue;
            }
            instructions += block.instructions;
            request.addPages(block, memory);
            for (var next : block.followers()) {
                if (!request.members.containsKey(next.pc) && request.isWanted(next)) {
                    waiting.add(next);
                }
            }
        }
        return request;
    }

    /// How often a block has been executed.
    int weight(Block block) {
        return weights.applyAsInt(block);
    }

    /// Whether a block is of the same mode, and its page is where others have found it.
    private boolean isConsistent(Block block) {
        var known = pages.get(block.pc & -4096L);
        return block.valid
                && block.mode == entry.mode
                && (known == null || known.frame == block.firstFrame());
    }

    /// Not what is executed seldom, nor what has a region that is as good, or that works for long
    /// once it is entered.
    private boolean isWanted(Block block) {
        if (weight(block) == 0 || weight(block) < weight(entry) / SELDOM) {
            return false;
        }
        var region = block.region;
        return region == null
                || switch (level) {
                    case WARM -> false;
                    case HOT -> region.isWarm() || !region.isLasting();
                };
    }

    private void addPages(Block block, GuestMemory memory) {
        addPage(block.pc & -4096L, block.firstFrame(), memory);
        if (block.secondFrame >= 0) {
            addPage((block.pc & -4096L) + 4096, block.secondFrame, memory);
        }
    }

    private void addPage(long linear, int frame, GuestMemory memory) {
        pages.computeIfAbsent(
                linear,
                _ -> {
                    var bytes = new byte[4096];
                    MemorySegment.copy(
                            memory.segment(),
                            ValueLayout.JAVA_BYTE,
                            (long) frame << 12,
                            bytes,
                            0,
                            bytes.length);
                    return new Page(frame, bytes);
                });
    }

    /// A copy with fewer members: those that were found first, of at most so many instructions.
    RegionRequest limited(int instructionsMax) {
        var fewer = new LinkedHashMap<Long, Block>();
        int instructions = 0;
        for (var block : members.values()) {
            instructions += block.instructions;
            if (!fewer.isEmpty() && instructions > instructionsMax) {
                break;
            }
            fewer.put(block.pc, block);
        }
        return new RegionRequest(entry, level, weights, fewer, pages);
    }
}
