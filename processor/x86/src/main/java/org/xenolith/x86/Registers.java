package org.xenolith.x86;

import org.xenolith.ir.Context;

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

    /// RFLAGS without status flags and DF: TF, IF, IOPL, NT, RF, VM, AC, VIF, VIP, ID.
    public static final int SYSTEM_FLAGS = Context.NEAR_COMPILER_SLOTS_END;

    /// While relative code executes ([Lifter#codeAddress]): the address that it counts from.
    public static final int CODE_BASE = 23;

    /// The base of segment `n` (see [Segments]) is slot `SEGMENT_BASE + n`.
    public static final int SEGMENT_BASE = 24;

    /// Low and high half of XMM register `n` are slots `XMM + 2 * n` and the one after it.
    public static final int XMM = 32;

    /// The selector of segment `n` is slot `SELECTOR + n`.
    public static final int SELECTOR = 64;

    /// The time-stamp counter less the clock's nanoseconds.
    public static final int TSC_OFFSET = 72;

    /// IA32_TSC_AUX.
    public static final int TSC_AUX = 73;

    /// Not 0 where CR4 lets only CPL 0 read the time-stamp counter.
    public static final int TSC_DISABLED = 74;

    /// IA32_STAR: the selectors of SYSCALL in bits 47:32, those of SYSRET in bits 63:48.
    public static final int STAR = 75;

    /// IA32_LSTAR: where SYSCALL goes in 64-bit mode.
    public static final int LSTAR = 76;

    /// IA32_FMASK: the flags that SYSCALL clears.
    public static final int FMASK = 77;

    /// The number of the [View] of memory in use. Belongs to the engine.
    public static final int VIEW = 78;

    /// Not 0 after a SYSCALL or SYSRET that has left the hidden parts of CS and SS to be set later.
    public static final int STALE_SEGMENTS = 79;

    /// Not 0 where CR4 does not allow instructions that read and write the bases of FS and GS.
    public static final int BASES_DISABLED = 80;

    /// 1 where the direction flag is clear, -1 where it is set.
    public static final int DIRECTION = 81;

    /// MXCSR.
    public static final int MXCSR = 82;

    /// Where the shadow of STI or of a load of SS is: no interrupt is taken before the instruction
    /// at this address, if that is the next one.
    public static final int SHADOW = 83;

    /// Not 0 while something waits that setting IF may let in. Belongs to the engine, which must
    /// see to it soon after IF has been set.
    public static final int EVENTS = 84;

    /// The base that SWAPGS brings in.
    public static final int KERNEL_GS_BASE = 85;

    private Registers() {}
}
