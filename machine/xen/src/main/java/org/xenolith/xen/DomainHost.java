package org.xenolith.xen;

/// What a domain asks of the machine around it. The board implements it. Every method may be called
/// from any thread, holds no lock of the domain, and must not wait.
public interface DomainHost {
    /// An edge-triggered interrupt for the vCPU's local APIC, as `HVMOP_set_evtchn_upcall_vector`
    /// asks for; the guest ends it with EOI. Dropped if the APIC is disabled. Wakes a sleeping
    /// vCPU.
    void interrupt(int vcpu, int vector);

    /// Something has changed for the vCPU: it leaves a [HypercallResult.Block] and, before it goes
    /// on, asks [Domain#pendingCallbackVector] again. Also called for a running vCPU.
    void wake(int vcpu);

    /// A non-maskable interrupt (`VCPUOP_send_nmi`).
    void nonMaskableInterrupt(int vcpu);

    /// Sets the registers of a vCPU that is down (`VCPUOP_initialise`). It stays down.
    void initialise(int vcpu, VcpuStart start);

    /// The vCPU runs from now on (`VCPUOP_up`).
    void vcpuUp(int vcpu);

    /// The vCPU stops running (`VCPUOP_down` by another vCPU, or by itself).
    void vcpuDown(int vcpu);

    /// The domain has shut down. Called once until [Domain#resume].
    void shutdown(ShutdownReason reason);

    /// The level of the wire chosen by `HVM_PARAM_CALLBACK_IRQ` of type GSI or PCI INTx. A machine
    /// without I/O APIC and PIC has no such wire, and never hears of it.
    void callbackLine(int gsi, boolean asserted);

    /// Bytes that the guest wrote by `CONSOLEIO_write`, unfiltered.
    void consoleOutput(byte[] bytes);
}
