package org.xenolith.board;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.engine.Exit;
import org.xenolith.engine.Vcpu;
import org.xenolith.memory.GuestMemory;
import org.xenolith.platform.LocalApic;
import org.xenolith.platform.PvhLayout;
import org.xenolith.xen.HypercallResult;
import org.xenolith.xen.RunState;
import org.xenolith.xen.ShutdownReason;
import org.xenolith.xen.XenDomain;

import java.util.Optional;
import java.util.function.Supplier;

/// What happens between two runs of a vCPU: interrupts before, the reason it left after. On the
/// thread that runs the vCPU; several may be here at a time.
final class ExitHandler implements Driver.Exits {
    /// RFLAGS.IF.
    private static final long INTERRUPT_FLAG = 1 << 9;

    private final XenDomain xen;
    private final GuestMemory memory;
    private final PortSpace ports;
    private final DomainLog log;
    private final Supplier<Optional<ShutdownReason>> shutdown;

    /// `shutdown` tells why the domain has shut down, once it has.
    ExitHandler(
            XenDomain xen,
            GuestMemory memory,
            PortSpace ports,
            DomainLog log,
            Supplier<Optional<ShutdownReason>> shutdown) {
        this.xen = xen;
        this.memory = memory;
        this.ports = ports;
        this.log = log;
        this.shutdown = shutdown;
    }

    // ---------------------------------------------------------------- before a run

    @Override
    public boolean prepare(VcpuSlot slot) {
        slot.applyRequests();
        boolean ready =
                switch (slot.phase()) {
                    case RUNNING -> true;
                    case HALTED -> isInterruptible(slot);
                    case BLOCKED -> slot.takeWoken() || isInterruptible(slot);
                    case WAIT_FOR_SIPI, DOWN, STOPPED -> false;
                };
        if (!ready) {
            return false;
        }
        if (slot.phase() == VcpuSlot.Phase.BLOCKED) {
            xen.vcpuWoke(slot.vcpu.id());
        }
        slot.enter(VcpuSlot.Phase.RUNNING);
        slot.takeWoken();
        xen.vcpuRuns(slot.vcpu.id(), slot.vcpu::timeStampCounter);
        offerInterrupt(slot);
        return true;
    }

    private boolean isInterruptible(VcpuSlot slot) {
        return slot.vcpu.canTakeInterrupt()
                && (xen.pendingCallbackVector(slot.vcpu.id()) >= 0
                        || slot.apic.pendingVector() >= 0);
    }

    /// Events come before interrupts of the local APIC, as on Xen.
    private void offerInterrupt(VcpuSlot slot) {
        var vcpu = slot.vcpu;
        int callback = xen.pendingCallbackVector(vcpu.id());
        boolean waiting = callback >= 0 || slot.apic.pendingVector() >= 0;
        if (waiting && vcpu.canTakeInterrupt()) {
            int vector = callback >= 0 ? callback : slot.apic.acknowledge();
            if (vector >= 0) {
                vcpu.interrupt(vector);
            }
            waiting = callback >= 0 ? slot.apic.pendingVector() >= 0 : false;
        }
        vcpu.requestInterruptWindow(waiting);
        vcpu.setTaskPriority(slot.apic.taskPriorityClass());
    }

    @Override
    public void rests(VcpuSlot slot) {
        var state =
                switch (slot.phase()) {
                    case RUNNING -> RunState.RUNNABLE;
                    case HALTED, BLOCKED -> RunState.BLOCKED;
                    case WAIT_FOR_SIPI, DOWN, STOPPED -> RunState.OFFLINE;
                };
        xen.vcpuWaits(slot.vcpu.id(), state);
    }

    // ---------------------------------------------------------------- after a run

