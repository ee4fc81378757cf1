package org.xenolith.engine.soft;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.baseline.MachineRegion;
import org.xenolith.memory.GuestMemory;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.IntConsumer;

/// A kept region ([StoredRegion]), and the frames that the pages of its code lie in now. **Hot
/// path** of every boot.
final class PlacedRegion {
    private final StoredRegion region;
    private final GuestMemory memory;

    // By page, the entry's first.
    private final long[] linears;
    private final int[] frames;
    private final long[] lines;
    private int pages;

    /// Where the pages of a region lie; null if one of them cannot be fetched from.
    static PlacedRegion of(StoredRegion region, SoftCpu cpu) {
        var placed = new PlacedRegion(region, cpu.memory());
        return placed.find(cpu) ? placed : null;
    }

    private PlacedRegion(StoredRegion region, GuestMemory memory) {
        this.region = region;
        this.memory = memory;
        int pagesMax = 2 * region.parts().size();
        linears = new long[pagesMax];
        frames = new int[pagesMax];
        lines = new long[pagesMax];
    }

    private boolean find(SoftCpu cpu) {
        for (var part : region.parts()) {
            long linear = part.pc() & -PAGE_BYTES;
            int offset = (int) part.pc() & PAGE_BYTES - 1;
            int length = (int) part.bytes().byteSize();
            int within = Math.min(length, PAGE_BYTES - offset);
            if (!use(linear, offset, within, cpu)
                    || within < length && !use(linear + PAGE_BYTES, 0, length - within, cpu)) {
                return false;
            }
        }
        return true;
    }

    private boolean use(long linear, int offset, int length, SoftCpu cpu) {
        int index = index(linear);
        if (index < 0) {
            index = pages++;
            linears[index] = linear;
            frames[index] = cpu.codeFrame(linear);
        }
        lines[index] |= CodeCache.lineMask(offset, length);
        return frames[index] >= 0;
    }

    private int index(long linear) {
        for (int index = 0; index < pages; index++) {
            if (linears[index] == linear) {
                return index;
            }
        }
        return -1;
    }

    StoredRegion region() {
        return region;
    }

    /// Whether the region has been made from what lies in memory.
    boolean isSame() {
        for (var part : region.parts()) {
            long length = part.bytes().byteSize();
            long within = Math.min(length, PAGE_BYTES - (part.pc() & PAGE_BYTES - 1));
            if (differs(part, 0, within) || within < length && differs(part, within, length)) {
                return false;
            }
        }
        return true;
    }

    private boolean differs(StoredRegion.Part part, long from, long to) {
        long pc = part.pc() + from;
        long frame = frames[index(pc & -PAGE_BYTES)];
        long host = frame << 12 | pc & PAGE_BYTES - 1;
        return MemorySegment.mismatch(
                        memory.segment(), host, host + to - from, part.bytes(), from, to)
                >= 0;
    }

    boolean isWatched() {
        for (int index = 0; index < pages; index++) {
            if (!memory.isWatched(frames[index])) {
                return false;
            }
        }
        return true;
    }

    void forEachFrame(IntConsumer action) {
        Arrays.stream(frames, 0, pages).forEach(action);
    }

    /// A block for the region's entry, whose first byte is at `host`; on its second page only if
    /// the region is.
    Block block(long host) {
        int length = region.entryLength();
        int within = PAGE_BYTES - ((int) region.pc() & PAGE_BYTES - 1);
        int second = length > within ? index((region.pc() & -PAGE_BYTES) + PAGE_BYTES) : -1;
        return new Block(
                region.pc(),
                region.mode(),
                host,
                second >= 0 ? length : Math.min(length, within),
                second >= 0 ? frames[second] : -1);
    }

    /// The region in use.
    LiveRegion live(Block entry, MachineRegion code, int vcpus) {
        var parts = region.parts();
        var members = new long[parts.size()];
        for (int index = 0; index < members.length; index++) {
            members[index] = parts.get(index).pc() - region.pc();
        }
        var found = new LiveRegion.Page[pages];
        for (int index = 0; index < pages; index++) {
            long distance = linears[index] - linears[0];
            found[index] = new LiveRegion.Page(distance, frames[index], lines[index]);
        }
        return new LiveRegion(
                entry, members, RegionRequest.Level.WARM, code, found, Regions.WARM_WORTH, vcpus);
    }
}
