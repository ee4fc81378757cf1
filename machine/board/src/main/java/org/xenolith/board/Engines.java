package org.xenolith.board;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Engine;
import org.xenolith.engine.soft.SoftEngine;
import org.xenolith.memory.GuestMemory;
import org.xenolith.x86.CpuidLeaves;
import org.xenolith.xen.DomainSpec.HypercallInstruction;

import java.nio.file.Path;
import java.util.Optional;

/// Which engine runs a machine, and what the machine must know of it beforehand. The only place
/// that names an engine.
final class Engines {
    /// What machines that are not deterministic have, whatever they ask for; else what fits them.
    private final Optional<SoftEngine.Options> options;

    private Engines(Optional<SoftEngine.Options> options) {
        this.options = options;
    }

    /// The software engine with these options, for tests of one way of execution.
    static Engines software(SoftEngine.Options options) {
        return new Engines(Optional.of(options));
    }

    /// What `choice` means on this host.
    static Engines choose(EngineChoice choice) throws DomainException {
        return switch (choice) {
            case AUTO, SOFT -> new Engines(Optional.empty());
            case KVM -> throw new DomainException("engine \"kvm\" is not available on this host");
        };
    }

    Engine create(
            GuestMemory memory,
            Clock clock,
            Entropy entropy,
            MemoryAccess access,
            Optional<Path> codeStore) {
        var chosen = options.orElseGet(() -> fitting(access));
        return new SoftEngine(memory, clock, entropy, chosen, codeStore);
    }

    private static SoftEngine.Options fitting(MemoryAccess access) {
        return switch (access) {
            case CHECKED -> SoftEngine.Options.DEFAULT;
            case UNCHECKED -> SoftEngine.Options.unchecked();
        };
    }

    /// One whose vCPUs leave at the same instructions in every run: nothing depends on when another
    /// thread has compiled something.
    Engine createDeterministic(GuestMemory memory, Clock clock, Entropy entropy) {
        var options = SoftEngine.Options.of(SoftEngine.Tier.HANDLERS);
        return new SoftEngine(memory, clock, entropy, options);
    }

    long tscHertz() {
        return SoftEngine.TSC_KHZ * 1000;
    }

    /// As the vendor that CPUID shows has it.
    HypercallInstruction hypercallInstruction() {
        return HypercallInstruction.VMCALL;
    }

    /// What the processor says of itself, before Xen's leaves are added.
    CpuidTable.Builder cpuid(int apicId, int vcpus) {
        return CpuidLeaves.of(apicId, vcpus, (int) SoftEngine.TSC_KHZ);
    }
}
