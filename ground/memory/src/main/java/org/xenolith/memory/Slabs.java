package org.xenolith.memory;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Memory off the heap into which things are copied one behind the other, and which is used again
/// for the next ones. Grows by slabs, which nothing that is copied straddles; what was not needed
/// for [#USES_KEPT] uses is given back. It is no direct memory in the sense of the JVM's limit of
/// that, so who uses it bounds what is copied. For one thread at a time.
public final class Slabs implements AutoCloseable {
    /// Bytes that are in one piece at most.
    public static final int SLAB_BYTES = 1 << 20;

    private static final int SLAB_SHIFT = 20;

    /// A slab that was not needed between so many calls of [#clear] goes. To make one takes the
    /// host as long as to copy several times what fits into it.
    static final int USES_KEPT = 256;

    private record Slab(Arena arena, MemorySegment segment) {
        static Slab allocate() {
            // An arena that is closed by hand is not counted as direct buffers are.
            var arena = Arena.ofShared();
            try {
                return new Slab(arena, arena.allocate(SLAB_BYTES, Sizes.PAGE_BYTES));
            } catch (OutOfMemoryError e) {
                arena.close();
                throw e;
            }
        }
    }

    private final List<Slab> slabs = new ArrayList<>();
    private long end;

    /// How often it was cleared since slabs were given back last, and how many of them were needed
    /// at once since then.
    private int uses;

    private int slabsNeeded;

    /// Bytes that have been reserved, and skipped at the ends of slabs.
    public long bytes() {
        return end;
    }

    /// Bytes that it has of the host.
    public long capacity() {
        return (long) slabs.size() << SLAB_SHIFT;
    }

    /// Takes, and touches, what room for `bytes` in all needs, so that [#reserve] does not wait for
    /// the host.
    ///
    /// @throws OutOfMemoryError if the host has no more; what was reserved before is as it was
    public void prepare(long bytes) {
        while (capacity() < bytes) {
            slabs.add(Slab.allocate());
        }
    }

    /// Room for `bytes`, which are valid until [#clear]; returns where.
    ///
    /// @param bytes 1 to [#SLAB_BYTES]
    /// @throws OutOfMemoryError if the host has no more; what was reserved before is as it was
    public long reserve(int bytes) {
        Bug.check(bytes > 0 && bytes <= SLAB_BYTES, "a piece fits a slab");
        long at = end;
        if ((end >>> SLAB_SHIFT) != (end + bytes - 1 >>> SLAB_SHIFT)) {
            at = (end >>> SLAB_SHIFT) + 1 << SLAB_SHIFT;
        }
        if (at >>> SLAB_SHIFT == slabs.size()) {
            slabs.add(Slab.allocate());
        }
        end = at + bytes;
        return at;
    }

    /// How much can be reserved before the next slab begins.
    public int leftInSlab() {
        return SLAB_BYTES - (int) (end & SLAB_BYTES - 1);
    }

    /// What has been reserved at `at`, or a part of it.
    public MemorySegment slice(long at, long bytes) {
        return slabs.get((int) (at >>> SLAB_SHIFT)).segment.asSlice(at & SLAB_BYTES - 1, bytes);
    }

    /// Nothing is reserved any more.
    public void clear() {
        slabsNeeded = Math.max(slabsNeeded, (int) (end + SLAB_BYTES - 1 >>> SLAB_SHIFT));
        end = 0;
        if (++uses == USES_KEPT) {
            giveBack(slabsNeeded);
        }
    }

    private void giveBack(int kept) {
        var rest = slabs.subList(kept, slabs.size());
        rest.forEach(slab -> slab.arena.close());
        rest.clear();
        uses = 0;
        slabsNeeded = 0;
    }

    /// Gives all of it back; nothing that was reserved is there any more. It may be used again.
    @Override
    public void close() {
        giveBack(0);
        end = 0;
    }
}
