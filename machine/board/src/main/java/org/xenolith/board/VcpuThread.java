package org.xenolith.board;

import org.xenolith.base.Clock;
import org.xenolith.base.Threads;
import org.xenolith.linux.HostProcessors;
import org.xenolith.linux.LinuxException;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/// The thread of one vCPU. **Hot path** ([#step]).
///
/// Who has something for the vCPU leaves it where [Driver.Exits#prepare] looks, and calls
/// [#signal]: then it looks again before it runs on or sleeps.
final class VcpuThread {
    /// Bounds a run, so that time that goes by is accounted for.
    private static final long INSTRUCTIONS_MAX = 1_000_000;

    /// The same where it is to rest between its runs.
    private static final long THROTTLED_INSTRUCTIONS_MAX = 100_000;

    private final ParallelDriver driver;
    private final VcpuSlot slot;
    private final Driver.Exits exits;
    private final Clock clock;
    private final Thread thread;
    private final HaltPolling polling = HaltPolling.ofHost();

    /// Something has come since the vCPU looked last.
    private volatile boolean signalled;

    /// In the engine, where only a kick is heard.
    private volatile boolean inRun;

    /// Not asleep, and not held by the gate.
    private volatile boolean busy;

    private volatile boolean closing;

    /// Says where the thread runs.
    private Affinity followed = Affinity.ALL;

    VcpuThread(String domain, ParallelDriver driver, VcpuSlot slot, Driver.Exits exits) {
        this.driver = driver;
        this.slot = slot;
        this.exits = exits;
        this.clock = driver.timers.clock();
        this.thread =
                Thread.ofPlatform()
                        .daemon()
                        .name("vcpu" + slot.vcpu.id() + "-" + domain)
                        .unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    boolean isBusy() {
        return busy;
    }

    /// Makes it look at what has come. From any thread.
    void signal() {
        signalled = true;
        if (Thread.currentThread() == thread) {
            return;
        }
        if (inRun) {
            slot.vcpu.kick();
        }
        LockSupport.unpark(thread);
    }

    /// Ends the thread and waits for it. It is not busy, and the gate is closed.
    void close() {
        closing = true;
        LockSupport.unpark(thread);
        Threads.awaitEnd(thread);
    }

    private void loop() {
        try {
            while (!closing) {
                busy = true;
                work();
                busy = false;
                if (driver.areVcpusToStop()) {
                    driver.stopped();
                } else {
                    driver.rests();
                }
                await();
            }
        } catch (RuntimeException | Error broken) {
            busy = false;
            driver.broken(broken);
        }
    }

    /// Until something has come, the gate is open, or it is to end.
    private void await() {
        long begin = clock.nanos();
        long pollEnd = begin + polling.nanos();
        while (!closing && !signalled && !driver.areVcpusToStop() && clock.nanos() < pollEnd) {
            Thread.onSpinWait();
        }
        while (!closing && (driver.areVcpusToStop() || !signalled)) {
            LockSupport.park(this);
        }
        polling.waited(clock.nanos() - begin);
    }

    /// What [BoardProcessors#pin] has let through the host may refuse by now, having lost
    /// processors: then the vCPU stays where it is.
    private void follow(Affinity wanted) {
        followed = wanted;
        try {
            HostProcessors.restrictCurrentThread(
                    wanted.hard().isEmpty() ? everyProcessor() : wanted.hard());
        } catch (LinuxException _) {
            return;
        }
    }

    private static List<Integer> everyProcessor() {
        return IntStream.range(0, HostProcessors.PROCESSORS_MAX).boxed().toList();
    }

    /// Runs the vCPU until it has nothing to do or the gate is closed.
    private void work() {
        long start = clock.nanos();
        boolean ran = false;
        while (!driver.areVcpusToStop() && step()) {
            ran = true;
            long now = clock.nanos();
            slot.addRunNanos(now - start);
            long rest = driver.restNanos(now - start);
            start = now;
            if (rest > 0) {
                rest(now + rest);
                start = clock.nanos();
            }
        }
        if (ran) {
            exits.rests(slot);
        }
    }

    /// Throttled: what comes meanwhile is looked at afterwards, but for a gate that is closed.
    private void rest(long untilNanos) {
        long left = untilNanos - clock.nanos();
        while (left > 0 && !driver.areVcpusToStop()) {
            LockSupport.parkNanos(this, left);
            left = untilNanos - clock.nanos();
        }
    }

    /// One run. False if the vCPU has nothing to do.
    private boolean step() {
        signalled = false;
        if (slot.affinity() != followed) {
            follow(slot.affinity());
        }
        if (!exits.prepare(slot)) {
            return false;
        }
        inRun = true;
        if (signalled || driver.areVcpusToStop()) {
            inRun = false;
            return true;
        }
        long most = driver.isThrottled() ? THROTTLED_INSTRUCTIONS_MAX : INSTRUCTIONS_MAX;
        var exit = slot.vcpu.run(most);
        inRun = false;
        boolean goesOn = exits.handle(slot, exit);
        if (!goesOn && slot.phase() == VcpuSlot.Phase.RUNNING && !signalled) {
            Thread.yield(); // its program waits for another vCPU
        }
        return true;
    }
}
