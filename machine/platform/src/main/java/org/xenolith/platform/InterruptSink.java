package org.xenolith.platform;

/// What local APICs tell the one who runs the vCPUs. Called from any thread, with no lock held; an
/// implementation notes what is to be done and returns.
public interface InterruptSink {
    /// The vCPU may have an interrupt to take: end its halt, or make it leave to look.
    void wake(int vcpu);

    /// INIT: the vCPU goes to its state after INIT and waits for a start-up IPI (SDM vol. 3A, 9.4).
    /// Its local APIC has done so already.
    void init(int vcpu);

    /// A start-up IPI: a vCPU that waits for one begins in real mode at `vector` × 4096; any other
    /// ignores it.
    void startup(int vcpu, int vector);

    /// A non-maskable interrupt.
    void nmi(int vcpu);

    /// The guest has enabled the local APIC by software. What it dropped while disabled and is
    /// still pending at its source should be delivered anew.
    void enabled(int vcpu);

    /// The guest has ended a level-triggered interrupt, which its source may raise again.
    void levelEnded(int vcpu, int vector);
}
