package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.DomainId;
import org.xenolith.xen.abi.SchedAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.List;

/// Yield, block, poll, shutdown and the watchdogs (`SCHEDOP_*`, xen/include/public/sched.h).
final class Scheduling {
    /// `NR_DOMAIN_WATCHDOG_TIMERS`.
    private static final int WATCHDOGS = 2;

    /// No shutdown reason has been given.
    private static final int NO_REASON = -1;

    private static final long NANOS_IN_SECOND = 1_000_000_000L;

    private final DomainId self;
    private final DomainLock lock;
    private final DomainHost host;
    private final EventChannels events;
    private final Polls polls;
    private final DomainTime time;
    private final List<DomainTime.DomainTimer> watchdogs = new ArrayList<>();
    private final boolean[] watchdogInUse = new boolean[WATCHDOGS];
    private int reason = NO_REASON;
    private boolean stopped;

    Scheduling(
            DomainId self,
            DomainLock lock,
            DomainHost host,
            EventChannels events,
            Polls polls,
            DomainTime time) {
        this.self = self;
        this.lock = lock;
        this.host = host;
        this.events = events;
        this.polls = polls;
        this.time = time;
        for (int i = 0; i < WATCHDOGS; i++) {
            int watchdog = i;
            watchdogs.add(time.timer(() -> lock.run(() -> watchdogFires(watchdog))));
        }
    }

    HypercallResult perform(SchedOp op, Call call) throws Refusal {
        return switch (op) {
            case SchedOp.Yield _ -> new HypercallResult.Yield(0);
            case SchedOp.Block _ -> new HypercallResult.Block(0);
            case SchedOp.Shutdown(int code) -> {
                lock.run(() -> shutDown(code));
                yield new HypercallResult.Stop(0);
            }
            case SchedOp.ShutdownCode(int code) -> {
                lock.run(() -> setReason(code));
                yield Call.ok();
            }
            case SchedOp.Poll poll -> lock.hold(() -> poll(poll, call.vcpu()));
            case SchedOp.RemoteShutdown(int domain) ->
                    throw Refusal.of(
                            domain == self.value() || domain == DomainId.CONTROL.value()
                                    ? XenErrno.EPERM
                                    : XenErrno.ESRCH);
            case SchedOp.Watchdog(int id, long timeout) ->
                    Call.value(lock.hold(() -> watchdog(id, timeout)));
        };
    }

    private HypercallResult poll(SchedOp.Poll poll, int vcpu) throws Refusal {
        for (int port : poll.ports()) {
            if (events.isPending(port)) {
                return Call.ok();
            }
        }
        polls.begin(vcpu, poll.ports().size() == 1 ? poll.ports().getFirst() : 0, poll.timeout());
        return new HypercallResult.Block(0);
    }

    private void setReason(int code) {
        if (reason == NO_REASON) {
            reason = code;
        }
    }

    /// Stops the domain, once.
    void shutDown(int code) {
        lock.check();
        setReason(code);
        if (!stopped) {
            stopped = true;
            var named = ShutdownReason.of(reason);
            lock.afterwards(() -> host.shutdown(named));
        }
    }

    /// Whether the domain has shut down and has not been resumed.
    boolean isStopped() {
        return stopped;
    }

    /// A suspended domain goes on.
    void resume() {
        lock.check();
        stopped = false;
        reason = NO_REASON;
    }

    private int watchdog(int id, long timeout) throws Refusal {
        Refusal.unless(id >= 0 && id <= WATCHDOGS, XenErrno.EINVAL);
        long deadline = time.now() + timeout * NANOS_IN_SECOND;
        if (id == 0) {
            for (int i = 0; i < WATCHDOGS; i++) {
                if (!watchdogInUse[i]) {
                    watchdogInUse[i] = true;
                    watchdogs.get(i).set(deadline);
                    return i + 1;
                }
            }
            throw Refusal.of(XenErrno.ENOSPC);
        }
        Refusal.unless(watchdogInUse[id - 1], XenErrno.EINVAL);
        if (timeout == 0) {
            watchdogs.get(id - 1).stop();
            watchdogInUse[id - 1] = false;
        } else {
            watchdogs.get(id - 1).set(deadline);
        }
        return 0;
    }

    private void watchdogFires(int watchdog) {
        if (watchdogs.get(watchdog).takeDue()) {
            shutDown(SchedAbi.SHUTDOWN_watchdog);
        }
    }

    /// `reason` is -1 or the reason given; the lists hold one entry for each watchdog.
    record State(int reason, boolean stopped, List<Boolean> watchdogInUse, List<Long> deadlines) {
        State {
            watchdogInUse = List.copyOf(watchdogInUse);
            deadlines = List.copyOf(deadlines);
            require(reason >= NO_REASON && reason <= 0xFF, "a shutdown reason is a byte");
            require(
                    watchdogInUse.size() == WATCHDOGS && deadlines.size() == WATCHDOGS,
                    "a domain has two watchdogs");
        }
    }

    State capture() {
        return new State(
                reason,
                stopped,
                List.of(watchdogInUse[0], watchdogInUse[1]),
                watchdogs.stream().map(DomainTime.DomainTimer::deadline).toList());
    }

    void restore(State state) {
        reason = state.reason;
        stopped = state.stopped;
        for (int i = 0; i < WATCHDOGS; i++) {
            watchdogInUse[i] = state.watchdogInUse.get(i);
            watchdogs.get(i).restore(state.deadlines.get(i));
        }
    }
}
