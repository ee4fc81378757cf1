package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;

/// All that the Xen side of a domain knows and a guest could notice. Version 1.
///
/// @param systemTime nanoseconds since the domain was created
public record DomainState(
        long systemTime,
        SharedInfo.State sharedInfo,
        EventChannels.State events,
        Upcalls.State upcalls,
        Polls.State polls,
        VcpuTimers.State timers,
        PvClock.State clock,
        RunStates.State runStates,
        Vcpus.State vcpus,
        Scheduling.State scheduling,
        HvmParams.State params,
        PhysicalMap.State physical,
        MemoryOps.State memory,
        GrantTable.State grants) {
    public static final StateCodec<DomainState> CODEC =
            StateCodec.of("xen-domain", DomainState.class, MethodHandles.lookup());

    public DomainState {
        require(systemTime >= 0, "time goes on");
        long places =
                grants.frames().stream()
                        .map(SpecialPage.State::gfn)
                        .filter(gfn -> gfn != SpecialPage.NO_GFN)
                        .distinct()
                        .count();
        long mapped =
                grants.frames().stream().filter(page -> page.gfn() != SpecialPage.NO_GFN).count();
        long info = sharedInfo.page().gfn();
        require(
                places == mapped
                        && (info == SpecialPage.NO_GFN
                                || grants.frames().stream().noneMatch(page -> page.gfn() == info)),
                "special pages are at different places");
    }
}
