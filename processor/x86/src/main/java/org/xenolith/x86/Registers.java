package org.xenolith.x86;

/// What each register slot of the context means to an x86 unit.
public final class Registers {
    public static final int RAX = 0;
    public static final int RCX = 1;
    public static final int RDX = 2;
    public static final int RBX = 3;
    public static final int RSP = 4;
    public static final int RBP = 5;
    public static final int RSI = 6;
    public static final int RDI = 7;
    public static final int R8 = 8;
    public static final int R10 = 10;
    public static final int R11 = 11;

    /// The base of segment `n` (see [Segments]) is slot `SEGMENT_BASE + n`.
    public static final int SEGMENT_BASE = 16;

    /// 1 where the direction flag is clear, -1 where it is set.
    public static final int DIRECTION = 24;

    /// MXCSR.
    public static final int MXCSR = 25;

    /// Low and high half of XMM register `n` are slots `XMM + 2 * n` and the one after it.
    public static final int XMM = 32;

    private Registers() {}
}
