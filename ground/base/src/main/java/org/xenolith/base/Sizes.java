package org.xenolith.base;

/// Sizes of the x86 world, in bytes unless the name says otherwise.
public final class Sizes {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;
    public static final long PAGE_MASK = -PAGE_BYTES;
    public static final long KIB = 1L << 10;
    public static final long MIB = 1L << 20;
    public static final long GIB = 1L << 30;

    private Sizes() {}

    /// Rounds `bytes` up to whole pages.
    public static long pageAlignUp(long bytes) {
        return (bytes + PAGE_BYTES - 1) & PAGE_MASK;
    }
}
