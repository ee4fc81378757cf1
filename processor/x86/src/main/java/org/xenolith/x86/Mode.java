package org.xenolith.x86;

import org.xenolith.ir.Width;

/// Whatever of the processor's state decides how bytes decode and what they mean. Two places with
/// equal bytes, addresses and modes have the same translation.
public record Mode(int bits) {
    static final int CODE_SIZE_MASK = 3;
    static final int STACK_32 = 1 << 2;
    static final int FLAT = 1 << 3;
    static final int CPL_SHIFT = 4;
    static final int PROTECTED = 1 << 6;
    static final int VIRTUAL_8086 = 1 << 7;
    static final int EMULATION = 1 << 8;
    static final int TASK_SWITCHED = 1 << 9;
    static final int MONITOR_COPROCESSOR = 1 << 10;
    static final int OS_FXSAVE = 1 << 11;
    static final int LONG_ACTIVE = 1 << 12;

    /// The bit of [#stepping].
    public static final int STEPPING = 1 << 13;

    /// The bit of [#plainSystemCalls].
    static final int PLAIN_SYSTEM_CALLS = 1 << 14;

    /// Width of code: the D and L bits of CS.
    public Width codeSize() {
        return switch (bits & CODE_SIZE_MASK) {
            case 0 -> Width.W16;
            case 1 -> Width.W32;
            default -> Width.W64;
        };
    }

    /// 64-bit mode proper.
    public boolean is64() {
        return (bits & CODE_SIZE_MASK) == 2;
    }

    /// Width of the stack pointer.
    public Width stackSize() {
        return is64() ? Width.W64 : (bits & STACK_32) != 0 ? Width.W32 : Width.W16;
    }

    /// CS, DS, ES and SS span 4 GiB from 0 and allow every access: no checks, no bases.
    public boolean flat() {
        return (bits & FLAT) != 0;
    }

    /// The bits of a mode, but with another CPL.
    public static int withCpl(int bits, int cpl) {
        return bits & ~(3 << CPL_SHIFT) | cpl << CPL_SHIFT;
    }

    public int cpl() {
        return bits >>> CPL_SHIFT & 3;
    }

    public boolean isProtected() {
        return (bits & PROTECTED) != 0;
    }

    public boolean virtual8086() {
        return (bits & VIRTUAL_8086) != 0;
    }

    /// EFER.LMA: 64-bit or compatibility mode.
    public boolean longActive() {
        return (bits & LONG_ACTIVE) != 0;
    }

    /// CR0.EM.
    public boolean emulation() {
        return (bits & EMULATION) != 0;
    }

    /// CR0.TS.
    public boolean taskSwitched() {
        return (bits & TASK_SWITCHED) != 0;
    }

    /// CR0.MP.
    public boolean monitorCoprocessor() {
        return (bits & MONITOR_COPROCESSOR) != 0;
    }

    /// CR4.OSFXSR.
    public boolean osFxsave() {
        return (bits & OS_FXSAVE) != 0;
    }

    /// SYSCALL and SYSRET are enabled, and SYSCALL clears the flags that operating systems want
    /// cleared.
    boolean plainSystemCalls() {
        return (bits & PLAIN_SYSTEM_CALLS) != 0;
    }

    /// A trap may follow any instruction (TF or an instruction breakpoint): one at a time.
    public boolean stepping() {
        return (bits & STEPPING) != 0;
    }
}
