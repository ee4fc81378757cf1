package org.xenolith.jit;

/// Where translations are in the arrays that regions are executed with: by the tag of a page, which
/// is its linear address, its offset. A page has two places. It is looked for at the first, and
/// only if another page is there at the second: two pages that are used in turn may have the same
/// first place, and will, now and then, wherever a guest's pages lie at random.
public final class TranslationCache {
    /// How many first places there are.
    private static final int FIRST = 1024;

    /// How many second places there are, behind the first.
    private static final int SECOND = 256;

    /// How many places there are.
    public static final int ENTRIES = FIRST + SECOND;

    /// The length of the arrays: a power of two, so that an index of which only the low bits are
    /// taken needs no check.
    public static final int LENGTH = 2 * FIRST;

    public static final int PAGE_SHIFT = 12;
    public static final int FIRST_MASK = FIRST - 1;
    public static final int SECOND_MASK = SECOND - 1;

    /// The tag of a place that has no page: equal to no tag that is looked for.
    public static final long EMPTY = 1;

    /// Where the second places begin.
    public static final int SECOND_BASE = FIRST;

    /// How far up the bits of a page's number are that tell pages with the same first place apart.
    public static final int SECOND_SHIFT = 10;

    private TranslationCache() {}

    /// The first place of the page around `linear`.
    public static int first(long linear) {
        return (int) (linear >>> PAGE_SHIFT) & FIRST_MASK;
    }

    /// The second place of the page around `linear`.
    public static int second(long linear) {
        long page = linear >>> PAGE_SHIFT;
        return SECOND_BASE + ((int) (page ^ page >>> SECOND_SHIFT) & SECOND_MASK);
    }
}
