package org.xenolith.engine.soft;

import static org.xenolith.jit.TranslationCache.EMPTY;

import org.xenolith.jit.TranslationCache;

import java.util.Arrays;

/// Cached translations of one vCPU for one access mode, in places by linear page
/// ([TranslationCache]). **Hot path.** Benchmark: the memory loops of `bench`.
///
/// An entry's tag is the linear page address, or [TranslationCache#EMPTY]. `offsets[i] + linear` is
/// the byte of the memory segment, `distances[i] + linear` the same for compiled regions. A page
/// may be cached for reading, or for reading and writing; it is not cached for writing while its
/// first write must be noticed (dirty bit, dirty epoch, translated code).
final class Tlb {
    private static final int ENTRIES = TranslationCache.ENTRIES;

    final long[] readTags = new long[TranslationCache.LENGTH];
    final long[] writeTags = new long[TranslationCache.LENGTH];
    final long[] offsets = new long[TranslationCache.LENGTH];

    /// The offsets, with `base` added.
    final long[] distances;

    private final long base;

    /// The page size less one of the guest's mapping, for INVLPG of large pages.
    private final int[] spans = new int[ENTRIES];

    /// Whether there may be an entry of a large page in the lower, in the upper half of addresses.
    private final boolean[] large = new boolean[2];

    private final boolean[] global = new boolean[ENTRIES];

    /// Where there may be entries that are not global, and entries of large pages: a guest switches
    /// address spaces too often to look at all places.
    private final PlaceSet localPlaces = new PlaceSet();

    private final PlaceSet largePlaces = new PlaceSet();

    /// Places, in the order in which they were added.
    private static final class PlaceSet {
        private final int[] places = new int[ENTRIES];
        private final boolean[] has = new boolean[ENTRIES];
        private int count;

        void add(int place) {
            if (!has[place]) {
                has[place] = true;
                places[count++] = place;
            }
        }

        void clear() {
            for (int index = 0; index < count; index++) {
                has[places[index]] = false;
            }
            count = 0;
        }
    }

    /// @param base what compiled regions want added to places in memory
    Tlb(long base) {
        this.base = base;
        distances = base == 0 ? offsets : new long[TranslationCache.LENGTH];
        clear();
    }

    private static int half(long linear) {
        return (int) (linear >>> 63);
    }

    void clear() {
        Arrays.fill(large, false);
        localPlaces.clear();
        largePlaces.clear();
        Arrays.fill(readTags, 0, ENTRIES, EMPTY);
        Arrays.fill(writeTags, 0, ENTRIES, EMPTY);
    }

    void clearNonGlobal() {
        for (int index = 0; index < localPlaces.count; index++) {
            int place = localPlaces.places[index];
            if (!global[place]) {
                clear(place);
            }
        }
        localPlaces.clear();
    }

    /// Forgets whatever the guest's page around `linear` has put here.
    void clearPage(long linear) {
        int place = find(readTags, linear & -4096L);
        if (place >= 0) {
            clear(place);
        }
        if (large[half(linear)]) {
            clearLargePage(linear);
        }
    }

    private void clearLargePage(long linear) {
        for (int index = 0; index < largePlaces.count; index++) {
            int place = largePlaces.places[index];
            long outside = ~(long) spans[place];
            if (((readTags[place] ^ linear) & outside & -4096L) == 0) {
                clear(place);
            }
        }
    }

    private void clear(int index) {
        readTags[index] = EMPTY;
        writeTags[index] = EMPTY;
    }

    /// Forgets that anything may be written without notice.
    void clearWrites() {
        Arrays.fill(writeTags, 0, ENTRIES, EMPTY);
    }

    /// The place of a page with a tag in `tags`, or -1.
    static int find(long[] tags, long page) {
        int first = TranslationCache.first(page);
        if (tags[first] == page) {
            return first;
        }
        int second = TranslationCache.second(page);
        return tags[second] == page ? second : -1;
    }

    void put(long page, long hostPage, boolean write, Translation translation) {
        int index = place(page);
        long offset = hostPage - page;
        if (readTags[index] != page || offsets[index] != offset) {
            clear(index);
        }
        distances[index] = offset + base;
        large[half(page)] |= translation.pageBytes() > 4096;
        setRest(index, (int) translation.pageBytes() - 1, translation.global());
        readTags[index] = page;
        if (write) {
            writeTags[index] = page;
        }
    }

    private void list(int place) {
        if (!global[place]) {
            localPlaces.add(place);
        }
        if (spans[place] >= 4096) {
            largePlaces.add(place);
        }
    }

    /// Where a page is or may be put. The page that had its first place goes to its own second one.
    private int place(long page) {
        int known = find(readTags, page);
        if (known >= 0) {
            return known;
        }
        int first = TranslationCache.first(page);
        long other = readTags[first];
        if (other != EMPTY) {
            move(first, TranslationCache.second(other));
        }
        return first;
    }

    /// Machine code has brought the page at a second place, `from`, to its first, and the one that
    /// was there to `to`, in the arrays that it looks into.
    void moved(int from, int first, int to) {
        int span = spans[from];
        boolean isGlobal = global[from];
        setRest(to, spans[first], global[first]);
        setRest(first, span, isGlobal);
    }

    private void move(int from, int to) {
        readTags[to] = readTags[from];
        writeTags[to] = writeTags[from];
        distances[to] = distances[from];
        setRest(to, spans[from], global[from]);
    }

    /// What machine code does not know.
    private void setRest(int place, int span, boolean isGlobal) {
        offsets[place] = distances[place] - base;
        spans[place] = span;
        global[place] = isGlobal;
        list(place);
    }
}
