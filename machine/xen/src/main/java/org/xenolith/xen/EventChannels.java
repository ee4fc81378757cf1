package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.xenolith.base.DomainId;
import org.xenolith.xen.EventPort.Binding;
import org.xenolith.xen.abi.EventChannelAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

/// The event channels of a domain: ports, what each is bound to, and the way an event takes from
/// there to the guest (`EVTCHNOP_*`, xen/include/public/event_channel.h).
///
/// The other end of an interdomain channel is a port of the same domain, or a back end in our
/// process, which counts as the control domain.
final class EventChannels {
    /// Ports come in buckets; a port beyond the last bucket in use is not valid.
    private static final int BUCKET_PORTS = 64;

    private final DomainId self;
    private final int portLimit;
    private final int vcpus;
    private final DomainLock lock;
    private final SharedInfo shared;
    private final Words words;
    private final Upcalls upcalls;
    private final List<EventPort> ports = new ArrayList<>();

    /// `virqs[vcpu][virq]` is the port bound to it, or 0. Follows from the ports.
    private final int[][] virqs;

    private EventDelivery delivery;

    EventChannels(
            DomainSpec spec, DomainLock lock, SharedInfo shared, Words words, Upcalls upcalls) {
        this.self = spec.id();
        this.portLimit = spec.eventChannelsMax();
        this.vcpus = spec.vcpus();
        this.lock = lock;
        this.shared = shared;
        this.words = words;
        this.upcalls = upcalls;
        this.virqs = new int[vcpus][XenAbi.NR_VIRQS];
        this.delivery = new TwoLevelEvents(shared, words, upcalls);
        addBucket();
        ports.getFirst().binding = new Binding.Reserved();
    }

    // ---------------------------------------------------------------- the hypercall

    HypercallResult perform(EventChannelOp op, Call call) throws Refusal {
        long at = call.argument(2);
        switch (op) {
            case EventChannelOp.AllocUnbound alloc -> {
                int port = lock.hold(() -> allocUnbound(alloc));
                call.copyOutField(EventChannelAbi.ALLOC_UNBOUND, at, "port", port);
            }
            case EventChannelOp.BindInterdomain bind -> {
                int port = lock.hold(() -> bindInterdomain(bind));
                call.copyOutField(EventChannelAbi.BIND_INTERDOMAIN, at, "local_port", port);
            }
            case EventChannelOp.BindVirq bind -> {
                int port = lock.hold(() -> bindVirq(bind));
                call.copyOutField(EventChannelAbi.BIND_VIRQ, at, "port", port);
            }
            case EventChannelOp.BindIpi bind -> {
                int port = lock.hold(() -> bindIpi(bind));
                call.copyOutField(EventChannelAbi.BIND_IPI, at, "port", port);
            }
            // No physical interrupt is routed to a domain of ours.
            case EventChannelOp.BindPirq _ -> throw Refusal.of(XenErrno.EINVAL);
            case EventChannelOp.Close(int port) -> lock.run(() -> close(port));
            case EventChannelOp.Send(int port) -> lock.run(() -> send(port));
            case EventChannelOp.Status status -> {
                var out = call.copyIn(EventChannelAbi.STATUS, at);
                lock.run(() -> status(status, out));
                call.copyOut(at, out);
            }
            case EventChannelOp.BindVcpu(int port, int vcpu) ->
                    lock.run(() -> bindVcpu(port, vcpu));
            case EventChannelOp.Unmask(int port) -> lock.run(() -> delivery.unmask(port(port)));
            case EventChannelOp.Reset(int domain) -> {
                Call.requireSelf(domain, self);
                lock.run(this::reset);
            }
            case EventChannelOp.InitControl control -> {
                lock.run(() -> initControl(control));
                call.copyOutField(
                        EventChannelAbi.INIT_CONTROL,
                        at,
                        "link_bits",
                        EventChannelAbi.EVTCHN_FIFO_LINK_BITS);
            }
            case EventChannelOp.ExpandArray(long gfn) -> lock.run(() -> expandArray(gfn));
            case EventChannelOp.SetPriority(int port, int priority) ->
                    lock.run(() -> setPriority(port, priority));
        }
        return Call.ok();
    }

    private int allocUnbound(EventChannelOp.AllocUnbound op) throws Refusal {
        Call.requireSelf(op.domain(), self);
        int remote = op.remote() == DomainId.SELF ? self.value() : op.remote();
        return take(new Binding.Unbound(remote), 0).number;
    }

