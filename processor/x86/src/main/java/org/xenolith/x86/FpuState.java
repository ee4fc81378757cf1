package org.xenolith.x86;

import org.xenolith.softfloat.Mxcsr;

/// x87 and MMX registers, and MXCSR. **Hot path.** Registers are physical (R0 to R7); ST(i) is
/// register `(top + i) & 7`. An MMX register is the significand of a physical register.
public final class FpuState {
    public final long[] significands = new long[8];

    /// Sign in bit 15, exponent below.
    public final int[] signExponents = new int[8];

    public int controlWord = 0x40;

    /// The status word without TOP.
    public int statusWord;

    public int top;

    /// Bit `n` is clear where physical register `n` is empty (the abridged tag word of FXSAVE).
    public int occupied;

    public long instructionPointer;
    public int instructionSelector;
    public long dataPointer;
    public int dataSelector;
    public int lastOpcode;

    /// MXCSR, with what the SSE instruction under way has found.
    public final Mxcsr mxcsr = new Mxcsr();
}
