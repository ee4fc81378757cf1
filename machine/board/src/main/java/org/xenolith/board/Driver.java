package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.TimerQueue;
import org.xenolith.engine.Exit;
import org.xenolith.xen.ShutdownReason;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/// Runs a machine: one thread that changes its life, from one bounded queue of requests, and fires
/// its timers. Who runs its vCPUs, and when, is for [ParallelDriver] and [TurnDriver] to say. Its
/// methods may be called from any thread.
abstract class Driver {
    /// Requests that may wait at once.
    static final int REQUESTS_MAX = 64;

    /// The driver looks around at least this often.
    static final long SLEEP_NANOS_MAX = 1_000_000_000L;

    /// A vCPU that is throttled rests at most this long at a time.
    private static final long REST_NANOS_MAX = 1_000_000_000L;

    /// What the driver needs of the machine, for each vCPU on the thread that runs it.
    interface Exits {
        /// Makes the slot ready for its next run; false if it has nothing to do.
        boolean prepare(VcpuSlot slot);

        /// Handles what the vCPU left for. False if it waits, or lets others go first.
        boolean handle(VcpuSlot slot, Exit exit);

        /// Told when the vCPU does not run for a while.
        void rests(VcpuSlot slot);
    }

    final TimerQueue timers;
    final Thread thread;
    private final ArrayBlockingQueue<Runnable> requests = new ArrayBlockingQueue<>(REQUESTS_MAX);

    /// What has been asked for by [#requestOnce], in that order. Bounded by the number of actions
    /// that there are.
    private final Set<Runnable> due = new LinkedHashSet<>();

    private final CompletableFuture<ShutdownReason> ended = new CompletableFuture<>();

    /// Completes if we are wrong: then nothing is done on the driver's thread any more.
    private final CompletableFuture<Throwable> broken = new CompletableFuture<>();

    private final AtomicReference<ShutdownReason> shutdown = new AtomicReference<>();
    private volatile boolean closing;

    private volatile int restPercent;

    private volatile Runnable whenAtRest = () -> {};

    /// The driver's own; others ask by [#pause].
    private boolean paused;

    /// The same, asked for by [#standStill].
    private volatile boolean standsStill;

    /// Those who wait for what they asked of [#standStill].
    private final Queue<CompletableFuture<Void>> stillness = new ConcurrentLinkedQueue<>();

    private final Runnable lookAtStillness = this::lookAtStillness;

