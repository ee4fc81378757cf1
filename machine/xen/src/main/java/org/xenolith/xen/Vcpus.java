package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.SchedAbi;
import org.xenolith.xen.abi.VcpuAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.List;

/// The vCPUs of a domain: which are up, and the operations on each (`VCPUOP_*`,
/// xen/include/public/vcpu.h).
final class Vcpus {
    private final DomainLock lock;
    private final DomainHost host;
    private final SharedInfo shared;
    private final Upcalls upcalls;
    private final PvClock clock;
    private final RunStates runStates;
    private final VcpuTimers timers;
    private final Scheduling scheduling;

    /// Has registers to run with.
    private final boolean[] initialised;

    private final boolean[] up;

    Vcpus(
            int count,
            DomainLock lock,
            DomainHost host,
            SharedInfo shared,
            Upcalls upcalls,
            PvClock clock,
            RunStates runStates,
            VcpuTimers timers,
            Scheduling scheduling) {
        this.lock = lock;
        this.host = host;
        this.shared = shared;
        this.upcalls = upcalls;
        this.clock = clock;
        this.runStates = runStates;
        this.timers = timers;
        this.scheduling = scheduling;
        this.initialised = new boolean[count];
        this.up = new boolean[count];
        initialised[0] = true;
        up[0] = true;
    }

    HypercallResult perform(VcpuOp op, Call call) throws Refusal {
        switch (op) {
            case VcpuOp.Initialise(int vcpu, var context) ->
                    lock.run(() -> {
                        Refusal.unless(!initialised[vcpu], XenErrno.EEXIST);
                        var start = VcpuStarts.parse(context);
                        initialised[vcpu] = true;
                        lock.afterwards(() -> host.initialise(vcpu, start));
                    });
            case VcpuOp.Up(int vcpu) ->
                    lock.run(() -> {
                        Refusal.unless(initialised[vcpu], XenErrno.EINVAL);
                        if (!up[vcpu]) {
                            up[vcpu] = true;
                            lock.afterwards(() -> host.vcpuUp(vcpu));
                        }
                    });
            case VcpuOp.Down(int vcpu) -> {
                return lock.hold(() -> down(vcpu, call.vcpu()));
            }
            case VcpuOp.IsUp(int vcpu) -> {
                return Call.value(lock.hold(() -> up[vcpu]) ? 1 : 0);
            }
            case VcpuOp.GetRunstateInfo(int vcpu) ->
                    call.copyOut(
                            call.argument(3), lock.hold(() -> runStates.info(vcpu, call.abi())));
            case VcpuOp.RegisterRunstateArea(int vcpu, long linear) -> {
                int bytes = VcpuAbi.RUNSTATE_INFO.size(call.abi());
                var area = linear == 0 ? null : GuestArea.at(call, linear, bytes);
                lock.run(() -> runStates.register(vcpu, area));
            }
            case VcpuOp.RegisterTimeArea(int vcpu, long linear) -> {
                var area = linear == 0 ? null : GuestArea.at(call, linear, PvClock.BYTES);
                lock.run(() -> clock.register(vcpu, area));
            }
            case VcpuOp.SetPeriodicTimer(int vcpu, long nanos) ->
                    lock.run(() -> timers.setPeriodic(vcpu, nanos));
            case VcpuOp.StopPeriodicTimer(int vcpu) -> lock.run(() -> timers.setPeriodic(vcpu, 0));
            case VcpuOp.SetSingleshotTimer(int vcpu, long systemTime) ->
                    lock.run(() -> timers.setOneShot(vcpu, systemTime));
            case VcpuOp.StopSingleshotTimer(int vcpu) -> lock.run(() -> timers.stopOneShot(vcpu));
            case VcpuOp.RegisterVcpuInfo register -> lock.run(() -> registerInfo(register));
            case VcpuOp.SendNmi(int vcpu) -> host.nonMaskableInterrupt(vcpu);
        }
        return Call.ok();
    }

    /// Takes a vCPU down; the last one powers the domain off.
    HypercallResult down(int vcpu, int caller) {
        boolean others = false;
        for (int i = 0; i < up.length; i++) {
            others |= i != vcpu && up[i];
        }
        if (!others) {
            scheduling.shutDown(SchedAbi.SHUTDOWN_poweroff);
            return new HypercallResult.Stop(0);
        }
        if (up[vcpu]) {
            up[vcpu] = false;
            lock.afterwards(() -> host.vcpuDown(vcpu));
        }
        return vcpu == caller ? new HypercallResult.Down(0) : Call.ok();
    }

    private void registerInfo(VcpuOp.RegisterVcpuInfo op) throws Refusal {
        boolean addressable =
                GuestMemory.isAddressable(op.gfn())
                        && op.offset() >= 0
                        && op.offset() < Sizes.PAGE_BYTES;
        Refusal.unless(addressable, XenErrno.EINVAL);
        shared.register(op.vcpu(), (op.gfn() << Sizes.PAGE_SHIFT) + op.offset());
        upcalls.markPending(op.vcpu());
        clock.invalidate(op.vcpu());
    }

    /// The vCPU has been started by INIT and SIPI, or stopped by INIT: what the local APIC did.
    void setStarted(int vcpu, boolean started) {
        lock.check();
        initialised[vcpu] = started;
        up[vcpu] = started;
    }

    boolean isUp(int vcpu) {
        lock.check();
        return up[vcpu];
    }

    record State(List<Boolean> initialised, List<Boolean> up) {
        State {
            initialised = List.copyOf(initialised);
            up = List.copyOf(up);
            require(initialised.size() == up.size(), "each vCPU is up or down");
        }
    }

    State capture() {
        return new State(list(initialised), list(up));
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(state.up.size() == up.length, "as many vCPUs as before");
    }

    void restore(State state) {
        for (int i = 0; i < up.length; i++) {
            initialised[i] = state.initialised.get(i);
            up[i] = state.up.get(i);
        }
    }

    private static List<Boolean> list(boolean[] flags) {
        var list = new ArrayList<Boolean>();
        for (boolean flag : flags) {
            list.add(flag);
        }
        return list;
    }
}
