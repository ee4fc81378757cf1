package org.xenolith.softfloat;

/// The SSE control and status register (SDM vol. 1, 10.2.3) and the flags of the instruction under
/// way. One for each virtual processor; not shared between threads.
///
/// An instruction computes all its lanes, then calls [#commit]: only if that is true may it write
/// its destination; else the caller raises #XM.
public final class Mxcsr extends Unrounded {
    /// The value after reset: all exceptions masked, nearest, no flags.
    public static final int INITIAL = 0x1F80;

    /// Bits that software may set; others make LDMXCSR fault.
    public static final int WRITABLE = 0xFFFF;

    private static final int DENORMALS_ARE_ZEROS = 0x40;
    private static final int FLUSH_TO_ZERO = 0x8000;

    private static final int MASKS = 0x1F80;
    private static final int ROUNDING = 0x6000;

    /// Where the register is, as a number of 64 bits.
    private final long[] registers;

    private final int slot;

    /// Whether a step of the instruction under way was refused.
    private boolean refused;

    /// A register of its own.
    public Mxcsr() {
        this(new long[1], 0);
    }

    /// A register that is kept in an element of an array, whose owner may change it between
    /// instructions, within [#WRITABLE].
    public Mxcsr(long[] registers, int slot) {
        this.registers = registers;
        this.slot = slot;
        registers[slot] = INITIAL;
    }

    /// The register as STMXCSR stores it.
    public int value() {
        return (int) registers[slot];
    }

    /// Sets the register, as LDMXCSR does with a value inside [#WRITABLE].
    public void value(int newValue) {
        registers[slot] = newValue & WRITABLE;
        flags = 0;
        refused = false;
    }

    /// Ends an instruction: adds what its lanes found to the sticky flags. False if one of them is
    /// not masked: the destination must then stay as it is and #XM be raised.
    public boolean commit() {
        if (flags == 0 && !refused) {
            return true;
        }
        boolean accepted = endStep();
        refused = false;
        return accepted;
    }

    /// Ends a step of an instruction that computes in several, each of which may be refused; false
    /// if it was, so that no further one may be computed.
    boolean endStep() {
        int found = flags;
        int unmasked = found & ~masks();
        if ((unmasked & FloatFlags.BEFORE_COMPUTATION) != 0) {
            // Nothing is computed in any lane then (SDM vol. 1, 11.5.3).
            found &= FloatFlags.BEFORE_COMPUTATION;
        }
        flags = 0;
        registers[slot] |= found;
        refused |= unmasked != 0;
        return !refused;
    }

    /// Whether an operation that neither meets nor makes a special number leaves no trace but its
    /// result to the nearest: all exceptions masked, and PE set already.
    public boolean plain() {
        return (value() & (MASKS | ROUNDING | FloatFlags.PRECISION))
                == (MASKS | FloatFlags.PRECISION);
    }

    @Override
    int rounding() {
        return value() >>> 13 & 3;
    }

    @Override
    int masks() {
        return value() >>> 7 & FloatFlags.EXCEPTIONS;
    }

    boolean denormalsAreZeros() {
        return (value() & DENORMALS_ARE_ZEROS) != 0;
    }

    boolean flushToZero() {
        return (value() & FLUSH_TO_ZERO) != 0;
    }
}
