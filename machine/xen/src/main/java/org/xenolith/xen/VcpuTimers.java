package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.xen.abi.XenAbi;

import java.util.ArrayList;
import java.util.List;

/// The one-shot and the periodic timer of each vCPU; both raise `VIRQ_TIMER`. Guarded by the
/// domain's lock.
final class VcpuTimers {
    /// A set_timer_op further ahead than this is taken for a guest's overflow.
    private static final int HUGE_TIMEOUT_SHIFT = 50;

    private static final long HUGE_TIMEOUT_NANOS = 100_000_000L;

    /// `STIME_DELTA_MAX` is larger, but the periods between are no use to anyone: about 73 years.
    private static final long PERIOD_NANOS_MAX = 1L << 61;

    private static final long PERIOD_NANOS_MIN = 1_000_000L;

    private static final class Timers {
        private DomainTime.DomainTimer oneShot;
        private DomainTime.DomainTimer periodic;
        private long period;
        private long lastTick;
    }

    private final EventChannels events;
    private final DomainTime time;
    private final List<Timers> vcpus = new ArrayList<>();

    VcpuTimers(DomainLock lock, EventChannels events, DomainTime time, int count) {
        this.events = events;
        this.time = time;
        for (int i = 0; i < count; i++) {
            int vcpu = i;
            var timers = new Timers();
            timers.oneShot = time.timer(() -> lock.run(() -> oneShotFires(vcpu)));
            timers.periodic = time.timer(() -> lock.run(() -> periodicFires(vcpu)));
            vcpus.add(timers);
        }
    }

    private void oneShotFires(int vcpu) {
        if (vcpus.get(vcpu).oneShot.takeDue()) {
            events.raise(vcpu, XenAbi.VIRQ_TIMER);
        }
    }

    private void periodicFires(int vcpu) {
        if (vcpus.get(vcpu).periodic.takeDue()) {
            tick(vcpu);
        }
    }

    /// `VCPUOP_set_singleshot_timer`: at `systemTime`, at once if that has passed.
    void setOneShot(int vcpu, long systemTime) {
        if (systemTime < time.now()) {
            stopOneShot(vcpu);
            events.raise(vcpu, XenAbi.VIRQ_TIMER);
        } else {
            vcpus.get(vcpu).oneShot.set(systemTime);
        }
    }

    void stopOneShot(int vcpu) {
        vcpus.get(vcpu).oneShot.stop();
    }

    /// `set_timer_op`: the same timer, with Xen's reading of odd values: 0 stops it, and what lies
    /// beyond all reason comes after 100 ms.
    void setTimerOp(int vcpu, long systemTime) {
        if (systemTime == 0) {
            stopOneShot(vcpu);
            return;
        }
        long ahead = systemTime - time.now();
        boolean huge = systemTime < 0 || ahead > 0 && (int) (ahead >> HUGE_TIMEOUT_SHIFT) != 0;
        vcpus.get(vcpu).oneShot.set(huge ? time.now() + HUGE_TIMEOUT_NANOS : systemTime);
    }

    static boolean isPeriod(long nanos) {
        return nanos >= PERIOD_NANOS_MIN && nanos <= PERIOD_NANOS_MAX;
    }

    /// `VCPUOP_set_periodic_timer`; 0 stops it.
    void setPeriodic(int vcpu, long nanos) {
        var timers = vcpus.get(vcpu);
        timers.periodic.stop();
        timers.period = nanos;
        if (nanos != 0) {
            tick(vcpu);
        }
    }

    private void tick(int vcpu) {
        var timers = vcpus.get(vcpu);
        long now = time.now();
        long next = timers.lastTick + timers.period;
        if (now >= next) {
            events.raise(vcpu, XenAbi.VIRQ_TIMER);
            timers.lastTick = now;
            next = now + timers.period;
        }
        timers.periodic.set(next);
    }

    /// One vCPU's timers in system time; a deadline that is not set is [DomainTime#NEVER], a period
    /// that is not set 0.
    record VcpuTimersState(
            long oneShotDeadline, long periodicDeadline, long period, long lastTick) {
        VcpuTimersState {
            require(period == 0 || isPeriod(period), "a period is between 1 ms and 73 years");
            require(
                    period != 0 || periodicDeadline == DomainTime.NEVER,
                    "a timer without a period does not tick");
        }
    }

    record State(List<VcpuTimersState> vcpus) {
        State {
            vcpus = List.copyOf(vcpus);
        }
    }

    State capture() {
        return new State(
                vcpus.stream()
                        .map(timers ->
                                new VcpuTimersState(
                                        timers.oneShot.deadline(),
                                        timers.periodic.deadline(),
                                        timers.period,
                                        timers.lastTick))
                        .toList());
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(state.vcpus.size() == vcpus.size(), "as many vCPUs as before");
    }

    void restore(State state) {
        for (int i = 0; i < vcpus.size(); i++) {
            var saved = state.vcpus.get(i);
            var timers = vcpus.get(i);
            timers.oneShot.restore(saved.oneShotDeadline);
            timers.periodic.restore(saved.periodicDeadline);
            timers.period = saved.period;
            timers.lastTick = saved.lastTick;
        }
    }
}
