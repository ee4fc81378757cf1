package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.DomainId;
import org.xenolith.xen.EventPort.Binding;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// The ports of a domain, by number. They come in buckets: a port beyond the last bucket in use is
/// not valid. Guarded by the domain's lock.
final class EventPorts {
    private static final int BUCKET_PORTS = 64;

    private final int limit;
    private final List<EventPort> ports = new ArrayList<>();

    /// Ports 1 to `limit` less one may be in use.
    EventPorts(int limit) {
        this.limit = limit;
        addBucket();
        ports.getFirst().binding = new Binding.Reserved();
    }

    private void addBucket() {
        for (int i = 0; i < BUCKET_PORTS; i++) {
            ports.add(new EventPort(ports.size()));
        }
    }

    /// Valid ports, in use or not.
    int size() {
        return ports.size();
    }

    List<EventPort> all() {
        return ports;
    }

    /// A port that is known to be valid.
    EventPort at(int number) {
        return ports.get(number);
    }

    /// The port of this number, or null if it is not valid.
    EventPort find(int number) {
        return number >= 0 && number < ports.size() ? ports.get(number) : null;
    }

    /// The port of this number; refused with `EINVAL` if it is not valid.
    EventPort get(int number) throws Refusal {
        var port = find(number);
        Refusal.unless(port != null, XenErrno.EINVAL);
        return port;
    }

    /// Binds the lowest free port that the guest does not have on a queue any more.
    EventPort take(EventDelivery delivery, Binding binding, int vcpu) throws Refusal {
        int end = Math.min(limit, delivery.portsMax());
        for (int number = 1; number < end; number++) {
            if (number == ports.size()) {
                addBucket();
            }
            var port = ports.get(number);
            if (port.binding instanceof Binding.Free && !delivery.isBusy(port)) {
                port.binding = binding;
                port.vcpu = vcpu;
                port.priority = FifoEvents.PRIORITY_DEFAULT;
                return port;
            }
        }
        throw Refusal.of(XenErrno.ENOSPC);
    }

    // ---------------------------------------------------------------- state

    /// How many ports are valid, and those of them that have a state.
    record State(int valid, List<EventPort.State> ports) {
        State {
            ports = List.copyOf(ports);
            require(
                    valid >= BUCKET_PORTS
                            && valid <= DomainSpec.EVENT_CHANNELS_MAX
                            && valid % BUCKET_PORTS == 0,
                    "ports come in buckets");
            int last = 0;
            for (var port : ports) {
                require(port.number() > last, "ports are listed once, in order");
                require(port.number() < valid, "ports in use are valid");
                last = port.number();
            }
        }
    }

    State capture() {
        return new State(
                ports.size(),
                ports.stream().filter(EventPorts::hasState).map(EventPort::capture).toList());
    }

    // A free port remembers the queue that the guest may still have it on.
    private static boolean hasState(EventPort port) {
        return port.number > 0 && (port.isUsable() || port.lastVcpu + port.lastPriority != 0);
    }

    /// Refuses a state in which one end of a loopback channel does not know the other.
    void check(State state, DomainId self) {
        var byNumber = new HashMap<Integer, EventPort.State>();
        state.ports.forEach(port -> byNumber.put(port.number(), port));
        for (var port : state.ports) {
            if (port.kind() == EventPort.Kind.INTERDOMAIN && port.remote() == self.value()) {
                var other = byNumber.get(port.value());
                var expected = new Binding.Interdomain(self.value(), port.number());
                require(
                        other != null && other.binding().equals(expected),
                        "both ends of a channel know each other");
            }
        }
    }

    void restore(State state) {
        ports.clear();
        while (ports.size() < state.valid) {
            addBucket();
        }
        ports.getFirst().binding = new Binding.Reserved();
        state.ports.forEach(saved -> ports.get(saved.number()).restore(saved));
    }
}
