package org.xenolith.xen;

import org.xenolith.base.Bug;
import org.xenolith.base.DomainId;
import org.xenolith.base.TimerQueue;
import org.xenolith.device.Device;
import org.xenolith.device.Migratability;
import org.xenolith.engine.CpuidTable;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.StateCodec;
import org.xenolith.state.StateException;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.CpuidAbi;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/// The Xen side of one domain: what answers its hypercalls and tells it of events.
///
/// All methods may be called from any thread; those that name a vCPU and say so only from the
/// thread that runs it. The domain has one lock and calls its [DomainHost] and back ends without
/// it. For each vCPU the machine calls, round after round:
///
/// 1. [#vcpuRuns], then [#pendingCallbackVector]: a vector is injected like an external interrupt,
///    before any of the local APIC, whenever the vCPU can take one. It stays until the guest clears
///    `evtchn_upcall_pending`.
/// 2. After a VMCALL or VMMCALL, [#hypercall].
/// 3. [#vcpuWaits] when it halts or blocks, [#vcpuWoke] when that is over.
public final class XenDomain implements Device<DomainState> {
    private final DomainSpec spec;
    private final DomainLock lock = new DomainLock();
    private final DomainTime time;
    private final Pauses pauses;
    private final SharedInfo shared;
    private final Polls polls;
    private final Upcalls upcalls;
    private final EventChannels events;
    private final VcpuTimers timers;
    private final PvClock clock;
    private final RunStates runStates;
    private final Scheduling scheduling;
    private final Vcpus vcpus;
    private final HvmParams params = new HvmParams();
    private final PhysicalMap physical;
    private final GrantTable grants;
    private final MemoryOps memoryOps;
    private final HvmOps hvmOps;
    private final HypercallPage hypercallPage;
    private final Hypercalls hypercalls;

    /// `memory` has the domain's RAM mapped and [DomainSpec#extraFrames] frames free.
    public XenDomain(DomainSpec spec, GuestMemory memory, TimerQueue timerQueue, DomainHost host) {
        this.spec = spec;
        int count = spec.vcpus();
        var words = new Words(memory);
        time = new DomainTime(timerQueue, lock);
        pauses = new Pauses(time);
        shared = new SharedInfo(memory, words, count);
        polls = new Polls(lock, host, time, count);
        upcalls = new Upcalls(lock, host, shared, polls, count, spec.interruptWires());
        events = new EventChannels(spec, lock, shared, words, upcalls);
        timers = new VcpuTimers(lock, events, time, count);
        clock = new PvClock(spec, memory, words, shared, time);
        runStates = new RunStates(count, memory, shared, time);
        scheduling = new Scheduling(spec.id(), lock, host, events, polls, time);
        vcpus = new Vcpus(count, lock, host, shared, upcalls, clock, runStates, timers, scheduling);
        physical = new PhysicalMap(spec, memory);
        grants = new GrantTable(spec, lock, memory, words, physical);
        memoryOps = new MemoryOps(spec, lock, memory, physical, shared, grants);
        hvmOps = new HvmOps(spec, lock, params, shared, upcalls, time, physical, scheduling);
        hypercallPage = new HypercallPage(spec, memory);
        hypercalls =
                new Hypercalls(
                        new Hypercalls.Parts(
                                spec,
                                memoryOps,
                                lock,
                                timers,
                                new VersionOps(spec.handle()),
                                new OtherOps(spec.id(), lock, host, runStates),
                                new GrantTableOps(spec.id(), lock, memory, grants, physical),
                                vcpus,
                                scheduling,
                                events,
                                hvmOps));
        lock.run(hvmOps::writeWallClock);
    }

    public DomainSpec spec() {
        return spec;
    }

    // ---------------------------------------------------------------- the vCPU's side

    /// Performs a hypercall. `longMode` is whether the vCPU is in 64-bit mode: then the arguments
    /// are rdi, rsi, rdx, r10, r8, else ebx, ecx, edx, esi, edi. `cpl` is its privilege level, 0 in
    /// real mode and 3 in virtual-8086 mode. On the vCPU's thread.
    public HypercallResult hypercall(
            VcpuContext caller,
            boolean longMode,
            int cpl,
            long number,
            long a1,
            long a2,
            long a3,
            long a4,
            long a5) {
        Bug.check(caller.id() >= 0 && caller.id() < spec.vcpus(), "a vCPU of this domain");
        var abi = longMode ? Abi.X86_64 : Abi.X86_32;
        if (cpl != 0) {
            long value = XenErrno.EPERM.negative();
            return Call.value(longMode ? value : value & 0xFFFF_FFFFL);
        }
        vcpuWoke(caller.id());
        return hypercalls.perform(new Call(caller, abi, number, a1, a2, a3, a4, a5));
    }

    /// The vector of events waiting for the vCPU, or -1. It is injected whenever RFLAGS.IF and the
    /// rest allow, needs no local APIC, and gets no EOI. On the vCPU's thread, before each run.
    public int pendingCallbackVector(int vcpu) {
        if (vcpu == 0 && upcalls.lineToDrop()) {
            lock.run(upcalls::dropLine);
        }
        return upcalls.pendingVector(vcpu);
    }

