package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.DomainId;
import org.xenolith.xen.EventPort.Binding;
import org.xenolith.xen.abi.EventChannelAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// The event channels of a domain: ports, what each is bound to, and the way an event takes from
/// there to the guest (`EVTCHNOP_*`, xen/include/public/event_channel.h).
///
/// The other end of an interdomain channel is a port of the same domain, or a back end in our
/// process, which counts as the control domain.
final class EventChannels {
    private final DomainId self;
    private final int vcpus;
    private final DomainLock lock;
    private final SharedInfo shared;
    private final Words words;
    private final Upcalls upcalls;
    private final EventPorts ports;

    /// `virqs[vcpu][virq]` is the port bound to it, or 0. Follows from the ports.
    private final int[][] virqs;

    private EventDelivery delivery;

    EventChannels(
            DomainSpec spec, DomainLock lock, SharedInfo shared, Words words, Upcalls upcalls) {
        this.self = spec.id();
        this.vcpus = spec.vcpus();
        this.lock = lock;
        this.shared = shared;
        this.words = words;
        this.upcalls = upcalls;
        this.virqs = new int[vcpus][XenAbi.NR_VIRQS];
        this.delivery = new TwoLevelEvents(shared, words, upcalls);
        this.ports = new EventPorts(spec.eventChannelsMax());
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
            case EventChannelOp.Unmask(int port) ->
                    lock.run(() -> delivery.unmask(ports.get(port)));
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
            throw Refusal.of(remote == DomainId.CONTROL.value() ? XenErrno.EINVAL : XenErrno.ESRCH);
        }
        var local = take(new Binding.Unbound(self.value()), 0);
        var other = ports.find(op.remotePort());
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
            case XenAbi.VIRQ_TIMER, XenAbi.VIRQ_DEBUG, XenAbi.VIRQ_XENOPROF, XenAbi.VIRQ_XENPMU ->
                    true;
            default -> false;
        };
    }

    private int bindIpi(EventChannelOp.BindIpi op) throws Refusal {
        requireVcpu(op.vcpu());
        return take(new Binding.Ipi(), op.vcpu()).number;
    }

    private void close(int number) throws Refusal {
        var port = ports.get(number);
        switch (port.binding) {
            case Binding.Free _, Binding.Reserved _ -> throw Refusal.of(XenErrno.EINVAL);
            case Binding.Unbound _, Binding.Ipi _ -> {}
            case Binding.Virq(int virq) -> virqs[virqVcpu(virq, port.vcpu)][virq] = 0;
            case Binding.Interdomain(int remote, int remotePort) -> {
                if (remote == self.value()) {
                    var other = ports.at(remotePort);
                    other.binding = new Binding.Unbound(self.value());
                }
            }
        }
        free(port);
    }

    private void send(int number) throws Refusal {
        var port = ports.get(number);
        switch (port.binding) {
            case Binding.Interdomain(int remote, int remotePort) -> {
                if (remote == self.value()) {
                    delivery.setPending(ports.at(remotePort));
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
        var port = ports.get(op.port());
        int status =
                switch (port.binding) {
                    case Binding.Free _, Binding.Reserved _ -> EventChannelAbi.EVTCHNSTAT_closed;
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
        var port = ports.get(number);
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
        for (var port : ports.all()) {
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
                for (var port : ports.all()) {
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
            var port = ports.at(i);
            if (port.pendingUnlinked && port.isUsable()) {
                fifo.setPending(port);
            }
        }
    }

    private void setPriority(int number, int priority) throws Refusal {
        var port = ports.get(number);
        Refusal.unless(delivery instanceof FifoEvents, XenErrno.ENOSYS);
        Refusal.unless(priority >= 0 && priority < FifoEvents.QUEUES, XenErrno.EINVAL);
        port.priority = priority;
    }

    private void requireVcpu(int vcpu) throws Refusal {
        Refusal.unless(vcpu >= 0 && vcpu < vcpus, XenErrno.ENOENT);
    }

    private EventPort take(Binding binding, int vcpu) throws Refusal {
        return ports.take(delivery, binding, vcpu);
    }

    private void free(EventPort port) {
        delivery.clearPending(port);
        port.free();
    }

    // ---------------------------------------------------------------- other sources of events

    /// Raises a VIRQ on a vCPU; nothing happens if the guest has not bound it.
    void raise(int vcpu, int virq) {
        lock.check();
        int number = virqs[virqVcpu(virq, vcpu)][virq];
        if (number != 0) {
            delivery.setPending(ports.at(number));
        }
    }

    /// Whether one of `numbers` is pending, for `SCHEDOP_poll`. Refused if one is not in use.
    boolean isPending(int number) throws Refusal {
        lock.check();
        var port = ports.get(number);
        Refusal.unless(port.isUsable(), XenErrno.EINVAL);
        return delivery.isPending(port);
    }

    /// A port that waits for `remote`, as the tool stack makes for the console and xenstore. Empty
    /// if no port is left.
    Optional<Integer> offer(DomainId remote) {
        return lock.hold(() -> {
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
        return lock.hold(() -> {
            int control = DomainId.CONTROL.value();
            var port = ports.find(number);
            if (port == null
                    || !port.binding.equals(new Binding.Unbound(control)) && !isOrphan(port)) {
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

        /// Made once: it is done for each answer of a back end.
        private final DomainLock.Task<RuntimeException> notification = this::notifyLocked;

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
            lock.run(notification);
        }

        private void notifyLocked() {
            if (port.backend == onNotify) {
                delivery.setPending(port);
            }
        }

        @Override
        public void close() {
            lock.run(() -> {
                if (port.backend == onNotify) {
                    port.backend = null;
                    port.binding = new Binding.Unbound(DomainId.CONTROL.value());
                }
            });
        }
    }

    // ---------------------------------------------------------------- for people

    /// Ports in use, a line each, in Xen's words: `p` is whether an event is pending, `s` the kind
    /// (`ECS_*`, xen/include/xen/sched.h), `n` the vCPU that is told, `x` whether the other end is
    /// a back end of ours, `d` and `p` the other end, `v` the VIRQ.
    List<String> describe() {
        var lines = new ArrayList<String>();
        lines.add("Event channel information for domain %s:".formatted(self));
        for (var port : ports.all()) {
            if (port.isUsable()) {
                lines.add(
                        "    %4d [%d]: %s"
                                .formatted(
                                        port.number,
                                        delivery.isPending(port) ? 1 : 0,
                                        port.describe()));
            }
        }
        return lines;
    }

    // ---------------------------------------------------------------- state

    /// Ports in use; `fifo` holds the queues of the FIFO ABI if the guest has switched to it.
    record State(EventPorts.State ports, List<FifoEvents.State> fifo) {
        State {
            fifo = List.copyOf(fifo);
            require(fifo.size() <= 1, "a domain uses the FIFO ABI or not");
        }
    }

    State capture() {
        return new State(
                ports.capture(),
                delivery instanceof FifoEvents fifo ? List.of(fifo.capture()) : List.of());
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        for (var fifo : state.fifo) {
            require(fifo.controlBlocks().size() == vcpus, "as many vCPUs as before");
        }
        ports.check(state.ports, self);
        var seen = new HashSet<List<Integer>>();
        for (var port : state.ports.ports()) {
            require(port.vcpu() < vcpus && port.lastVcpu() < vcpus, "a port tells a vCPU");
            if (port.kind() == EventPort.Kind.VIRQ) {
                require(port.value() < XenAbi.NR_VIRQS, "a VIRQ has a number");
                require(
                        seen.add(List.of(virqVcpu(port.value(), port.vcpu()), port.value())),
                        "a VIRQ is bound once");
            }
        }
    }

    void restore(State state) {
        ports.restore(state.ports);
        for (var row : virqs) {
            Arrays.fill(row, 0);
        }
        for (var saved : state.ports.ports()) {
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

    private static int virqVcpu(int virq, int vcpu) {
        return isPerVcpu(virq) ? vcpu : 0;
    }
}
