package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.xen.abi.HvmAbi;

import java.util.Arrays;
import java.util.List;

/// How a vCPU is told that events are pending. Guarded by the domain's lock, but for
/// [#pendingVector].
///
/// | chosen by | what the vCPU gets |
/// |---|---|
/// | `HVMOP_set_evtchn_upcall_vector` | an edge-triggered interrupt of its local APIC |
/// | `HVM_PARAM_CALLBACK_IRQ`, type 2 | a vector as long as `evtchn_upcall_pending` is set; no EOI |
/// | the same, type 0 or 1 | a level on a wire, for vCPU 0 alone, if the machine has such wires |
final class Upcalls {
    /// No vector is waiting.
    static final int NONE = -1;

    private static final int TYPE_SHIFT = 56;
    private static final int GSI_MAX = 47;

    private final DomainLock lock;
    private final DomainHost host;
    private final SharedInfo shared;
    private final Polls polls;
    private final boolean wires;
    private final int[] apicVectors;

    /// The vector of a type 2 callback, or [#NONE].
    private volatile int callbackVector = NONE;

    /// The wire of a type 0 or 1 callback, or [#NONE].
    private volatile int callbackGsi = NONE;

    private volatile boolean asserted;

    Upcalls(
            DomainLock lock,
            DomainHost host,
            SharedInfo shared,
            Polls polls,
            int vcpus,
            boolean wires) {
        this.lock = lock;
        this.host = host;
        this.shared = shared;
        this.polls = polls;
        this.wires = wires;
        this.apicVectors = new int[vcpus];
    }

    /// Sets `evtchn_upcall_pending` and, if it was not set, tells the vCPU.
    void markPending(int vcpu) {
        if (!shared.setUpcallPending(vcpu)) {
            tell(vcpu);
        }
    }

    void wakePollers(int port) {
        polls.event(port);
    }

    private void tell(int vcpu) {
        int vector = apicVectors[vcpu];
        if (vector != 0) {
            lock.afterwards(() -> host.interrupt(vcpu, vector));
        } else if (callbackVector != NONE) {
            lock.afterwards(() -> host.wake(vcpu));
        } else if (vcpu == 0 && callbackGsi != NONE) {
            setLine(shared.upcallPending(0));
        }
    }

    private void setLine(boolean level) {
        if (asserted != level) {
            asserted = level;
            int gsi = callbackGsi;
            lock.afterwards(() -> host.callbackLine(gsi, level));
        }
    }

    /// `HVMOP_set_evtchn_upcall_vector`. Tells at once, as Xen does.
    void setApicVector(int vcpu, int vector) {
        apicVectors[vcpu] = vector;
        tell(vcpu);
    }

    /// The vCPU's local APIC is enabled from now on; what it was told before was lost.
    void apicEnabled(int vcpu) {
        if (apicVectors[vcpu] != 0 && shared.upcallPending(vcpu)) {
            tell(vcpu);
        }
    }

    /// `HVM_PARAM_CALLBACK_IRQ`. A kind of callback that the machine does not have is ignored.
    void setCallback(long via) {
        int type = (int) (via >>> TYPE_SHIFT);
        boolean vector = type == HvmAbi.HVM_PARAM_CALLBACK_TYPE_VECTOR;
        if (!vector && !wires) {
            return;
        }
        setLine(false);
        callbackVector = vector ? (int) via & 0xFF : NONE;
        callbackGsi = NONE;
        if (type == HvmAbi.HVM_PARAM_CALLBACK_TYPE_GSI) {
            int gsi = (int) via & 0xFF;
            callbackGsi = gsi == 0 || gsi > GSI_MAX ? NONE : gsi;
        } else if (type == HvmAbi.HVM_PARAM_CALLBACK_TYPE_PCI_INTX) {
            callbackGsi = intxGsi((int) (via >>> 11) & 31, (int) via & 3);
        }
        for (int vcpu = 0; vcpu < apicVectors.length; vcpu++) {
            tell(vcpu);
        }
    }

    /// The I/O APIC input of a PCI interrupt pin, as Xen wires them.
    private static int intxGsi(int device, int pin) {
        return ((device << 2) + (device >> 3) + pin & 31) + 16;
    }

    /// The vector to inject into `vcpu` now, if it takes interrupts; [#NONE] if there is none.
    /// Without the lock.
    int pendingVector(int vcpu) {
        int vector = callbackVector;
        return vector != NONE && shared.upcallPending(vcpu) ? vector : NONE;
    }

    /// Whether the guest has taken notice of what the wire told it, so that the wire must fall.
    /// Without the lock.
    boolean lineToDrop() {
        return asserted && !shared.upcallPending(0);
    }

    void dropLine() {
        if (lineToDrop()) {
            setLine(false);
        }
    }

    /// Vectors are 0 to 255; `apicVectors` holds 0 for a vCPU without one, the others -1 for none.
    record State(List<Integer> apicVectors, int callbackVector, int callbackGsi, boolean asserted) {
        State {
            apicVectors = List.copyOf(apicVectors);
            require(
                    apicVectors.stream().allMatch(vector -> vector >= 0 && vector <= 0xFF)
                            && callbackVector >= NONE
                            && callbackVector <= 0xFF,
                    "a vector is from 0 to 255");
            require(callbackGsi >= NONE && callbackGsi <= GSI_MAX, "a wire exists");
        }
    }

    State capture() {
        return new State(
                Arrays.stream(apicVectors).boxed().toList(), callbackVector, callbackGsi, asserted);
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(state.apicVectors.size() == apicVectors.length, "as many vCPUs as before");
    }

    void restore(State state) {
        for (int vcpu = 0; vcpu < apicVectors.length; vcpu++) {
            apicVectors[vcpu] = state.apicVectors.get(vcpu);
        }
        callbackVector = state.callbackVector;
        callbackGsi = state.callbackGsi;
        asserted = state.asserted;
    }
}