    /// Completes when nothing is done on the driver's thread any more.
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    Driver(String name, TimerQueue timers) {
        this.timers = timers;
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::driveToEnd);
        timers.onEarlier(this::interrupt);
    }

    /// What it is to drive; before [#start].
    abstract void connect(List<VcpuSlot> slots, Exits exits);

    /// An event has come for a vCPU, or something has been asked of it.
    abstract void wake(VcpuSlot slot);

    /// The driver's thread has something to look at.
    abstract void interrupt();

    /// What the driver's thread does.
    abstract void drive();

    private void driveToEnd() {
        try {
            drive();
        } finally {
            gone.complete(null);
        }
    }

    void start(boolean startPaused) {
        paused = startPaused;
        thread.start();
    }

    CompletableFuture<ShutdownReason> ended() {
        return ended;
    }

    /// Completes when no vCPU runs and nothing is being done for one.
    CompletableFuture<Void> pause() {
        return request(() -> {
            paused = true;
            stopVcpus();
        });
    }

    CompletableFuture<Void> unpause() {
        return request(() -> paused = false);
    }

    /// No vCPU runs while somebody wants that, whatever [#unpause] says. Completes when none does.
    /// Needs no room among the requests.
    CompletableFuture<Void> standStill(boolean wanted) {
        standsStill = wanted;
        var done = new CompletableFuture<Void>();
        stillness.add(done);
        requestOnce(lookAtStillness);
        return done;
    }

    private void lookAtStillness() {
        var asked = new ArrayList<CompletableFuture<Void>>();
        for (var next = stillness.poll(); next != null; next = stillness.poll()) {
            asked.add(next); // before the look: who comes later is for the next one
        }
        if (standsStill) {
            stopVcpus();
        }
        asked.forEach(done -> done.complete(null));
    }

    /// Has something done while no vCPU runs; they go on afterwards, unless they rested before.
    CompletableFuture<Void> whileStopped(Runnable action) {
        return request(() -> {
            stopVcpus();
            action.run();
        });
    }

    /// Has each vCPU rest for a part of the time, where time is the host's.
    ///
    /// @param percent 0 to 99
    final void throttle(int percent) {
        Bug.check(percent >= 0 && percent < 100, "a vCPU that is throttled runs now and then");
        restPercent = percent;
    }

    final boolean isThrottled() {
        return restPercent > 0;
    }

    /// How long a vCPU rests that has run for so many nanoseconds.
    final long restNanos(long ranNanos) {
        int percent = restPercent;
        return percent == 0 ? 0 : Math.min(REST_NANOS_MAX, ranNanos * percent / (100 - percent));
    }

    /// Has `action` done whenever a vCPU has nothing to do any more, by its thread; it must not
    /// wait. The last that was asked for counts.
    final void onRest(Runnable action) {
        whenAtRest = action;
    }

    /// For a vCPU's thread.
    final void rests() {
        whenAtRest.run();
    }

    /// Whether no vCPU has anything to do, as far as can be told without waiting: one that is just
    /// being woken may count as at rest. Not while they are stopped.
    abstract boolean isAtRest();

    /// Whether somebody waits for the vCPUs to stop, or they have. From any thread.
    abstract boolean areVcpusToStop();

    /// Whether a vCPU has been woken and its turn comes early.
    abstract boolean isUrgent();

    /// Before [#start], or while stopped.
    abstract void setUrgent(boolean urgent);

    /// Returns when no vCPU runs and nothing is being done for one. On the driver's thread.
    abstract void stopVcpus();

    /// The guest has shut down: no vCPU runs on. The first reason counts.
    void shutDown(ShutdownReason reason) {
        shutdown.compareAndSet(null, reason);
        interrupt();
    }

    Optional<ShutdownReason> shutdownReason() {
        return Optional.ofNullable(shutdown.get());
    }

    /// Ends all threads and waits until they have ended.
    void close() throws InterruptedException {
        Bug.check(Thread.currentThread() != thread, "a driver does not wait for itself");
        closing = true;
        interrupt();
        if (thread.getState() != Thread.State.NEW) {
            thread.join();
        }
    }

    /// Has something done on the driver's thread.
    CompletableFuture<Void> request(Runnable change) {
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

    /// Has something done on the driver's thread and waits until it is. False if it never will be,
    /// since the driver is broken.
    boolean perform(Runnable change) {
        return await(request(change));
    }

    /// Waits for what was asked of the driver. False if it never will be done.
    boolean await(CompletableFuture<?> request) {
        CompletableFuture.anyOf(request, broken, gone).join();
        return request.isDone();
    }

    /// Has something done on the driver's thread soon, once for any number of calls before it comes
    /// to it. `action` is one of the machine's own, and the same object each time.
    void requestOnce(Runnable action) {
        synchronized (due) {
            due.add(action);
        }
        interrupt();
    }

    // ---------------------------------------------------------------- for the driver's thread

    final boolean isClosing() {
        return closing;
    }

    final boolean isPaused() {
        return paused || standsStill;
    }

    final boolean isShutDown() {
        return shutdown.get() != null;
    }

    final boolean hasRequests() {
        synchronized (due) {
            return !requests.isEmpty() || !due.isEmpty();
        }
    }

    final void serveRequests() {
        for (var request = requests.poll(); request != null; request = requests.poll()) {
            request.run();
        }
        List<Runnable> now;
        synchronized (due) {
            now = List.copyOf(due);
            due.clear();
        }
        now.forEach(Runnable::run);
    }

    /// On another thread: whoever hears of it may want something of this one.
    final void announceEnd() {
        if (!ended.isDone()) {
            ended.completeAsync(shutdown::get, Thread::startVirtualThread);
        }
    }

    /// We are wrong: the machine stops. From any thread.
    final void fail(Throwable cause) {
        broken.complete(cause);
        Thread.startVirtualThread(() -> ended.completeExceptionally(cause));
    }
}
