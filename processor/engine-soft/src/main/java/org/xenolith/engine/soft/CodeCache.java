package org.xenolith.engine.soft;

import org.xenolith.memory.GuestMemory;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/// All blocks of one machine, found by the memory that they were made from. Frames that hold
/// translated code are watched; a write into the bytes of a block invalidates it for all vCPUs
/// before the instruction that writes is complete.
///
/// Any thread may call it. Look-ups take no lock; its own lock is held for short and nothing is
/// waited for under it. How a block comes in although others may be writing to its bytes:
///
/// 1. its frames are watched, by a vCPU that is alone ([Standstill]): nobody writes unnoticed;
/// 2. its bytes are copied, and translated from the copy;
/// 3. its lines are marked, its bytes are compared with the copy, and if they are the same it is
///    put into use ([#publish]). Who writes does so before looking at the marks: one of the two
///    notices the other. Nobody executes what is not current, not even for a moment: another vCPU
///    may have executed newer code already.
///
/// Bounded: when its blocks weigh more than [#WEIGHT_MAX], or there are [#REGIONS_MAX] regions,
/// code at random addresses goes, most of which belongs to programs that have ended: first what is
/// found again by a sibling, then all of it; if that is not enough, everything.
final class CodeCache {
    /// What a block weighs beside its bytes of the guest's code: one of a single byte takes some
    /// 200 bytes of ours.
    private static final int BLOCK_WEIGHT = 20;

    /// At 8 to 10 bytes of ours for each, some 40 MiB.
    static final int WEIGHT_MAX = 4_800_000;

    /// One is some hundred bytes of ours beside its code.
    static final int REGIONS_MAX = 120_000;

    /// The share of a bound that may stay when code at random addresses has gone.
    private static final double KEPT_SHARE = 0.9;

    /// Bytes that one bit of a frame's line mask stands for.
    static final int LINE_SHIFT = 6;

    static final int LINE_BYTES = 1 << LINE_SHIFT;

    private final GuestMemory memory;
    private final BlockTable blocks = new BlockTable();
    private final List<List<Block>> byFrame;
    private final long[] lines;
    private final Siblings siblings = new Siblings();
    private final Map<Integer, List<LiveRegion>> regions = new HashMap<>();
    private int regionCount;
    private int weight;

    /// Told of the frame when a region goes because its code has been written.
    private final IntConsumer onRewritten;

    /// Told of the address where a region began that goes.
    private final LongConsumer onRegionGone;

    CodeCache(GuestMemory memory, IntConsumer onRewritten, LongConsumer onRegionGone) {
        this.onRegionGone = onRegionGone;
        this.memory = memory;
        this.onRewritten = onRewritten;
        byFrame = new ArrayList<>(memory.frameCount());
        for (int frame = 0; frame < memory.frameCount(); frame++) {
            byFrame.add(null);
        }
        lines = new long[memory.frameCount()];
        memory.onWatchedWrite(this::writtenOutside);
    }

    /// A block of this key, or null. Others that differ in their second page may come behind it.
    Block find(long host, long pc, int mode) {
        return blocks.find(host, pc, mode);
    }

    Block findNext(Block block) {
        return blocks.findNext(block);
    }

    /// Watches a frame. Only by a vCPU that is alone, which must make sure that no vCPU goes on
    /// writing to it unnoticed.
    synchronized void watch(int frame) {
        memory.watch(frame);
    }

    /// Puts a block into use, if its frames are still watched and its bytes still those that it was
    /// made from, as `isCurrent` tells. Answers the block to use, which may be the same made by
    /// another vCPU meanwhile, or null.
    synchronized Block publish(Block block, BooleanSupplier isCurrent) {
        for (var same = find(block); same != null; same = blocks.findNext(same)) {
            if (same.secondFrame == block.secondFrame) {
                return same;
            }
        }
        if (weight > WEIGHT_MAX || regionCount > REGIONS_MAX) {
            makeRoom();
        }
        int second = block.secondFrame;
        if (!memory.isWatched(block.firstFrame()) || second >= 0 && !memory.isWatched(second)) {
            return null;
        }
        mark(block);
        VarHandle.fullFence();
        if (isCurrent.getAsBoolean()) {
            insert(block);
            return block;
        }
        recompute(block.firstFrame());
        if (second >= 0) {
            recompute(second);
        }
        return null;
    }

    /// Makes a block complete, unless its bytes are no longer those that it was made from, as
    /// `isCurrent` tells: then it is taken out of use. Answers whether it is complete.
    synchronized boolean complete(Block block, Translator.Made made, BooleanSupplier isCurrent) {
        if (!block.valid) {
            return false;
        }
        if (!isCurrent.getAsBoolean()) {
            remove(block);
            recompute(block.firstFrame());
            return false;
        }
        if (!block.isComplete()) {
            made.complete(block);
        }
        return true;
    }