    private int bindInterdomain(EventChannelOp.BindInterdomain op) throws Refusal {
        // Nobody else in our process waits for a guest to connect: only its own ports do.
        int remote = op.remote() == DomainId.SELF ? self.value() : op.remote();
        if (remote != self.value()) {
            throw Refusal.of(
                    remote == DomainId.CONTROL.value() ? XenErrno.EINVAL : XenErrno.ESRCH);
        }
        var local = take(new Binding.Unbound(self.value()), 0);
        var other = valid(op.remotePort());
        if (other == null
                || other == local
                || !other.binding.equals(new Binding.Unbound(self.value()))) {
            free(local);
            throw Refusal.of(XenErrno.EINVAL);
        }
        local.binding = new Binding.Interdomain(self.value(), other.number);
        other.binding = new Binding.Interdomain(self.value(), local.number);
        // What was sent before the other end was there is made up for.
        delivery.setPending(local);
        return local.number;
    }

    private int bindVirq(EventChannelOp.BindVirq op) throws Refusal {
        int virq = op.virq();
        Refusal.unless(virq >= 0 && virq < XenAbi.NR_VIRQS, XenErrno.EINVAL);
        boolean perVcpu = isPerVcpu(virq);
        Refusal.unless(perVcpu || op.vcpu() == 0, XenErrno.EINVAL);
        requireVcpu(op.vcpu());
        Refusal.unless(perVcpu || virq == XenAbi.VIRQ_ARGO, XenErrno.EBUSY);
        Refusal.unless(virqs[op.vcpu()][virq] == 0, XenErrno.EEXIST);
        var port = take(new Binding.Virq(virq), op.vcpu());
        virqs[op.vcpu()][virq] = port.number;
        return port.number;
    }

    private static boolean isPerVcpu(int virq) {
        return switch (virq) {
            case XenAbi.VIRQ_TIMER,
                    XenAbi.VIRQ_DEBUG,
                    XenAbi.VIRQ_XENOPROF,
                    XenAbi.VIRQ_XENPMU ->
                    true;
            default -> false;
        };
    }

    private int bindIpi(EventChannelOp.BindIpi op) throws Refusal {
        requireVcpu(op.vcpu());
        return take(new Binding.Ipi(), op.vcpu()).number;
    }

    private void close(int number) throws Refusal {
        var port = port(number);
        switch (port.binding) {
            case Binding.Free _, Binding.Reserved _ -> throw Refusal.of(XenErrno.EINVAL);
            case Binding.Unbound _, Binding.Ipi _ -> {}
            case Binding.Virq(int virq) -> virqs[virqVcpu(virq, port.vcpu)][virq] = 0;
            case Binding.Interdomain(int remote, int remotePort) -> {
                if (remote == self.value()) {
                    var other = ports.get(remotePort);
                    other.binding = new Binding.Unbound(self.value());
                }
            }
        }
        free(port);
    }

    private void send(int number) throws Refusal {
        var port = port(number);
        switch (port.binding) {
            case Binding.Interdomain(int remote, int remotePort) -> {
                if (remote == self.value()) {
                    delivery.setPending(ports.get(remotePort));
                } else if (port.backend != null) {
                    lock.afterwards(port.backend);
                }
            }
            case Binding.Ipi _ -> delivery.setPending(port);
            // Nobody listens yet: the notification is lost, which is no mistake.
            case Binding.Unbound _ -> {}
            case Binding.Virq _, Binding.Free _, Binding.Reserved _ ->
                    throw Refusal.of(XenErrno.EINVAL);
        }
    }

    private void status(EventChannelOp.Status op, Struct.View out) throws Refusal {
        Call.requireSelf(op.domain(), self);
        var port = port(op.port());
        int status =
                switch (port.binding) {
                    case Binding.Free _, Binding.Reserved _ ->
                            EventChannelAbi.EVTCHNSTAT_closed;
                    case Binding.Unbound(int remote) -> {
                        out.set("u.unbound.dom", remote);
                        yield EventChannelAbi.EVTCHNSTAT_unbound;
                    }
                    case Binding.Interdomain(int remote, int remotePort) -> {
                        out.set("u.interdomain.dom", remote);
                        out.set("u.interdomain.port", remotePort);
                        yield EventChannelAbi.EVTCHNSTAT_interdomain;
                    }
                    case Binding.Virq(int virq) -> {
                        out.set("u.virq", virq);
                        yield EventChannelAbi.EVTCHNSTAT_virq;
                    }
                    case Binding.Ipi _ -> EventChannelAbi.EVTCHNSTAT_ipi;
                };
        out.set("status", status).set("vcpu", port.vcpu);
    }

