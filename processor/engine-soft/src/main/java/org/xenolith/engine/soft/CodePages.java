package org.xenolith.engine.soft;

/// Where the pages of a vCPU's code lie: a direct-mapped cache of translations for fetching. **Hot
/// path.** Benchmark: `pipe` and `exec` of `bench`.
///
/// An entry counts for its generation, which ends whenever linear addresses of code may mean
/// something else; one of a global page lives on where only others are flushed.
final class CodePages {
    private static final int ENTRIES = 512;

    private final long[] tags = new long[ENTRIES];
    private final long[] hosts = new long[ENTRIES];
    private final long[] generations = new long[ENTRIES];
    private final boolean[] global = new boolean[ENTRIES];
    private long generation = 1;
    private long globalGeneration = 1;

    /// Rises whenever linear addresses of code may mean something else.
    long generation() {
        return generation;
    }

    void flush(boolean globalToo) {
        generation++;
        if (globalToo) {
            globalGeneration++;
        }
    }

    private static int index(long page) {
        return (int) (page >>> 12) & ENTRIES - 1;
    }

    /// The byte of the memory segment that a linear page begins at, or -1 if that is not known.
    /// `user` is the privilege of the fetch.
    long find(long page, boolean user) {
        int index = index(page);
        long current = global[index] ? globalGeneration : generation;
        boolean known = tags[index] == tag(page, user) && generations[index] == current;
        return known ? hosts[index] : -1;
    }

    private static long tag(long page, boolean user) {
        return page | (user ? 1 : 0);
    }

    void put(long page, boolean user, long host, boolean isGlobal) {
        int index = index(page);
        tags[index] = tag(page, user);
        hosts[index] = host;
        global[index] = isGlobal;
        generations[index] = isGlobal ? globalGeneration : generation;
    }
}
