package org.xenolith.engine.soft;

import java.util.Arrays;

/// Where the pages of a vCPU's code lie: a direct-mapped cache of translations for fetching. **Hot
/// path.** Benchmark: `pipe` and `exec` of `bench`.
///
/// Addresses have two halves, by their highest bit, since kernels map the upper one alike in all
/// address spaces. What is known of a half counts for a generation, which ends whenever linear
/// addresses of code in it may mean something else.
final class CodePages {
    private static final int ENTRIES = 512;
    private static final int LOWER = 0;
    private static final int UPPER = 1;

    /// Bits that tell which pages may be in use, by the low bits of their numbers.
    private static final int USED_BITS = 1 << 14;

    private final long[] tags = new long[ENTRIES];
    private final long[] hosts = new long[ENTRIES];
    private final long[] generations = new long[ENTRIES];
    private final Half[] halves = {new Half(), new Half()};

    /// What is to be known to see whether a flush concerns the code of a half.
    private static final class Half {
        private long generation = 1;
        private final long[] used = new long[USED_BITS / Long.SIZE];
        private boolean isAnyLarge;
        private boolean isAnyLocal;
        private boolean isAny;

        private void use(long page, Translation translation) {
            used[word(page)] |= bit(page);
            isAnyLarge |= translation.pageBytes() > 4096;
            isAnyLocal |= !translation.global();
            isAny = true;
        }

        private boolean isUsed(long page) {
            return isAnyLarge || (used[word(page)] & bit(page)) != 0;
        }

        private void end() {
            if (isAny) {
                generation++;
                Arrays.fill(used, 0);
                isAnyLarge = false;
                isAnyLocal = false;
                isAny = false;
            }
        }

        private static int word(long page) {
            return (int) (page >>> 12) / Long.SIZE & USED_BITS / Long.SIZE - 1;
        }

        private static long bit(long page) {
            return 1L << (page >>> 12);
        }
    }

    private static int half(long linear) {
        return (int) (linear >>> 63);
    }

    static boolean isUpper(long linear) {
        return half(linear) == UPPER;
    }

    /// Rises whenever addresses of code in the half of `linear` may mean something else.
    long generation(long linear) {
        return halves[half(linear)].generation;
    }

    long lowerGeneration() {
        return halves[LOWER].generation;
    }

    long upperGeneration() {
        return halves[UPPER].generation;
    }

    /// Rises whenever any address of code may mean something else.
    long generation() {
        return lowerGeneration() + upperGeneration();
    }

    /// Forgets all, or all but global pages.
    void flush(boolean globalToo) {
        for (var half : halves) {
            if (globalToo || half.isAnyLocal) {
                half.end();
            }
        }
    }

    /// Forgets whatever the guest's page around `linear` has put here.
    void flushPage(long linear) {
        var half = halves[half(linear)];
        if (half.isUsed(linear)) {
            half.end();
        }
    }

    private static int index(long page) {
        return (int) (page >>> 12) & ENTRIES - 1;
    }

    /// The byte of the memory segment that a linear page begins at, or -1 if that is not known.
    /// `user` is the privilege of the fetch.
    long find(long page, boolean user) {
        int index = index(page);
        boolean known = tags[index] == tag(page, user) && generations[index] == generation(page);
        return known ? hosts[index] : -1;
    }

    private static long tag(long page, boolean user) {
        return page | (user ? 1 : 0);
    }

    void put(long page, boolean user, long host, Translation translation) {
        int index = index(page);
        tags[index] = tag(page, user);
        hosts[index] = host;
        generations[index] = generation(page);
        halves[half(page)].use(page, translation);
    }
}
