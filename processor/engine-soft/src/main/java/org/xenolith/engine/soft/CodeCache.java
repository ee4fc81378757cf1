package org.xenolith.engine.soft;

import org.xenolith.base.Bug;
import org.xenolith.memory.GuestMemory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntConsumer;

/// All blocks of one machine, found by the memory that they were made from. Frames that hold
/// translated code are watched; a write into the bytes of a block invalidates it.
///
/// Bounded: when it holds more than [#INSTRUCTIONS_MAX] instructions it is emptied.
final class CodeCache {
    /// At about 60 bytes an instruction, 24 MiB.
    static final int INSTRUCTIONS_MAX = 400_000;

    /// Bytes that one bit of a frame's line mask stands for.
    static final int LINE_SHIFT = 6;

    static final int LINE_BYTES = 1 << LINE_SHIFT;

    private record Key(long host, long pc, int mode) {}

    private final GuestMemory memory;
    private final Map<Key, Block> blocks = new HashMap<>();
    private final List<List<Block>> byFrame;
    private final long[] lines;
    private final Map<Integer, List<LiveRegion>> regions = new HashMap<>();
    private int regionCount;
    private int instructions;

    /// Told of the frame when a region goes because its code has been written.
    private final IntConsumer onRewritten;

    /// Frames written from outside the processor; their blocks go at the next chance.
    private final ConcurrentLinkedQueue<Integer> writtenOutside = new ConcurrentLinkedQueue<>();

    CodeCache(GuestMemory memory, Runnable onWrittenOutside, IntConsumer onRewritten) {
        this.memory = memory;
        this.onRewritten = onRewritten;
        byFrame = new ArrayList<>(memory.frameCount());
        for (int frame = 0; frame < memory.frameCount(); frame++) {
            byFrame.add(null);
        }
        lines = new long[memory.frameCount()];
        memory.onWatchedWrite(frame -> {
            writtenOutside.add(frame);
            onWrittenOutside.run();
        });
    }

    Block find(long host, long pc, int mode) {
        return blocks.get(new Key(host, pc, mode));
    }

    /// Adds a block and watches its frames. The caller must make sure that no write to them goes
    /// unnoticed from now on. Returns whether a frame is newly watched.
    boolean add(Block block) {
        if (instructions > INSTRUCTIONS_MAX) {
            clear();
        }
        instructions += block.instructions;
        blocks.put(new Key(block.host, block.pc, block.mode), block);
        int frame = block.firstFrame();
        int offset = (int) block.host & 4095;
        int within = Math.min(block.length, 4096 - offset);
        boolean fresh = watch(block, frame, offset, within);
        if (block.secondFrame >= 0) {
            fresh |= watch(block, block.secondFrame, 0, block.length - within);
        }
        return fresh;
    }

    private boolean watch(Block block, int frame, int offset, int length) {
        boolean fresh = !memory.isWatched(frame);
        if (byFrame.get(frame) == null) {
            byFrame.set(frame, new ArrayList<>());
        }
        byFrame.get(frame).add(block);
        lines[frame] |= lineMask(offset, length);
        memory.watch(frame);
        return fresh;
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
        if ((lines[frame] & lineMask(offset, bytes)) == 0) {
            return;
        }
        var inFrame = byFrame.get(frame);
        if (inFrame == null) {
            return;
        }
        removeRegions(frame, lineMask(offset, bytes));
        for (var block : List.copyOf(inFrame)) {
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

    int regionCount() {
        return regionCount;
    }

    /// Puts a region into use at its entry block, which is in the cache.
    void add(LiveRegion region) {
        Bug.check(region.entry.valid, "a region's entry is in use");
        if (region.entry.region != null) {
            remove(region.entry.region);
        }
        region.entry.region = region;
        for (var page : region.pages) {
            regions.computeIfAbsent(page.frame(), _ -> new ArrayList<>()).add(region);
            lines[page.frame()] |= page.lines();
        }
        regionCount++;
    }

    private static long lines(LiveRegion region, int frame) {
        long lines = 0;
        for (var page : region.pages) {
            lines |= page.frame() == frame ? page.lines() : 0;
        }
        return lines;
    }

    /// Takes a region out of use.
    void remove(LiveRegion region) {
        if (region.entry.region == region) {
            region.entry.region = null;
            regionCount--;
            for (var page : region.pages) {
                regions.computeIfPresent(
                        page.frame(),
                        (_, inFrame) -> {
                            inFrame.remove(region);
                            return inFrame.isEmpty() ? null : inFrame;
                        });
            }
        }
    }

    /// Takes all regions out of use, so that the JVM can forget their classes.
    void dropRegions() {
        for (var inFrame : List.copyOf(regions.values())) {
            for (var region : List.copyOf(inFrame)) {
                region.entry.cool();
                remove(region);
            }
        }
    }

    // ---------------------------------------------------------------- bookkeeping

    private static boolean covers(Block block, int frame, int offset, int bytes) {
        int begin = 0;
        int end;
        if (frame == block.firstFrame()) {
            begin = (int) block.host & 4095;
            end = begin + block.length;
        } else {
            end = block.length - (4096 - ((int) block.host & 4095));
        }
        return offset < end && begin < offset + bytes;
    }

    private void remove(Block block) {
        block.invalidate();
        if (block.region != null) {
            remove(block.region);
        }
        instructions -= block.instructions;
        blocks.remove(new Key(block.host, block.pc, block.mode));
        byFrame.get(block.firstFrame()).remove(block);
        if (block.secondFrame >= 0) {
            byFrame.get(block.secondFrame).remove(block);
        }
    }

    private void recompute(int frame) {
        long mask = 0;
        for (var block : byFrame.get(frame)) {
            if (frame == block.firstFrame()) {
                int offset = (int) block.host & 4095;
                mask |= lineMask(offset, Math.min(block.length, 4096 - offset));
            } else {
                mask |= lineMask(0, block.length - (4096 - ((int) block.host & 4095)));
            }
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

    /// Drops the blocks of frames that were written by others than the processor.
    void dropWrittenOutside() {
        Integer frame;
        while ((frame = writtenOutside.poll()) != null) {
            var inFrame = byFrame.get(frame);
            if (inFrame != null) {
                removeRegions(frame, -1L);
                for (var block : List.copyOf(inFrame)) {
                    remove(block);
                }
                recompute(frame);
            }
        }
    }

    /// Drops everything.
    void clear() {
        dropRegions();
        for (var block : blocks.values()) {
            block.invalidate();
        }
        blocks.clear();
        for (int frame = 0; frame < lines.length; frame++) {
            if (byFrame.get(frame) != null) {
                byFrame.set(frame, null);
                lines[frame] = 0;
                memory.unwatch(frame);
            }
        }
        instructions = 0;
    }
}
