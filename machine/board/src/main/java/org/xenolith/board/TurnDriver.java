package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.Clock;
import org.xenolith.base.TimerQueue;
import org.xenolith.engine.Exit;
import org.xenolith.xen.ShutdownReason;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// The one thread that runs a machine: requests from outside, timers, and all vCPUs in turn, each
/// for a slice; one that is woken from its sleep comes first. **Hot path** ([#runSlice]).
///
/// ```
///  requests ──►┐
///  timers ────►├─► driver ──► vCPU 0 ──► vCPU 1 ──► ... ──► sleep, if nobody has work
///  wake-ups ──►┘
/// ```
final class Driver {
    /// Requests that may wait at once.
    static final int REQUESTS_MAX = 64;

    /// How long a vCPU runs before the next one's turn.
    private static final long SLICE_NANOS = 1_000_000;

    private static final long SLEEP_NANOS_MAX = 1_000_000_000L;

    /// What the driver needs of the machine.
    interface Exits {
        /// Makes the slot ready for its next run; false if it has nothing to do.
        boolean prepare(VcpuSlot slot);

        /// Handles what the vCPU left for. False ends its slice.
        boolean handle(VcpuSlot slot, Exit exit);

        /// Told after the last run of a slice.
        void sliceEnds(VcpuSlot slot);
    }

    private List<VcpuSlot> slots = List.of();
    private final TimerQueue timers;
    private final Clock clock;
    private Exits exits;
    private final ArrayBlockingQueue<Runnable> requests = new ArrayBlockingQueue<>(REQUESTS_MAX);
    private final CompletableFuture<ShutdownReason> ended = new CompletableFuture<>();
    private final AtomicReference<ShutdownReason> shutdown = new AtomicReference<>();
    private final Thread thread;

    /// Something outside the running vCPU wants the driver.
    private volatile boolean attention;

    /// A vCPU has been woken from its sleep.
    private volatile boolean someoneUrgent;

    private volatile VcpuSlot running;
    private volatile boolean closing;
    private boolean paused;

    /// Whose slice is next.
    private int turn;

    private final Pace pace = new Pace();

    Driver(String name, TimerQueue timers) {
        this.timers = timers;
        this.clock = timers.clock();
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::drive);
        timers.onEarlier(this::interrupt);
    }

    /// What it is to drive; before [#start].
    void connect(List<VcpuSlot> allSlots, Exits handler) {
        slots = List.copyOf(allSlots);
        exits = handler;
    }

    void start(boolean startPaused) {
        paused = startPaused;
        thread.start();
    }

    CompletableFuture<ShutdownReason> ended() {
        return ended;
    }

    CompletableFuture<Void> pause() {
        return request(() -> paused = true);
    }

    CompletableFuture<Void> unpause() {
        return request(() -> paused = false);
    }

    /// The guest has shut down: no vCPU runs on. The first reason counts.
    void shutDown(ShutdownReason reason) {
        shutdown.compareAndSet(null, reason);
        interrupt();
    }

    Optional<ShutdownReason> shutdownReason() {
        return Optional.ofNullable(shutdown.get());
    }

    /// Someone has something for a vCPU. May be called from any thread.
    void interrupt() {
        if (Thread.currentThread() == thread) {
            return; // it looks at everything before it runs a vCPU again
        }
        attention = true;
        var slot = running;
        if (slot != null) {
            slot.vcpu.kick();
        }
        LockSupport.unpark(thread);
    }

    /// An event has come for a vCPU. May be called from any thread.
    void wake(VcpuSlot slot) {
        if (slot.wake()) {
            someoneUrgent = true;
        }
        interrupt();
    }

    /// Ends the thread and waits until it has ended.
    void close() throws InterruptedException {
        Bug.check(Thread.currentThread() != thread, "a driver does not wait for itself");
        closing = true;
        interrupt();
        if (thread.getState() != Thread.State.NEW) {
            thread.join();
        }
    }

    private CompletableFuture<Void> request(Runnable change) {
        var done = new CompletableFuture<Void>();
        boolean queued =
                requests.offer(() -> {
                    change.run();
                    done.complete(null);
                });
        if (!queued) {
            done.completeExceptionally(
                    new IllegalStateException(REQUESTS_MAX + " requests wait already"));
        }
        interrupt();
        return done;
    }

    // ---------------------------------------------------------------- the thread

    private void drive() {
        try {
            while (!closing) {
                attention = false;
                serveRequests();
                boolean stopped = shutdown.get() != null;
                if (stopped) {
                    announceEnd();
                } else {
                    timers.runDue();
                }
                if (stopped || paused || !runAll()) {
                    sleep(stopped || paused);
                }
            }
        } catch (RuntimeException | Error e) {
            Thread.startVirtualThread(() -> ended.completeExceptionally(e));
        }
    }

    /// On another thread: whoever hears of it may want something of this one.
    private void announceEnd() {
        if (!ended.isDone()) {
            ended.completeAsync(shutdown::get, Thread::startVirtualThread);
        }
    }

    private void serveRequests() {
        for (var request = requests.poll(); request != null; request = requests.poll()) {
            request.run();
        }
    }

    /// One slice for every vCPU with work. False if none had any.
    private boolean runAll() {
        boolean worked = false;
        for (int i = 0; i < slots.size(); i++) {
            worked |= runUrgent();
            if (attention || shutdown.get() != null) {
                return true;
            }
            var slot = slots.get(turn);
            turn = (turn + 1) % slots.size();
            worked |= runSlice(slot);
            timers.runDue();
        }
        return worked;
    }

    /// One slice for every vCPU that has been woken.
    private boolean runUrgent() {
        if (!someoneUrgent) {
            return false;
        }
        someoneUrgent = false;
        boolean worked = false;
        for (var slot : slots) {
            if (!attention && shutdown.get() == null && slot.takeUrgent()) {
                worked |= runSlice(slot);
            }
        }
        return worked;
    }

    private boolean runSlice(VcpuSlot slot) {
        if (!exits.prepare(slot)) {
            return false;
        }
        long start = clock.nanos();
        long now = start;
        long before = slot.vcpu.instructionsRetired();
        running = slot;
        try {
            do {
                long left = Math.min(start + SLICE_NANOS, timers.nextDeadlineNanos()) - now;
                var exit = slot.vcpu.run(pace.instructions(left));
                if (!exits.handle(slot, exit)) {
                    break;
                }
                timers.runDue();
                now = clock.nanos();
            } while (now - start < SLICE_NANOS
                    && !attention
                    && !someoneUrgent
                    && exits.prepare(slot));
        } finally {
            running = null;
            exits.sliceEnds(slot);
            long nanos = clock.nanos() - start;
            slot.addRunNanos(nanos);
            pace.ran(slot.vcpu.instructionsRetired() - before, nanos);
        }
        return true;
    }

    private void sleep(boolean ignoreTimers) {
        long nanos = SLEEP_NANOS_MAX;
        if (!ignoreTimers) {
            nanos = Math.min(nanos, timers.nextDeadlineNanos() - clock.nanos());
        }
        if (nanos > 0 && !attention && requests.isEmpty()) {
            LockSupport.parkNanos(this, nanos);
        }
    }
}
