package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// All that the Xen side of a domain knows and a guest could notice. Version 1. Which grants back
/// ends use is not part of it: they begin anew.
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

    /// The same domain after `nanos` in which it stood still and its time went on: what was to
    /// happen meanwhile happens at once.
    public DomainState after(long nanos) {
        return new DomainState(
                systemTime + nanos,
                sharedInfo,
                events,
                upcalls,
                polls,
                timers,
                clock,
                runStates,
                vcpus,
                scheduling,
                params,
                physical,
                memory,
                grants);
    }

    /// Where in guest memory this state's own pages are shown: whoever copies the memory leaves
    /// them out.
    public Set<Long> ownPages() {
        return Stream.concat(Stream.of(sharedInfo.page()), grants.frames().stream())
                .map(SpecialPage.State::gfn)
                .filter(gfn -> gfn != SpecialPage.NO_GFN)
                .collect(Collectors.toUnmodifiableSet());
    }

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
