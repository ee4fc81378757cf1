package org.xenolith.board;

import org.xenolith.base.DomainId;
import org.xenolith.platform.InterruptSink;
import org.xenolith.xen.DomainHost;
import org.xenolith.xen.ShutdownReason;
import org.xenolith.xen.VcpuStart;
import org.xenolith.xen.XenDomain;
import org.xenolith.xenstore.XenStore;

import java.util.List;

/// What the Xen side and the local APICs ask of the vCPUs and of the machine, passed on to those it
/// concerns. Called from any thread.
final class VcpuWires implements DomainHost, InterruptSink {
    private final Driver driver;
    private final XenStore store;
    private final DomainId id;
    private final GuestLines lines;
    private volatile List<VcpuSlot> slots = List.of();
    private volatile XenDomain xen;

    VcpuWires(Driver driver, XenStore store, DomainId id, GuestLines lines) {
        this.driver = driver;
        this.store = store;
        this.id = id;
        this.lines = lines;
    }

    /// Before the machine starts.
    void connect(List<VcpuSlot> allSlots, XenDomain xenSide) {
        slots = List.copyOf(allSlots);
        xen = xenSide;
    }

    // ---------------------------------------------------------------- both

    @Override
    public void wake(int vcpu) {
        if (vcpu < slots.size()) {
            driver.wake(slots.get(vcpu));
        }
    }

    // ---------------------------------------------------------------- local APICs

    @Override
    public void init(int vcpu) {
        slots.get(vcpu).init();
        xen.vcpuStarted(vcpu, false);
        wake(vcpu);
    }

    @Override
    public void startup(int vcpu, int vector) {
        if (slots.get(vcpu).startup(vector)) {
            xen.vcpuStarted(vcpu, true);
            wake(vcpu);
        }
    }

    @Override
    public void nmi(int vcpu) {
        nonMaskableInterrupt(vcpu);
    }

    @Override
    public void enabled(int vcpu) {
        xen.localApicEnabled(vcpu);
    }

    /// No level-triggered source is connected.
    @Override
    public void levelEnded(int vcpu, int vector) {}

    // ---------------------------------------------------------------- Xen

    @Override
    public void interrupt(int vcpu, int vector) {
        slots.get(vcpu).apic.deliver(vector, false);
    }

    @Override
    public void nonMaskableInterrupt(int vcpu) {
        slots.get(vcpu).nonMaskableInterrupt();
        wake(vcpu);
    }

    @Override
    public void initialise(int vcpu, VcpuStart start) {
        slots.get(vcpu).startAt(VcpuStarts.state(start));
    }

    @Override
    public void vcpuUp(int vcpu) {
        slots.get(vcpu).up();
        wake(vcpu);
    }

    @Override
    public void vcpuDown(int vcpu) {
        slots.get(vcpu).down();
        wake(vcpu);
    }

    @Override
    public void shutdown(ShutdownReason reason) {
        driver.shutDown(reason);
        store.shutDown(id);
    }

    @Override
    public void callbackLine(int gsi, boolean asserted) {
        // A PVH machine has no such wire.
    }

    @Override
    public void consoleOutput(byte[] bytes) {
        lines.add(bytes);
    }
}