    @Override
    public boolean handle(VcpuSlot slot, Exit exit) {
        var vcpu = slot.vcpu;
        return switch (exit) {
            case Exit.PortRead(int port, int bytes) -> {
                vcpu.complete(Integer.toUnsignedLong(ports.read(port, bytes)));
                yield true;
            }
            case Exit.PortWrite(int port, int bytes, int value) -> {
                ports.write(port, bytes, value);
                yield true;
            }
            case Exit.MmioRead(long gpa, int bytes) -> {
                vcpu.complete(readMmio(slot.apic, gpa, bytes));
                yield true;
            }
            case Exit.MmioWrite(long gpa, int bytes, long value) -> {
                if (isLocalApic(gpa)) {
                    slot.apic.write(gpa - PvhLayout.LOCAL_APIC, bytes, value);
                }
                yield true;
            }
            case Exit.MsrRead(int index) -> {
                readMsr(slot, index);
                yield true;
            }
            case Exit.MsrWrite(int index, long value) -> {
                writeMsr(slot, index, value);
                yield true;
            }
            case Exit.Hypercall call -> hypercall(slot, call);
            case Exit.TaskPriority(int cr8) -> {
                slot.apic.setTaskPriorityClass(cr8);
                yield true;
            }
            case Exit.InterruptWindow _ -> true;
            case Exit.Halted _ -> {
                slot.enter(VcpuSlot.Phase.HALTED);
                if (isHaltedForGood(vcpu)) {
                    xen.vcpuHaltedForGood(vcpu.id());
                }
                yield false;
            }
            case Exit.Preempted _ -> false;
            case Exit.Shutdown(var reason) -> {
                crash(slot, reason);
                yield false;
            }
        };
    }

    /// No interrupt can end the halt. Asked in full only if none can be taken just now.
    private static boolean isHaltedForGood(Vcpu vcpu) {
        return !vcpu.canTakeInterrupt()
                && (vcpu.capture().general().rflags() & INTERRUPT_FLAG) == 0;
    }

    private static boolean isLocalApic(long gpa) {
        return gpa >= PvhLayout.LOCAL_APIC && gpa < PvhLayout.LOCAL_APIC + PAGE_BYTES;
    }

    private static long readMmio(LocalApic apic, long gpa, int bytes) {
        return isLocalApic(gpa)
                ? apic.read(gpa - PvhLayout.LOCAL_APIC, bytes)
                : -1L >>> 64 - 8 * bytes;
    }

    private void readMsr(VcpuSlot slot, int index) {
        var value = LocalApic.owns(index) ? slot.apic.readMsr(index) : xen.readMsr(index);
        if (value.isPresent()) {
            slot.vcpu.complete(value.getAsLong());
        } else {
            slot.vcpu.completeWithFault();
        }
    }

    private void writeMsr(VcpuSlot slot, int index, long value) {
        boolean accepted =
                LocalApic.owns(index)
                        ? slot.apic.writeMsr(index, value)
                        : xen.writeMsr(
                                new LinearMemory(slot.vcpu, memory),
                                slot.vcpu.is64Bit(),
                                index,
                                value);
        if (accepted) {
            slot.vcpu.complete(0);
        } else {
            slot.vcpu.completeWithFault();
        }
    }

    private boolean hypercall(VcpuSlot slot, Exit.Hypercall call) {
        var result =
                xen.hypercall(
                        new LinearMemory(slot.vcpu, memory),
                        call.longMode(),
                        call.cpl(),
                        call.number(),
                        call.a1(),
                        call.a2(),
                        call.a3(),
                        call.a4(),
                        call.a5());
        slot.vcpu.complete(result.value());
        return switch (result) {
            case HypercallResult.Value _ -> true;
            case HypercallResult.Yield _ -> false;
            case HypercallResult.Block _ -> {
                slot.enter(VcpuSlot.Phase.BLOCKED);
                yield false;
            }
            case HypercallResult.Down _ -> {
                slot.enter(VcpuSlot.Phase.DOWN);
                yield false;
            }
            case HypercallResult.Stop _ -> {
                slot.enter(VcpuSlot.Phase.STOPPED);
                if (shutdown.get().equals(Optional.of(ShutdownReason.CRASH))) {
                    log.add(RegisterDump.of(slot.vcpu, memory, "the guest says it has crashed"));
                }
                yield false;
            }
        };
    }

    /// See docs/quirks.md: Xen reports a triple fault as a reboot.
    private void crash(VcpuSlot slot, String why) {
        log.add(RegisterDump.of(slot.vcpu, memory, why));
        slot.enter(VcpuSlot.Phase.STOPPED);
        xen.shutDown(ShutdownReason.CRASH);
    }
}