    /// The vCPU is about to run; `tsc` reads its TSC, and takes no lock. On the vCPU's thread,
    /// before each run.
    public void vcpuRuns(int vcpu, LongSupplier tsc) {
        if (runStates.isRunning(vcpu) && !clock.isDue(vcpu)) {
            return;
        }
        lock.run(() -> {
            runStates.enter(vcpu, RunState.RUNNING);
            clock.update(vcpu, tsc);
        });
    }

    /// The vCPU no longer runs: it waits in `state`, which is not running.
    public void vcpuWaits(int vcpu, RunState state) {
        lock.run(() -> runStates.enter(vcpu, state));
    }

    /// The vCPU has left a [HypercallResult.Block], for whatever reason.
    public void vcpuWoke(int vcpu) {
        if (polls.isPolling(vcpu)) {
            lock.run(() -> polls.end(vcpu));
        }
    }

    /// INIT and SIPI have started the vCPU, or an INIT has stopped it.
    public void vcpuStarted(int vcpu, boolean started) {
        lock.run(() -> vcpus.setStarted(vcpu, started));
    }

    /// The vCPU has executed HLT with interrupts off: it is down, as after `VCPUOP_down`. Where it
    /// was the last one that was up, the domain has powered off, which is how a guest without a way
    /// to power off does it.
    public void vcpuHaltedForGood(int vcpu) {
        lock.run(() -> vcpus.down(vcpu, vcpu));
    }

    /// The guest has enabled the vCPU's local APIC, which dropped every interrupt before.
    public void localApicEnabled(int vcpu) {
        lock.run(() -> upcalls.apicEnabled(vcpu));
    }

    /// Whether the vCPU is up: not down by `VCPUOP_down`, and started.
    public boolean isVcpuUp(int vcpu) {
        return lock.hold(() -> vcpus.isUp(vcpu));
    }

    /// Adds the leaves from 0x40000000 on, as `vcpu` sees them.
    public CpuidTable.Builder addCpuid(CpuidTable.Builder builder, int vcpu) {
        return XenCpuid.add(builder, spec, vcpu);
    }

    /// WRMSR by the vCPU. False for #GP(0): not ours, or not acceptable.
    public boolean writeMsr(VcpuContext caller, boolean longMode, int index, long value) {
        if (index != CpuidAbi.HYPERCALL_PAGE_MSR || !hypercallPage.fill(value)) {
            return false;
        }
        var abi = longMode ? Abi.X86_64 : Abi.X86_32;
        var call = new Call(caller, abi, 0, 0, 0, 0, 0, 0);
        lock.run(() -> hvmOps.latch(call));
        return true;
    }

    /// RDMSR by a vCPU. Empty for #GP(0).
    public OptionalLong readMsr(int index) {
        return index == CpuidAbi.HYPERCALL_PAGE_MSR ? OptionalLong.of(0) : OptionalLong.empty();
    }

    // ---------------------------------------------------------------- the tool stack's side

    /// Sets an HVM parameter (`HVM_PARAM_*`) that the guest reads: rings and their ports.
    public void setHvmParam(int index, long value) {
        lock.run(() -> params.set(index, value));
    }

    public long hvmParam(int index) {
        return lock.hold(() -> params.get(index));
    }

    /// A new port that waits for `remote`, as the guest would allocate for its back ends. Empty if
    /// none is left.
    public Optional<Integer> offerPort(DomainId remote) {
        return events.offer(remote);
    }

    /// Connects a back end in our process to a port that waits for the control domain; after a
    /// restore, to the port that it had. Empty if the port does not wait for that.
    ///
    /// `onNotify` is called when the guest sends, without any lock, on the sending vCPU's thread,
    /// and once now, for what was sent before. It must not wait.
    public Optional<BackendChannel> connectBackend(int port, Runnable onNotify) {
        return events.connect(port, onNotify);
    }

    /// Maps a page that the guest has granted to `by`; empty if it has not.
    public Optional<GrantMapping> mapGrant(DomainId by, int reference, boolean write) {
        return grants.map(by, reference, write);
    }

    /// Holds the pages that the guest has granted to `by` under the first `count` of `references`
    /// for one copy, as `GNTTABOP_copy` does, until [#letGoGrants]; puts their frame numbers into
    /// `gfns`. All of them, or none and false.
    public boolean holdGrants(
            DomainId by, int[] references, int count, boolean write, long[] gfns) {
        return grants.hold(by, references, count, write, gfns);
    }

    /// Lets go of what [#holdGrants] has held, with the same arguments.
    public void letGoGrants(int[] references, int count, boolean write) {
        grants.letGo(references, count, write);
    }