    private void bindVcpu(int number, int vcpu) throws Refusal {
        requireVcpu(vcpu);
        var port = port(number);
        switch (port.binding) {
            case Binding.Unbound _, Binding.Interdomain _ -> port.vcpu = vcpu;
            case Binding.Virq(int virq) -> {
                Refusal.unless(!isPerVcpu(virq), XenErrno.EINVAL);
                port.vcpu = vcpu;
            }
            case Binding.Ipi _, Binding.Free _, Binding.Reserved _ ->
                    throw Refusal.of(XenErrno.EINVAL);
        }
    }

    /// Closes every port and goes back to the 2-level ABI.
    private void reset() throws Refusal {
        for (var port : ports) {
            if (port.isUsable()) {
                close(port.number);
            }
        }
        delivery = new TwoLevelEvents(shared, words, upcalls);
    }

    private void initControl(EventChannelOp.InitControl op) throws Refusal {
        requireVcpu(op.vcpu());
        FifoEvents.checkOffset(op.offset());
        switch (delivery) {
            case FifoEvents fifo -> fifo.setControlBlock(op.vcpu(), op.controlGfn(), op.offset());
            case TwoLevelEvents twoLevel -> {
                var fifo = new FifoEvents(words, upcalls, vcpus);
                fifo.setControlBlock(op.vcpu(), op.controlGfn(), op.offset());
                for (var port : ports) {
                    port.pendingUnlinked |= twoLevel.isPending(port);
                    port.priority = FifoEvents.PRIORITY_DEFAULT;
                }
                delivery = fifo;
            }
        }
    }

    private void expandArray(long gfn) throws Refusal {
        if (!(delivery instanceof FifoEvents fifo)) {
            throw Refusal.of(XenErrno.EOPNOTSUPP);
        }
        int first = fifo.portsWithWord();
        fifo.addPage(gfn);
        for (int i = first; i < fifo.portsWithWord() && i < ports.size(); i++) {
            if (ports.get(i).pendingUnlinked && ports.get(i).isUsable()) {
                fifo.setPending(ports.get(i));
            }
        }
    }

    private void setPriority(int number, int priority) throws Refusal {
        var port = port(number);
        Refusal.unless(delivery instanceof FifoEvents, XenErrno.ENOSYS);
        Refusal.unless(priority >= 0 && priority < FifoEvents.QUEUES, XenErrno.EINVAL);
        port.priority = priority;
    }

    // ---------------------------------------------------------------- ports

    private void requireVcpu(int vcpu) throws Refusal {
        Refusal.unless(vcpu >= 0 && vcpu < vcpus, XenErrno.ENOENT);
    }

    private EventPort valid(int number) {
        return number >= 0 && number < ports.size() ? ports.get(number) : null;
    }

    private EventPort port(int number) throws Refusal {
        var port = valid(number);
        Refusal.unless(port != null, XenErrno.EINVAL);
        return port;
    }

    private void addBucket() {
        for (int i = 0; i < BUCKET_PORTS; i++) {
            ports.add(new EventPort(ports.size()));
        }
    }

