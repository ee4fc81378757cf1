package org.xenolith.platform;

import org.xenolith.base.Clock;
import org.xenolith.base.TimerQueue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// The local APICs of a machine and the bus between them. May be called from any thread.
public final class LocalApics {
    /// Time as a local APIC sees it. Both are leaves: reading them takes no lock of ours.
    record Time(Clock clock, GuestTsc tsc) {
        long nanos() {
            return clock.nanos();
        }
    }

    private final InterruptSink sink;
    private final List<LocalApic> apics;

    /// One for each vCPU from 0 to `vcpus` - 1, after power-on. `tsc` gives each vCPU's time-stamp
    /// counter.
    public LocalApics(int vcpus, TimerQueue timers, IntFunction<GuestTsc> tsc, InterruptSink sink) {
        this.sink = sink;
        var all = new ArrayList<LocalApic>(vcpus);
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            all.add(new LocalApic(vcpu, this, sink, timers, tsc.apply(vcpu)));
        }
        apics = List.copyOf(all);
    }

    public LocalApic of(int vcpu) {
        return apics.get(vcpu);
    }

    public List<LocalApic> all() {
        return apics;
    }

    /// Carries a message to all it is meant for (SDM vol. 3A, 11.6). Nobody's lock is held.
    void send(LocalApic source, InterruptMessage message) {
        var targets = apics.stream().filter(apic -> isTarget(source, apic, message)).toList();
        if (message.mode() == InterruptMessage.Mode.LOWEST_PRIORITY) {
            deliverToLowestPriority(targets, message);
        } else {
            targets.forEach(target -> deliver(target, message));
        }
    }

    private static boolean isTarget(LocalApic source, LocalApic apic, InterruptMessage message) {
        return switch (message.shorthand()) {
            case NONE -> apic.isDestination(message);
            case SELF -> apic == source;
            case ALL -> apic.isEnabled();
            case ALL_BUT_SELF -> apic != source && apic.isEnabled();
        };
    }

    /// Of several with the same priority the first is as good as any.
    private void deliverToLowestPriority(List<LocalApic> targets, InterruptMessage message) {
        LocalApic lowest = null;
        int priority = Integer.MAX_VALUE;
        for (var target : targets) {
            int own = target.processorPriority();
            if (target.takesInterrupts() && own < priority) {
                lowest = target;
                priority = own;
            }
        }
        if (lowest != null) {
            deliver(lowest, message);
        }
    }

    private void deliver(LocalApic target, InterruptMessage message) {
        switch (message.mode()) {
            case FIXED, LOWEST_PRIORITY -> target.deliver(message.vector(), false);
            case NMI -> sink.nmi(target.vcpu());
            case INIT -> {
                target.initialise();
                sink.init(target.vcpu());
            }
            case STARTUP -> sink.startup(target.vcpu(), message.vector());
            // Nothing here runs in system management mode or has an external controller.
            case SMI, RESERVED, EXTERNAL, INIT_DEASSERT -> {}
        }
    }
}
