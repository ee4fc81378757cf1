package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

/// One event-channel port of a domain. Guarded by the domain's lock.
final class EventPort {
    /// What a port is bound to.
    sealed interface Binding {
        /// Not in use.
        record Free() implements Binding {}

        /// Port 0, which never carries an event.
        record Reserved() implements Binding {}

        /// Waiting for domain `remote` to connect.
        record Unbound(int remote) implements Binding {}

        /// Connected to port `remotePort` of domain `remote`.
        record Interdomain(int remote, int remotePort) implements Binding {}

        record Virq(int virq) implements Binding {}

        record Ipi() implements Binding {}
    }

    static final Binding FREE = new Binding.Free();

    final int number;
    Binding binding = FREE;

    /// The vCPU that is told.
    int vcpu;

    /// FIFO: the queue that the next event goes to.
    int priority = FifoEvents.PRIORITY_DEFAULT;

    /// FIFO: an event came before there was an event word for it.
    boolean pendingUnlinked;

    /// FIFO: the queue that the port was last put on.
    int lastVcpu;

    int lastPriority;

    /// The back end in our process at the other end, if there is one.
    Runnable backend;

    EventPort(int number) {
        this.number = number;
    }

    /// Bound to nothing any more. Which queue it was on remains.
    void free() {
        pendingUnlinked = false;
        binding = FREE;
        vcpu = 0;
        backend = null;
    }

    /// Neither free nor reserved.
    boolean isUsable() {
        return switch (binding) {
            case Binding.Free _, Binding.Reserved _ -> false;
            case Binding.Unbound _, Binding.Interdomain _, Binding.Virq _, Binding.Ipi _ -> true;
        };
    }

    /// For people; see [EventChannels#describe].
    String describe() {
        var kind =
                switch (binding) {
                    case Binding.Free _ -> "s=0";
                    case Binding.Reserved _ -> "s=1";
                    case Binding.Unbound(int remote) -> "s=2 d=" + remote;
                    case Binding.Interdomain(int remote, int port) ->
                            "s=3 d=%d p=%d".formatted(remote, port);
                    case Binding.Virq(int virq) -> "s=5 v=" + virq;
                    case Binding.Ipi _ -> "s=6";
                };
        return "%s n=%d x=%d".formatted(kind, vcpu, backend == null ? 0 : 1);
    }

    /// The kinds of [Binding] that a used port has.
    enum Kind {
        FREE,
        UNBOUND,
        INTERDOMAIN,
        VIRQ,
        IPI
    }

    /// A port in use. `number` counts from 1; `remote` is a domain id where the kind has one, else
    /// 0; `value` is the remote port or the VIRQ, else 0.
    record State(
            int number,
            Kind kind,
            int remote,
            int value,
            int vcpu,
            int priority,
            boolean pendingUnlinked,
            int lastVcpu,
            int lastPriority) {
        State {
            require(number >= 1, "port 0 has no state");
            require(value >= 0, "a remote port or VIRQ has a number");
            require(remote >= 0 && remote <= 0xFFFF, "a domain id has 16 bits");
            require(vcpu >= 0 && lastVcpu >= 0, "a port tells a vCPU");
            require(
                    priority >= 0
                            && priority < FifoEvents.QUEUES
                            && lastPriority >= 0
                            && lastPriority < FifoEvents.QUEUES,
                    "a priority is from 0 to 15");
        }

        Binding binding() {
            return switch (kind) {
                case FREE -> EventPort.FREE;
                case UNBOUND -> new Binding.Unbound(remote);
                case INTERDOMAIN -> new Binding.Interdomain(remote, value);
                case VIRQ -> new Binding.Virq(value);
                case IPI -> new Binding.Ipi();
            };
        }
    }

    State capture() {
        return switch (binding) {
            case Binding.Free _, Binding.Reserved _ -> capture(Kind.FREE, 0, 0);
            case Binding.Unbound(int remote) -> capture(Kind.UNBOUND, remote, 0);
            case Binding.Interdomain(int remote, int port) ->
                    capture(Kind.INTERDOMAIN, remote, port);
            case Binding.Virq(int virq) -> capture(Kind.VIRQ, 0, virq);
            case Binding.Ipi _ -> capture(Kind.IPI, 0, 0);
        };
    }

    private State capture(Kind kind, int remote, int value) {
        return new State(
                number,
                kind,
                remote,
                value,
                vcpu,
                priority,
                pendingUnlinked,
                lastVcpu,
                lastPriority);
    }

    void restore(State state) {
        binding = state.binding();
        vcpu = state.vcpu;
        priority = state.priority;
        pendingUnlinked = state.pendingUnlinked;
        lastVcpu = state.lastVcpu;
        lastPriority = state.lastPriority;
    }
}