    /// The lowest free port, bound.
    private EventPort take(Binding binding, int vcpu) throws Refusal {
        int limit = Math.min(portLimit, delivery.portsMax());
        for (int number = 1; number < limit; number++) {
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

    private void free(EventPort port) {
        delivery.clearPending(port);
        port.pendingUnlinked = false;
        port.binding = EventPort.FREE;
        port.vcpu = 0;
        port.backend = null;
    }

    // ---------------------------------------------------------------- other sources of events

    /// Raises a VIRQ on a vCPU; nothing happens if the guest has not bound it.
    void raise(int vcpu, int virq) {
        lock.check();
        int number = virqs[virqVcpu(virq, vcpu)][virq];
        if (number != 0) {
            delivery.setPending(ports.get(number));
        }
    }

    /// Whether one of `numbers` is pending, for `SCHEDOP_poll`. Refused if one is not in use.
    boolean isPending(int number) throws Refusal {
        lock.check();
        var port = port(number);
        Refusal.unless(port.isUsable(), XenErrno.EINVAL);
        return delivery.isPending(port);
    }

    /// A port that waits for `remote`, as the tool stack makes for the console and xenstore.
    /// Empty if no port is left.
    Optional<Integer> offer(DomainId remote) {
        return lock.hold(
                () -> {
                    try {
                        return Optional.of(take(new Binding.Unbound(remote.value()), 0).number);
                    } catch (Refusal _) {
                        return Optional.empty();
                    }
                });
    }

    /// Connects a back end of the control domain to a port that waits for it, or puts it back to
    /// its port after a restore. Empty if the port does neither.
    ///
    /// `onNotify` is called when the guest sends, without lock, on the sender's thread; and once
    /// now, for what was sent before.
    Optional<BackendChannel> connect(int number, Runnable onNotify) {
        return lock.hold(
                () -> {
                    int control = DomainId.CONTROL.value();
                    var port = valid(number);
                    if (port == null
                            || !port.binding.equals(new Binding.Unbound(control))
                                    && !isOrphan(port)) {
                        return Optional.empty();
                    }
                    if (!isOrphan(port)) {
                        port.binding = new Binding.Interdomain(control, number);
                    }
                    port.backend = onNotify;
                    lock.afterwards(onNotify);
                    return Optional.of(new Channel(port, onNotify));
                });
    }

    private boolean isOrphan(EventPort port) {
        return port.backend == null
                && port.binding instanceof Binding.Interdomain(int remote, int _)
                && remote == DomainId.CONTROL.value();
    }

    private final class Channel implements BackendChannel {
        private final EventPort port;
        private final Runnable onNotify;

        Channel(EventPort port, Runnable onNotify) {
            this.port = port;
            this.onNotify = onNotify;
        }

        @Override
        public int frontendPort() {
            return port.number;
        }

        @Override
        public void notifyFrontend() {
            lock.run(
                    () -> {
                        if (port.backend == onNotify) {
                            delivery.setPending(port);
                        }
                    });
        }

        @Override
        public void close() {
            lock.run(
                    () -> {
                        if (port.backend == onNotify) {
                            port.backend = null;
                            port.binding = new Binding.Unbound(DomainId.CONTROL.value());
                        }
                    });
        }
    }

    // ---------------------------------------------------------------- state

    /// Ports in use; `fifo` holds the queues of the FIFO ABI if the guest has switched to it.
    record State(
            int validPorts, List<EventPort.State> ports, List<FifoEvents.State> fifo) {
        State {
            ports = List.copyOf(ports);
            fifo = List.copyOf(fifo);
            require(fifo.size() <= 1, "a domain uses the FIFO ABI or not");
            require(
                    validPorts >= BUCKET_PORTS
                            && validPorts <= DomainSpec.EVENT_CHANNELS_MAX
                            && validPorts % BUCKET_PORTS == 0,
                    "ports come in buckets");
            int last = 0;
            for (var port : ports) {
                require(port.number() > last, "ports are listed once, in order");
                require(port.number() < validPorts, "ports in use are valid");
                last = port.number();
            }
        }
    }

    State capture() {
        return new State(
                ports.size(),
                ports.stream().filter(EventChannels::hasState).map(EventPort::capture).toList(),
                delivery instanceof FifoEvents fifo
                        ? List.of(fifo.capture())
                        : List.of());
    }

    private static boolean hasState(EventPort port) {
        return port.number > 0 && (port.isUsable() || port.lastVcpu + port.lastPriority != 0);
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        for (var fifo : state.fifo) {
            require(fifo.controlBlocks().size() == vcpus, "as many vCPUs as before");
        }
        var byNumber = new HashMap<Integer, EventPort.State>();
        var virqsSeen = new HashSet<List<Integer>>();
        for (var port : state.ports) {
            require(port.vcpu() < vcpus && port.lastVcpu() < vcpus, "a port tells a vCPU");
            byNumber.put(port.number(), port);
            if (port.kind() == EventPort.Kind.VIRQ) {
                require(port.value() < XenAbi.NR_VIRQS, "a VIRQ has a number");
                require(
                        virqsSeen.add(List.of(virqVcpu(port.value(), port.vcpu()), port.value())),
                        "a VIRQ is bound once");
            }
        }
        for (var port : state.ports) {
            if (port.kind() == EventPort.Kind.INTERDOMAIN && port.remote() == self.value()) {
                var other = byNumber.get(port.value());
                require(
                        other != null
                                && other.binding()
                                        .equals(
                                                new Binding.Interdomain(
                                                        self.value(), port.number())),
                        "both ends of a channel know each other");
            }
        }
    }

    private static int virqVcpu(int virq, int vcpu) {
        return isPerVcpu(virq) ? vcpu : 0;
    }

    void restore(State state) {
        ports.clear();
        while (ports.size() < state.validPorts) {
            addBucket();
        }
        ports.getFirst().binding = new Binding.Reserved();
        for (var row : virqs) {
            Arrays.fill(row, 0);
        }
        for (var saved : state.ports) {
            ports.get(saved.number()).restore(saved);
            if (saved.kind() == EventPort.Kind.VIRQ) {
                virqs[virqVcpu(saved.value(), saved.vcpu())][saved.value()] = saved.number();
            }
        }
        delivery = new TwoLevelEvents(shared, words, upcalls);
        for (var saved : state.fifo) {
            var fifo = new FifoEvents(words, upcalls, vcpus);
            fifo.restore(saved);
            delivery = fifo;
        }
    }
}
