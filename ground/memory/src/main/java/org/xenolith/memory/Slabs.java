package org.xenolith.memory;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Memory off the heap into which things are copied one behind the other, and which is used again
/// for the next ones. Grows by slabs, which nothing that is copied straddles; what was not needed
/// for a while is given back. Who uses it bounds what is copied. For one thread at a time.
public final class Slabs {
    /// Bytes that are in one piece at most.
    public static final int SLAB_BYTES = 1 << 20;

    private static final int SLAB_SHIFT = 20;

    private final List<MemorySegment> slabs = new ArrayList<>();
    private long end;

    /// Bytes that have been reserved, and skipped at the ends of slabs.
    public long bytes() {
        return end;
    }

    /// Room for `bytes`, which are valid until [#clear]; returns where.
    ///
    /// @param bytes 1 to [#SLAB_BYTES]
    public long reserve(int bytes) {
        Bug.check(bytes > 0 && bytes <= SLAB_BYTES, "a piece fits a slab");
        if ((end >>> SLAB_SHIFT) != (end + bytes - 1 >>> SLAB_SHIFT)) {
            end = (end >>> SLAB_SHIFT) + 1 << SLAB_SHIFT;
        }
        long at = end;
        end += bytes;
        if (at >>> SLAB_SHIFT == slabs.size()) {
            slabs.add(Arena.ofAuto().allocate(SLAB_BYTES, Sizes.PAGE_BYTES));
        }
        return at;
    }

    /// How much can be reserved before the next slab begins.
    public int leftInSlab() {
        return SLAB_BYTES - (int) (end & SLAB_BYTES - 1);
    }

    /// What has been reserved at `at`, or a part of it.
    public MemorySegment slice(long at, long bytes) {
        return slabs.get((int) (at >>> SLAB_SHIFT)).asSlice(at & SLAB_BYTES - 1, bytes);
    }

    /// Nothing is reserved any more. An eighth of the slabs goes if it was not used.
    public void clear() {
        int used = (int) (end + SLAB_BYTES - 1 >>> SLAB_SHIFT);
        int kept = Math.max(used, slabs.size() - slabs.size() / 8);
        slabs.subList(kept, slabs.size()).clear();
        end = 0;
    }
}
