package org.xenolith.engine.soft;

import java.util.Arrays;

/// Cached translations of one vCPU for one access mode, direct-mapped by linear page. **Hot path.**
/// Benchmark: the memory loops of `bench`.
///
/// An entry's tag is the linear page address, or [#EMPTY]. `offsets[i] + linear` is the byte of the
/// memory segment. A page may be cached for reading, for writing, or both; it is not cached for
/// writing while its first write must be noticed (dirty bit, dirty epoch, translated code).
final class Tlb {
    static final int ENTRIES = 1024;
    static final int INDEX_MASK = ENTRIES - 1;

    /// Not page-aligned, so equal to no tag that is looked for.
    static final long EMPTY = 1;

    final long[] readTags = new long[ENTRIES];
    final long[] writeTags = new long[ENTRIES];
    final long[] offsets = new long[ENTRIES];

    /// The page size less one of the guest's mapping, for INVLPG of large pages.
    private final int[] spans = new int[ENTRIES];

    /// Whether there may be an entry of a large page in the lower, in the upper half of addresses.
    private final boolean[] large = new boolean[2];

    private final boolean[] global = new boolean[ENTRIES];

    Tlb() {
        clear();
    }

    private static int half(long linear) {
        return (int) (linear >>> 63);
    }

    void clear() {
        Arrays.fill(large, false);
        Arrays.fill(readTags, EMPTY);
        Arrays.fill(writeTags, EMPTY);
    }

    void clearNonGlobal() {
        for (int index = 0; index < ENTRIES; index++) {
            if (!global[index]) {
                readTags[index] = EMPTY;
                writeTags[index] = EMPTY;
            }
        }
    }

    /// Forgets whatever the guest's page around `linear` has put here.
    void clearPage(long linear) {
        if (!large[half(linear)]) {
            int index = (int) (linear >>> 12) & INDEX_MASK;
            readTags[index] = EMPTY;
            writeTags[index] = EMPTY;
            return;
        }
        for (int index = 0; index < ENTRIES; index++) {
            long tag = readTags[index] != EMPTY ? readTags[index] : writeTags[index];
            long outside = ~(long) spans[index];
            if (((tag ^ linear) & outside & -4096L) == 0) {
                readTags[index] = EMPTY;
                writeTags[index] = EMPTY;
            }
        }
    }

    /// Forgets that anything may be written without notice.
    void clearWrites() {
        Arrays.fill(writeTags, EMPTY);
    }

    void put(long page, long hostPage, boolean write, Translation translation) {
        int index = (int) (page >>> 12) & INDEX_MASK;
        long offset = hostPage - page;
        boolean same = offsets[index] == offset;
        if (!same || readTags[index] != page) {
            readTags[index] = EMPTY;
        }
        if (!same || writeTags[index] != page) {
            writeTags[index] = EMPTY;
        }
        offsets[index] = offset;
        spans[index] = (int) translation.pageBytes() - 1;
        large[half(page)] |= translation.pageBytes() > 4096;
        global[index] = translation.global();
        readTags[index] = page;
        if (write) {
            writeTags[index] = page;
        }
    }
}
