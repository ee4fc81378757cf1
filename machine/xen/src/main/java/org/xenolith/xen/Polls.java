package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/// vCPUs that sleep in `SCHEDOP_poll` until one of some ports is pending. Guarded by the domain's
/// lock.
final class Polls {
    /// The vCPU does not poll.
    private static final int NONE = 0;

    /// The vCPU polls more than one port: any event wakes it.
    private static final int ANY = -1;

    private final DomainLock lock;
    private final DomainHost host;
    private final AtomicIntegerArray polled;
    private final List<DomainTime.DomainTimer> timers = new ArrayList<>();

    Polls(DomainLock lock, DomainHost host, DomainTime time, int vcpus) {
        this.lock = lock;
        this.host = host;
        this.polled = new AtomicIntegerArray(vcpus);
        for (int i = 0; i < vcpus; i++) {
            int vcpu = i;
            timers.add(time.timer(() -> lock.run(() -> expired(vcpu))));
        }
    }

    /// The vCPU begins to poll `port`, or any port if that is 0, until system time `timeout` unless
    /// that is 0.
    void begin(int vcpu, int port, long timeout) {
        polled.set(vcpu, port == 0 ? ANY : port);
        if (timeout != 0) {
            timers.get(vcpu).set(timeout);
        }
    }

    /// Whether the vCPU polls. May be called without the lock, by the vCPU itself.
    boolean isPolling(int vcpu) {
        return polled.get(vcpu) != NONE;
    }

    /// The vCPU is awake, for whatever reason.
    void end(int vcpu) {
        if (polled.get(vcpu) != NONE) {
            polled.set(vcpu, NONE);
            timers.get(vcpu).stop();
        }
    }

    private void expired(int vcpu) {
        if (timers.get(vcpu).takeDue()) {
            wake(vcpu);
        }
    }

    /// `port` has become pending.
    void event(int port) {
        for (int vcpu = 0; vcpu < polled.length(); vcpu++) {
            if (polled.get(vcpu) == ANY || polled.get(vcpu) == port) {
                wake(vcpu);
            }
        }
    }

    private void wake(int vcpu) {
        if (polled.get(vcpu) != NONE) {
            end(vcpu);
            lock.afterwards(() -> host.wake(vcpu));
        }
    }

    /// For each vCPU, the port that it polls, -1 for several, 0 for none; and the deadline.
    record State(List<Integer> polled, List<Long> deadlines) {
        State {
            polled = List.copyOf(polled);
            deadlines = List.copyOf(deadlines);
            require(polled.size() == deadlines.size(), "each vCPU has a poll timer");
        }
    }

    State capture() {
        return new State(
                IntStream.range(0, polled.length()).mapToObj(polled::get).toList(),
                timers.stream().map(DomainTime.DomainTimer::deadline).toList());
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(state.polled.size() == polled.length(), "as many vCPUs as before");
    }

    void restore(State state) {
        for (int vcpu = 0; vcpu < polled.length(); vcpu++) {
            polled.set(vcpu, state.polled.get(vcpu));
            timers.get(vcpu).restore(state.deadlines.get(vcpu));
        }
    }
}
