package org.xenolith.engine;

/// Makes the vCPUs of one machine.
public interface Engine extends AutoCloseable {
    /// The name users know: `soft` or `kvm`.
    String name();

    /// A vCPU in its state after power-on (SDM vol. 3A, table 11-1). `id` counts from 0 and is its
    /// index in the machine.
    Vcpu createVcpu(int id, CpuidTable cpuid);

    @Override
    void close();
}
