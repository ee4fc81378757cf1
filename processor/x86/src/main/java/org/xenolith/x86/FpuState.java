package org.xenolith.x86;

import org.xenolith.softfloat.Float80;
import org.xenolith.softfloat.FloatFlags;
import org.xenolith.softfloat.FpuContext;
import org.xenolith.softfloat.Mxcsr;

/// x87 and MMX registers, and MXCSR. **Hot path.** Registers are physical (R0 to R7); ST(i) is
/// register `(top + i) & 7`. An MMX register is the significand of a physical register.
///
/// As on processors whose CPUID says so (leaf 7, EBX bits 6 and 13), the data pointer and the last
/// opcode are those of the last instruction that raised an unmasked exception, and the selectors of
/// both pointers are always 0.
public final class FpuState {
    /// Stack fault (SF) in the status word.
    static final int STACK_FAULT = 1 << 6;

    /// Exception summary (ES) and busy (B): an exception that is not masked is pending.
    static final int SUMMARY = 1 << 7 | 1 << 15;

    /// C0 to C3.
    static final int CONDITIONS = FloatFlags.C0 | FloatFlags.C1 | FloatFlags.C2 | FloatFlags.C3;

    /// The place of TOP in the status word as software sees it.
    private static final int TOP_SHIFT = 11;

    /// Bits of the control word that can be set; bit 6 always is.
    private static final int CONTROL_WRITABLE = 0x1F3F;

    private static final int CONTROL_FIXED = 0x40;

    public final long[] significands = new long[8];

    /// Sign in bit 15, exponent below.
    public final int[] signExponents = new int[8];

    public int controlWord = CONTROL_FIXED;

    /// The status word without TOP.
    public int statusWord;

    public int top;

    /// Bit `n` is clear where physical register `n` is empty (the abridged tag word of FXSAVE).
    public int occupied = 0xFF;

    public long instructionPointer;
    public long dataPointer;

    /// Eleven bits: the low three of the first byte, then ModRM.
    public int lastOpcode;

    /// MXCSR, with what the SSE instruction under way has found.
    public final Mxcsr mxcsr;

    /// What arithmetic works in; holds nothing between instructions.
    final FpuContext context = new FpuContext();

    // Of the instruction under way: what becomes of the pointers and the opcode if it is done.
    long enteredPointer;
    int enteredOpcode;
    long enteredData;

    /// @param registers those of the processor, where MXCSR is
    FpuState(long[] registers) {
        mxcsr = new Mxcsr(registers, Registers.MXCSR);
    }

    /// FNINIT. The registers keep their contents and are empty.
    void initialize() {
        controlWord = 0x037F;
        statusWord = 0;
        top = 0;
        occupied = 0;
        instructionPointer = 0;
        dataPointer = 0;
        lastOpcode = 0;
    }

    /// The status word as software sees it.
    int status() {
        return statusWord | top << TOP_SHIFT;
    }

    /// Replaces the status word, TOP included. The summary follows from flags and masks.
    void status(int value) {
        top = value >>> TOP_SHIFT & 7;
        statusWord = value & ~(7 << TOP_SHIFT) & 0xFFFF;
        summarize();
    }

    /// Replaces the control word. Exceptions that it unmasks become pending.
    void control(int value) {
        controlWord = value & CONTROL_WRITABLE | CONTROL_FIXED;
        summarize();
    }

    private void summarize() {
        boolean pending = (statusWord & ~controlWord & FloatFlags.EXCEPTIONS) != 0;
        statusWord = pending ? statusWord | SUMMARY : statusWord & ~SUMMARY;
    }

    // ---------------------------------------------------------------- the stack

    long significand(int index) {
        return significands[top + index & 7];
    }

    int signExponent(int index) {
        return signExponents[top + index & 7];
    }

    boolean isEmpty(int index) {
        return (occupied >>> (top + index & 7) & 1) == 0;
    }

    /// Replaces ST(index), which is then not empty.
    void set(int index, long significand, int signExponent) {
        int register = top + index & 7;
        significands[register] = significand;
        signExponents[register] = signExponent;
        occupied |= 1 << register;
    }

    void setEmpty(int index) {
        occupied &= ~(1 << (top + index & 7));
    }

    void push(long significand, int signExponent) {
        top = top - 1 & 7;
        set(0, significand, signExponent);
    }

    /// Pops as often as `count` says.
    void pop(int count) {
        for (int left = count; left > 0; left--) {
            setEmpty(0);
            top = top + 1 & 7;
        }
    }

    // ---------------------------------------------------------------- an instruction

    /// An instruction other than one of control is about to change the state.
    void begin() {
        instructionPointer = enteredPointer;
        context.controlWord(controlWord);
    }

    boolean masks(int exception) {
        return (controlWord & exception) != 0;
    }

    /// Adds exceptions to the status word and replaces those condition codes that the instruction
    /// defines.
    void finish(int flags, int conditions) {
        int exceptions = FloatFlags.EXCEPTIONS | STACK_FAULT;
        statusWord = statusWord & ~conditions | flags & (conditions | exceptions);
        if ((flags & ~controlWord & FloatFlags.EXCEPTIONS) != 0) {
            statusWord |= SUMMARY;
            dataPointer = enteredData;
            lastOpcode = enteredOpcode;
        }
    }

    /// A register that must not be empty is. True if that is masked.
    boolean underflow() {
        finish(FloatFlags.INVALID | STACK_FAULT, FloatFlags.C1);
        return masks(FloatFlags.INVALID);
    }

    /// The same; a NaN takes the place of the result if that is masked.
    void underflow(int destination, int pops) {
        if (underflow()) {
            set(destination, Float80.DEFAULT_NAN, 0xFFFF);
            pop(pops);
        }
    }

    /// The register to be pushed into is not empty. True if that is masked.
    boolean overflow() {
        finish(FloatFlags.INVALID | STACK_FAULT | FloatFlags.C1, FloatFlags.C1);
        return masks(FloatFlags.INVALID);
    }
}
