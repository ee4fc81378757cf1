package org.xenolith.engine;

/// One virtual processor. All methods but [#kick] are called by one thread at a time, while the
/// vCPU is not running.
///
/// Interrupts follow the hand-shake of a processor without a local APIC of its own, as KVM with a
/// user-space interrupt controller: before [#run] the caller offers a vector by [#interrupt] if
/// [#canTakeInterrupt]; else it asks for an exit as soon as that holds ([#requestInterruptWindow]).
public interface Vcpu extends AutoCloseable {
    int id();

    /// Runs until there is a reason to leave. `instructionsMax` bounds how long it takes: about as
    /// many instructions, or the time that they would take.
    ///
    /// After an exit that [Exit#awaitsAnswer], one of the `complete` methods must be called before
    /// the next run.
    Exit run(long instructionsMax);

    /// Answers the last exit: the value read, or any value for a write.
    void complete(long value);

    /// Answers the last exit with a fault at the instruction that caused it: #GP(0) for a port or
    /// MSR access.
    void completeWithFault();

    /// Makes a running [#run] return soon with [Exit.Preempted]; if none is running, the next one
    /// does. May be called from any thread.
    void kick();

    /// IF is set, nothing is in the way, and no event is waiting to be delivered.
    boolean canTakeInterrupt();

    /// Delivers an external interrupt at the start of the next run. Only if [#canTakeInterrupt].
    void interrupt(int vector);

    /// Makes [#run] leave with [Exit.InterruptWindow] as soon as [#canTakeInterrupt].
    void requestInterruptWindow(boolean wanted);

    /// Delivers a non-maskable interrupt at the next chance.
    void nonMaskableInterrupt();

    /// Mirrors the local APIC's task priority, so that CR8 reads it: bits 7:4 of TPR.
    void setTaskPriority(int cr8);

    /// Guest TSC ticks now, as RDTSC would read it.
    long timeStampCounter();

    /// Guest instructions retired since creation; 0 where the engine cannot count.
    long instructionsRetired();

    /// Whether the vCPU executes 64-bit code. May be asked while an exit awaits its answer.
    boolean is64Bit();

    /// The whole state. An instruction that still waits for something from outside has not begun in
    /// it: it will be executed again.
    VcpuState capture();

    void restore(VcpuState state);

    /// Translates a linear address as the current mode would for a supervisor read. Returns the
    /// guest-physical address, or -1. For debuggers and dumps; changes nothing.
    long translate(long linear);

    @Override
    void close();
}
