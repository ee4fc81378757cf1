package org.xenolith.x86;

import org.xenolith.ir.Abort;

/// An exception of the guest's making (SDM vol. 3A, chapter 6), to be delivered to it. For a fault
/// the instruction has changed nothing.
public final class Trap extends Abort {
    private static final long serialVersionUID = 1L;

    public static final int DIVIDE_ERROR = 0;
    public static final int DEBUG = 1;
    public static final int BREAKPOINT = 3;
    public static final int OVERFLOW = 4;
    public static final int BOUND_RANGE = 5;
    public static final int INVALID_OPCODE = 6;
    public static final int DEVICE_NOT_AVAILABLE = 7;
    public static final int DOUBLE_FAULT = 8;
    public static final int INVALID_TSS = 10;
    public static final int SEGMENT_NOT_PRESENT = 11;
    public static final int STACK_FAULT = 12;
    public static final int GENERAL_PROTECTION = 13;
    public static final int PAGE_FAULT = 14;
    public static final int FLOATING_POINT = 16;
    public static final int ALIGNMENT_CHECK = 17;
    public static final int MACHINE_CHECK = 18;
    public static final int SIMD_FLOATING_POINT = 19;

    /// No error code is pushed.
    public static final int NO_ERROR_CODE = -1;

    private final int vector;
    private final int errorCode;
    private final long address;
    private final boolean nonCanonical;

    private Trap(int vector, int errorCode, long address) {
        this(vector, errorCode, address, false);
    }

    private Trap(int vector, int errorCode, long address, boolean nonCanonical) {
        super("trap");
        this.nonCanonical = nonCanonical;
        this.vector = vector;
        this.errorCode = errorCode;
        this.address = address;
    }

    /// A fault without error code.
    public static Trap of(int vector) {
        return new Trap(vector, NO_ERROR_CODE, 0);
    }

    public static Trap of(int vector, int errorCode) {
        return new Trap(vector, errorCode, 0);
    }

    public static Trap generalProtection(int errorCode) {
        return new Trap(GENERAL_PROTECTION, errorCode, 0);
    }

    public static Trap invalidOpcode() {
        return of(INVALID_OPCODE);
    }

    /// #PF; `address` goes to CR2.
    public static Trap pageFault(int errorCode, long address) {
        return new Trap(PAGE_FAULT, errorCode, address);
    }

    /// #GP(0), or #SS(0) where the access was to the stack: an address that is not canonical.
    public static Trap nonCanonical(long address) {
        return new Trap(GENERAL_PROTECTION, 0, address, true);
    }

    public boolean isNonCanonical() {
        return nonCanonical;
    }

    public int vector() {
        return vector;
    }

    /// The error code, or [#NO_ERROR_CODE].
    public int errorCode() {
        return errorCode;
    }

    public long address() {
        return address;
    }

    @Override
    public String getMessage() {
        var code = errorCode == NO_ERROR_CODE ? "" : "(" + Integer.toHexString(errorCode) + ")";
        return "exception " + vector + code;
    }
}