    private static int weight(Block block) {
        return block.length + BLOCK_WEIGHT;
    }

    private Block find(Block block) {
        return blocks.find(block.host, block.pc, block.mode);
    }

    private void mark(Block block) {
        lines[block.firstFrame()] |= lines(block, block.firstFrame());
        if (block.secondFrame >= 0) {
            lines[block.secondFrame] |= lines(block, block.secondFrame);
        }
    }

    private static long lines(Block block, int frame) {
        int offset = (int) block.host & 4095;
        long lines = 0;
        if (frame == block.firstFrame()) {
            lines |= lineMask(offset, Math.min(block.length, 4096 - offset));
        }
        if (frame == block.secondFrame) {
            lines |= lineMask(0, offset + block.length - 4096);
        }
        return lines;
    }

    private void insert(Block block) {
        weight += weight(block);
        blocks.add(block);
        insert(block, block.firstFrame());
        if (block.secondFrame >= 0) {
            insert(block, block.secondFrame);
        }
    }

    private void insert(Block block, int frame) {
        if (byFrame.get(frame) == null) {
            byFrame.set(frame, new ArrayList<>());
        }
        byFrame.get(frame).add(block);
    }

    /// Puts in what the codes of a block have become.
    synchronized void settle(Block block) {
        if (block.valid) {
            block.settle();
        }
    }

    static long lineMask(int offset, int length) {
        int first = offset >>> LINE_SHIFT;
        int last = offset + length - 1 >>> LINE_SHIFT;
        return -1L << first & -1L >>> 63 - last;
    }

    /// The processor has written `bytes` at `host` of a watched frame.
    void written(long host, int bytes) {
        int frame = (int) (host >>> 12);
        int offset = (int) host & 4095;
        VarHandle.fullFence(); // see above: the write comes first
        if ((lines[frame] & lineMask(offset, bytes)) != 0) {
            invalidate(frame, offset, bytes);
        }
    }

    private synchronized void invalidate(int frame, int offset, int bytes) {
        removeRegions(frame, lineMask(offset, bytes));
        for (var block : List.copyOf(blocksIn(frame))) {
            if (covers(block, frame, offset, bytes)) {
                remove(block);
            }
        }
        recompute(frame);
    }

    /// Removes regions that were made from any of these lines of a frame.
    private void removeRegions(int frame, long written) {
        for (var region : List.copyOf(regions.getOrDefault(frame, List.of()))) {
            if ((lines(region, frame) & written) != 0) {
                region.entry.cool();
                remove(region);
                onRewritten.accept(frame);
            }
        }
    }

    // ---------------------------------------------------------------- regions

    synchronized int regionCount() {
        return regionCount;
    }

    /// Puts a region into use at its entry block, if that is still in use and the region's bytes
    /// are still those that it was made from, as `isCurrent` tells.
    synchronized void add(LiveRegion region, BooleanSupplier isCurrent) {
        if (!region.entry.valid) {
            return;
        }
        if (region.entry.region != null) {
            remove(region.entry.region);
        }
        if (!region.isWarm()) {
            removeWarmThrough(region.entry);
        }
        for (var page : region.pages) {
            regions.computeIfAbsent(page.frame(), _ -> new ArrayList<>()).add(region);
            lines[page.frame()] |= page.lines();
        }
        VarHandle.fullFence();
        if (isCurrent.getAsBoolean()) {
            regionCount++;
            region.entry.region = region;
            if (region.isMovable()) {
                siblings.put(region.entry);
            }
        } else {
            unlist(region);
            for (var page : region.pages) {
                recompute(page.frame());
            }
        }
    }

    /// A block at `pc`, where in memory a region that [LiveRegion#isMovable] begins for another
    /// address: with that region. Null if there is none of which all pages are where they must be.
    Block findSibling(long host, long pc, int mode, SoftCpu cpu, int vcpus) {
        var known = siblings.find(host, mode);
        var region = known == null ? null : known.region; // it may have become another
        if (region == null
                || !region.isMovable()
                || region.machineCode.isGone()
                || !region.isInPlace(pc, cpu)) {
            return null;
        }
        var block = new Block(pc, mode, host, known.length, known.secondFrame);
        return publish(block, region.at(block, vcpus), region);
    }

    /// Puts a block with its region into use where one like it is.
    private synchronized Block publish(Block block, LiveRegion region, LiveRegion like) {
        BooleanSupplier isCurrent = () -> like.entry.region == like;
        var inUse = publish(block, isCurrent);
        if (inUse == block) {
            add(region, isCurrent);
        }
        return inUse;
    }

    /// What passes through a block would never leave there to enter the better region.
    private void removeWarmThrough(Block block) {
        for (var region : List.copyOf(regions.getOrDefault(block.firstFrame(), List.of()))) {
            if (region.isWarm() && region.passesThrough(block)) {
                region.entry.cool();
                remove(region);
            }
        }
    }

