package org.xenolith.x86;

/// Segment registers by number, and the bits of their attributes, which are kept in the layout of
/// the VMX access rights (SDM vol. 3C, table 26-2).
public final class Segments {
    public static final int ES = 0;
    public static final int CS = 1;
    public static final int SS = 2;
    public static final int DS = 3;
    public static final int FS = 4;
    public static final int GS = 5;
    public static final int LDTR = 6;
    public static final int TR = 7;
    public static final int COUNT = 8;

    /// Type: accessed (data and code segments).
    public static final int ACCESSED = 1;

    /// Type: writable (data) or readable (code).
    public static final int WRITABLE = 1 << 1;

    /// Type: expand-down (data) or conforming (code).
    public static final int EXPAND_DOWN = 1 << 2;

    /// Type: code rather than data.
    public static final int CODE = 1 << 3;

    /// S: a code or data segment rather than a system segment.
    public static final int NON_SYSTEM = 1 << 4;

    public static final int DPL_SHIFT = 5;
    public static final int PRESENT = 1 << 7;
    public static final int LONG = 1 << 13;

    /// D or B: 32-bit default size.
    public static final int BIG = 1 << 14;

    public static final int GRANULARITY = 1 << 15;
    public static final int UNUSABLE = 1 << 16;

    private Segments() {}

    public static int dpl(int attributes) {
        return attributes >>> DPL_SHIFT & 3;
    }
}