    /// What Xen says when `key` is pressed, a line each. After [DebugKey#DOMAINS] the guest is
    /// asked to show its state too.
    public List<String> describe(DebugKey key) {
        return switch (key) {
            case HELP -> DebugKey.help();
            case EVENT_CHANNELS -> lock.hold(events::describe);
            case GRANTS -> lock.hold(() -> grants.describe(spec.id()));
            case DOMAINS -> {
                var lines = lock.hold(this::describe);
                raiseDebugEvents();
                yield lines;
            }
        };
    }

    private List<String> describe() {
        var lines = new ArrayList<String>();
        lines.add("General information for domain %s:".formatted(spec.id()));
        lines.add("    nr_pages=%d".formatted(physical.pages()));
        lines.add("VCPU information for domain %s:".formatted(spec.id()));
        for (int vcpu = 0; vcpu < spec.vcpus(); vcpu++) {
            lines.add("    VCPU%d: %s".formatted(vcpu, vcpus.isUp(vcpu) ? "up" : "down"));
        }
        return lines;
    }

    /// Raises `VIRQ_DEBUG` on every vCPU that is up: the guest shows its state, if it does.
    public void raiseDebugEvents() {
        lock.run(() -> {
            for (int vcpu = 0; vcpu < spec.vcpus(); vcpu++) {
                if (vcpus.isUp(vcpu)) {
                    events.raise(vcpu, XenAbi.VIRQ_DEBUG);
                }
            }
        });
    }

    /// Pages that the domain has now.
    public long pages() {
        return lock.hold(physical::pages);
    }

    /// Sets how many pages the domain may have; it keeps those that it has.
    public void limitPages(long count) {
        lock.run(() -> physical.limit(count));
    }

    /// Tells how many pages the domain is to have, for one that began with more RAM on its map than
    /// it has pages. It is for the guest to follow.
    public void setTargetPages(long count) {
        lock.run(() -> physical.setTarget(count));
    }

    /// No vCPU runs until [#goesOn].
    public void pauses() {
        pauses.begin();
    }

    /// The vCPUs are about to run again. If system time has gone on meanwhile the guest is told, so
    /// that its watchdogs take no offence.
    public void goesOn() {
        if (pauses.end()) {
            lock.run(clock::guestWasStopped);
        }
    }

    /// Stops the domain, as for a triple fault or on the operator's command. Does nothing if it has
    /// stopped.
    public void shutDown(ShutdownReason reason) {
        lock.run(() -> scheduling.shutDown(reason.code()));
    }

    /// Whether the domain has shut down.
    public boolean isShutDown() {
        return lock.hold(scheduling::isStopped);
    }

    /// A suspended domain goes on, with the value of its shutdown hypercall.
    public void resume() {
        lock.run(() -> {
            scheduling.resume();
            renewClocks();
        });
    }

    /// The relation of time and time-stamp counters to the host's has changed, as by a restore:
    /// guests are shown the new one before they run on.
    public void timeHasMoved() {
        lock.run(this::renewClocks);
    }

    private void renewClocks() {
        hvmOps.writeWallClock();
        for (int vcpu = 0; vcpu < spec.vcpus(); vcpu++) {
            clock.invalidate(vcpu);
        }
    }

    // ---------------------------------------------------------------- state

    @Override
    public DomainState capture() {
        return lock.hold(() ->
                new DomainState(
                        time.now(),
                        shared.capture(),
                        events.capture(),
                        upcalls.capture(),
                        polls.capture(),
                        timers.capture(),
                        clock.capture(),
                        runStates.capture(),
                        vcpus.capture(),
                        scheduling.capture(),
                        params.capture(),
                        physical.capture(),
                        memoryOps.capture(),
                        grants.capture()));
    }

    /// Takes over from the domain that `state` was captured of, into a domain of equal
    /// specification whose guest memory is that of the original. Back ends connect anew.
    @Override
    public void restore(DomainState state) throws StateException {
        lock.run(() -> {
            shared.check(state.sharedInfo());
            events.check(state.events());
            upcalls.check(state.upcalls());
            polls.check(state.polls());
            timers.check(state.timers());
            clock.check(state.clock());
            runStates.check(state.runStates());
            vcpus.check(state.vcpus());
            grants.check(state.grants());
            apply(state);
        });
    }

    private void apply(DomainState state) {
        time.restore(state.systemTime());
        physical.restore(state.physical());
        shared.restore(state.sharedInfo());
        physical.found(shared.page());
        grants.restore(state.grants());
        upcalls.restore(state.upcalls());
        events.restore(state.events());
        polls.restore(state.polls());
        timers.restore(state.timers());
        clock.restore(state.clock());
        runStates.restore(state.runStates());
        vcpus.restore(state.vcpus());
        scheduling.restore(state.scheduling());
        params.restore(state.params());
        memoryOps.restore(state.memory());
    }

    @Override
    public StateCodec<DomainState> codec() {
        return DomainState.CODEC;
    }

    @Override
    public Migratability migratability() {
        return lock.hold(grants::hasLoopback)
                ? new Migratability.Pinned("the domain has mapped a grant of its own")
                : new Migratability.Migratable();
    }
}
