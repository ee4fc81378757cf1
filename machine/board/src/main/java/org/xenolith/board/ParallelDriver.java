package org.xenolith.board;

import org.xenolith.base.TimerQueue;
import org.xenolith.xen.ShutdownReason;

import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Runs each vCPU on a thread of its own.
///
/// ```
///  requests ──►┐            ┌──► vcpu0 ──► runs, handles exits, sleeps while it has no work
///              ├──► driver ─┤
///  timers ────►┘            └──► vcpu1 ──► ...
///
///  events, interrupts, device models ──► wake the vCPU concerned
/// ```
///
/// The driver holds a gate: while it is closed no vCPU begins to run. It is closed by a pause, by
/// the guest's shutdown, and at the end.
final class ParallelDriver extends Driver {
    private static final long STOP_LOOK_NANOS = 1_000_000;

    private final String name;
    private List<VcpuThread> vcpus = List.of();
    private volatile boolean gateClosed = true;

    /// Something has come that the driver's thread has not looked at.
    private volatile boolean attention;

    private volatile Throwable broken;

    ParallelDriver(String name, TimerQueue timers) {
        super("driver-" + name, timers);
        this.name = name;
    }

    @Override
    void connect(List<VcpuSlot> slots, Exits exits) {
        vcpus = slots.stream().map(slot -> new VcpuThread(name, this, slot, exits)).toList();
    }

    @Override
    void wake(VcpuSlot slot) {
        slot.wake();
        int id = slot.vcpu.id();
        if (id < vcpus.size()) { // else it has not been connected yet, and will look
            vcpus.get(id).signal();
        }
    }

    @Override
    void interrupt() {
        if (Thread.currentThread() != thread) {
            attention = true;
            LockSupport.unpark(thread);
        }
    }

    /// The other vCPUs stop as soon as they can, not only when the driver's thread comes to it.
    @Override
    void shutDown(ShutdownReason reason) {
        super.shutDown(reason);
        closeGate();
    }

    @Override
    boolean areVcpusToStop() {
        return gateClosed;
    }

    /// A vCPU's thread has come to the closed gate.
    void stopped() {
        LockSupport.unpark(thread);
    }

    /// A vCPU's thread has ended by a mistake of ours.
    void broken(Throwable cause) {
        closeGate();
        broken = cause;
        interrupt();
    }

    // ---------------------------------------------------------------- the driver's thread

    @Override
    void drive() {
        vcpus.forEach(VcpuThread::start);
        try {
            while (!isClosing() && broken == null) {
                attention = false;
                serveRequests();
                boolean stop = isPaused() || isShutDown();
                if (stop) {
                    stopVcpus();
                } else {
                    openGate();
                    timers.runDue();
                }
                if (isShutDown()) {
                    stopVcpus();
                    announceEnd();
                }
                sleep(stop || isShutDown());
            }
        } catch (RuntimeException | Error e) {
            broken = e;
        }
        end();
    }

    private void end() {
        stopVcpus();
        vcpus.forEach(VcpuThread::close);
        if (broken != null) {
            fail(broken);
        }
    }

    private void openGate() {
        if (gateClosed && !isShutDown()) {
            gateClosed = false;
            vcpus.forEach(VcpuThread::signal);
            if (isShutDown()) {
                closeGate(); // one has shut the machine down before it was open
            }
        }
    }

    private void closeGate() {
        gateClosed = true;
        vcpus.forEach(VcpuThread::signal);
    }

    @Override
    boolean isAtRest() {
        return !gateClosed && vcpus.stream().noneMatch(VcpuThread::isBusy);
    }

    /// There are no turns.
    @Override
    boolean isUrgent() {
        return false;
    }

    @Override
    void setUrgent(boolean urgent) {}

    @Override
    void stopVcpus() {
        closeGate();
        for (var vcpu : vcpus) {
            while (vcpu.isBusy()) {
                LockSupport.parkNanos(this, STOP_LOOK_NANOS);
            }
        }
    }

    private void sleep(boolean ignoreTimers) {
        long nanos = SLEEP_NANOS_MAX;
        if (!ignoreTimers) {
            nanos = Math.min(nanos, timers.nextDeadlineNanos() - timers.clock().nanos());
        }
        if (nanos > 0 && !attention && !hasRequests()) {
            LockSupport.parkNanos(this, nanos);
        }
    }
}
