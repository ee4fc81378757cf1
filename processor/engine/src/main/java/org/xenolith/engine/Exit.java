package org.xenolith.engine;

/// Why a vCPU left. `bytes` is 1, 2, 4 or 8; values are zero-extended.
public sealed interface Exit {
    /// Reads wait for [Vcpu#complete] with the value; MSR accesses and hypercalls for either
    /// `complete` method.
    default boolean awaitsAnswer() {
        return switch (this) {
            case PortRead _, MmioRead _, MsrRead _, MsrWrite _, Hypercall _ -> true;
            case PortWrite _,
                    MmioWrite _,
                    TaskPriority _,
                    InterruptWindow _,
                    Halted _,
                    Preempted _,
                    Shutdown _ ->
                    false;
        };
    }

    /// IN: a port from 0 to 65535.
    record PortRead(int port, int bytes) implements Exit {}

    /// OUT; already done as far as the vCPU is concerned.
    record PortWrite(int port, int bytes, int value) implements Exit {}

    /// A read of guest-physical memory that has no frame.
    record MmioRead(long gpa, int bytes) implements Exit {}

    /// A write to guest-physical memory that has no frame; already done as far as the vCPU is
    /// concerned.
    record MmioWrite(long gpa, int bytes, long value) implements Exit {}

    /// RDMSR of a register that is not the processor's own (x2APIC, TSC deadline, hypervisor).
    record MsrRead(int index) implements Exit {}

    /// WRMSR of a register that is not the processor's own.
    record MsrWrite(int index, long value) implements Exit {}

    /// VMCALL or VMMCALL. Arguments are in the registers of the caller's mode: 64-bit rax, rdi,
    /// rsi, rdx, r10, r8; else eax, ebx, ecx, edx, esi, edi. The answer goes to rax.
    record Hypercall(
            boolean longMode, int cpl, long number, long a1, long a2, long a3, long a4, long a5)
            implements Exit {}

    /// MOV to CR8: the new task priority class, 0 to 15.
    record TaskPriority(int cr8) implements Exit {}

    /// What [Vcpu#requestInterruptWindow] asked for.
    record InterruptWindow() implements Exit {}

    /// HLT; the next event wakes it. Its RIP is behind the HLT.
    record Halted() implements Exit {}

    /// The budget is used up, someone kicked, or the program waits for another vCPU (PAUSE).
    record Preempted() implements Exit {}

    /// Triple fault: the processor has stopped.
    record Shutdown(String reason) implements Exit {}
}
