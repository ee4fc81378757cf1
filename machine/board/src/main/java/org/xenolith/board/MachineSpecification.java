package org.xenolith.board;

import static org.xenolith.base.Sizes.MIB;
import static org.xenolith.state.StateException.require;

import org.xenolith.base.DomainId;
import org.xenolith.state.StateCodec;
import org.xenolith.xen.DomainSpec;

import java.lang.invoke.MethodHandles;
import java.util.UUID;

/// What a guest has found its machine to be, and will not look at again: a machine that goes on
/// with the guest must be the same. Version 1.
///
/// @param domain the id that the guest was told; the operator may know the domain by another
/// @param vcpus that were online at start
/// @param maxVcpus that exist
/// @param eventChannelsMax the highest port
/// @param deterministic its time is counted in instructions
/// @param seed of a deterministic machine, else 0
record MachineSpecification(
        int domain,
        long uuidHigh,
        long uuidLow,
        long memoryBytes,
        long maxMemoryBytes,
        int vcpus,
        int maxVcpus,
        int grantFramesMax,
        int eventChannelsMax,
        long tscKilohertz,
        boolean deterministic,
        long seed) {
    static final StateCodec<MachineSpecification> CODEC =
            StateCodec.of("machine", MachineSpecification.class, MethodHandles.lookup());

    MachineSpecification {
        require(domain >= 0 && domain <= DomainId.MAX, "a domain id is a guest's");
        require(
                memoryBytes >= DomainConfig.MEMORY_BYTES_MIN
                        && maxMemoryBytes >= memoryBytes
                        && maxMemoryBytes <= DomainConfig.MEMORY_BYTES_MAX
                        && (memoryBytes | maxMemoryBytes) % MIB == 0,
                "a machine has between 4 MiB and 256 GiB of memory");
        require(
                vcpus >= 1 && maxVcpus >= vcpus && maxVcpus <= DomainConfig.VCPUS_MAX,
                "a machine has 1 to 128 vCPUs");
        require(
                grantFramesMax >= 1 && grantFramesMax <= DomainSpec.GRANT_FRAMES_MAX,
                "a grant table is bounded");
        require(
                eventChannelsMax >= 63 && eventChannelsMax < DomainSpec.EVENT_CHANNELS_MAX,
                "event channels are bounded");
        require(tscKilohertz > 0, "a time-stamp counter runs");
        require(deterministic || seed == 0, "only a deterministic machine has a seed");
    }

    static MachineSpecification of(DomainConfig config, DomainId id, long tscKilohertz) {
        return new MachineSpecification(
                id.value(),
                config.uuid().getMostSignificantBits(),
                config.uuid().getLeastSignificantBits(),
                config.memoryBytes(),
                config.maxMemoryBytes(),
                config.vcpus(),
                config.maxVcpus(),
                config.limits().grantFramesMax(),
                config.limits().eventChannelsMax(),
                tscKilohertz,
                config.deterministic().isPresent(),
                config.deterministic().orElse(0L));
    }

    DomainId id() {
        return new DomainId(domain);
    }

    UUID uuid() {
        return new UUID(uuidHigh, uuidLow);
    }

    /// Refuses a configuration that describes another machine. How much memory it has and which
    /// vCPUs are online may have changed since it was started.
    void requireSame(DomainConfig config, long hostTscKilohertz) throws DomainException {
        same("maxmem", maxMemoryBytes / MIB, config.maxMemoryBytes() / MIB);
        same("maxvcpus", maxVcpus, config.maxVcpus());
        same("max_grant_frames", grantFramesMax, config.limits().grantFramesMax());
        same("max_event_channels", eventChannelsMax, config.limits().eventChannelsMax());
        same("deterministic", deterministic, config.deterministic().isPresent());
        same("deterministic", seed, config.deterministic().orElse(0L));
        same("the frequency of the time-stamp counter", tscKilohertz, hostTscKilohertz);
    }

    private static void same(String what, Object saved, Object here) throws DomainException {
        if (!saved.equals(here)) {
            throw new DomainException(
                    "the guest was saved with %s = %s, which cannot be %s"
                            .formatted(what, saved, here));
        }
    }
}