    private static long lines(LiveRegion region, int frame) {
        long lines = 0;
        for (var page : region.pages) {
            lines |= page.frame() == frame ? page.lines() : 0;
        }
        return lines;
    }

    /// Takes a region out of use.
    synchronized void remove(LiveRegion region) {
        if (region.entry.region == region) {
            region.entry.region = null;
            VarHandle.fullFence();
            onRegionGone.accept(region.entry.pc);
            region.retire();
            regionCount--;
            unlist(region);
        }
    }

    private void unlist(LiveRegion region) {
        for (var page : region.pages) {
            regions.computeIfPresent(
                    page.frame(),
                    (_, inFrame) -> {
                        inFrame.remove(region);
                        return inFrame.isEmpty() ? null : inFrame;
                    });
        }
    }

    /// Takes regions out of use whose entry is one of these blocks.
    private void dropRegions(Predicate<Block> entries) {
        for (var frames = regions.values().iterator(); frames.hasNext(); ) {
            var inFrame = frames.next();
            inFrame.removeIf(region -> entries.test(region.entry) && drop(region));
            if (inFrame.isEmpty()) {
                frames.remove();
            }
        }
    }

    /// True, for who takes it from the lists of its frames.
    private boolean drop(LiveRegion region) {
        if (region.entry.region == region) {
            region.entry.cool();
            region.entry.region = null;
            VarHandle.fullFence();
            onRegionGone.accept(region.entry.pc);
            region.retire();
            regionCount--;
        }
        return true;
    }

    // ---------------------------------------------------------------- bookkeeping

    /// Both of a block's pages may lie in one frame.
    private static boolean covers(Block block, int frame, int offset, int bytes) {
        int begin = (int) block.host & 4095;
        boolean first =
                frame == block.firstFrame()
                        && offset < begin + block.length
                        && begin < offset + bytes;
        return first || frame == block.secondFrame && offset < begin + block.length - 4096;
    }

    private void remove(Block block) {
        if (!block.valid) {
            return;
        }
        block.invalidate();
        if (block.region != null) {
            remove(block.region);
        }
        weight -= weight(block);
        blocks.remove(block);
        byFrame.get(block.firstFrame()).remove(block);
        if (block.secondFrame >= 0) {
            byFrame.get(block.secondFrame).remove(block);
        }
    }

    private void recompute(int frame) {
        long mask = 0;
        for (var block : blocksIn(frame)) {
            mask |= lines(block, frame);
        }
        for (var region : regions.getOrDefault(frame, List.of())) {
            mask |= lines(region, frame);
        }
        lines[frame] = mask;
        if (mask == 0) {
            byFrame.set(frame, null);
            memory.unwatch(frame);
        }
    }

    /// A watched frame has been written by others than the processor. Its blocks go at once: a vCPU
    /// that is told of it later finds none.
    private synchronized void writtenOutside(int frame) {
        removeRegions(frame, -1L);
        for (var block : List.copyOf(blocksIn(frame))) {
            remove(block);
        }
        recompute(frame);
    }

    private List<Block> blocksIn(int frame) {
        var inFrame = byFrame.get(frame);
        return inFrame == null ? List.of() : inFrame;
    }

    private void makeRoom() {
        dropRelative(block -> !siblings.isLatest(block));
        if (isNearlyFull()) {
            dropRelative(_ -> true);
        }
        if (isNearlyFull()) {
            clear();
        }
    }

    private boolean isNearlyFull() {
        return weight > KEPT_SHARE * WEIGHT_MAX || regionCount > KEPT_SHARE * REGIONS_MAX;
    }

    /// Drops blocks of these that are code at random addresses.
    private void dropRelative(Predicate<Block> isWanted) {
        Predicate<Block> goes = block -> StoredRegion.isRelative(block.pc) && isWanted.test(block);
        dropRegions(goes);
        var gone = new ArrayList<Block>();
        blocks.forEach(block -> {
            if (goes.test(block)) {
                gone.add(block);
            }
        });
        for (var block : gone) {
            block.invalidate();
            weight -= weight(block);
            blocks.remove(block);
        }
        for (int frame = 0; frame < lines.length; frame++) {
            if (byFrame.get(frame) != null && byFrame.get(frame).removeIf(block -> !block.valid)) {
                recompute(frame);
            }
        }
    }

    /// Drops everything.
    synchronized void clear() {
        dropRegions(_ -> true);
        blocks.forEach(Block::invalidate);
        blocks.clear();
        siblings.clear();
        for (int frame = 0; frame < lines.length; frame++) {
            if (memory.isWatched(frame)) {
                byFrame.set(frame, null);
                lines[frame] = 0;
                memory.unwatch(frame);
            }
        }
        weight = 0;
    }
}
