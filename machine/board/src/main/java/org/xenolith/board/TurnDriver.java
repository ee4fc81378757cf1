package org.xenolith.board;

import org.xenolith.base.CountedClock;
import org.xenolith.base.TimerQueue;

import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Runs all vCPUs in turn on one thread, so that a machine does the same whenever it is started
/// with the same seed and gets the same input. **Hot path** ([#runSlice]).
///
/// Its time is counted in instructions: an instruction takes a nanosecond, and if no vCPU has work
/// the time of the next timer has come at once, unless that is ahead of the host's own time. What
/// comes from the host (console input, `xl shutdown`, a pause) is taken between two slices and cuts
/// none short.
final class TurnDriver extends Driver {
    /// How long a vCPU runs before the next one's turn.
    private static final long SLICE_NANOS = 100_000;

    /// What a run takes in which no instruction has been completed.
    private static final long FRUITLESS_RUN_NANOS = 1_000;

    private final CountedClock time;
    private List<VcpuSlot> slots = List.of();
    private Exits exits;

    /// Instructions of each vCPU that have become time.
    private long[] counted = {};

    /// Whose slice is next.
    private int turn;

    /// A vCPU has been woken from its sleep: its turn comes early.
    private boolean someoneUrgent;

    /// `timers` count in `time`.
    TurnDriver(String name, TimerQueue timers, CountedClock time) {
        super("vcpus-" + name, timers);
        this.time = time;
    }

    @Override
    void connect(List<VcpuSlot> allSlots, Exits handler) {
        slots = List.copyOf(allSlots);
        counted = slots.stream().mapToLong(slot -> slot.vcpu.instructionsRetired()).toArray();
        exits = handler;
    }

    /// What may change what the guest sees next comes on the driver's thread, see [#request].
    @Override
    void wake(VcpuSlot slot) {
        someoneUrgent |= slot.wake();
    }

    @Override
    void interrupt() {
        LockSupport.unpark(thread);
    }

    /// Its time is not the host's: nobody is served sooner by what is done when it rests.
    @Override
    boolean isAtRest() {
        return false;
    }

    /// They run on the driver's own thread.
    @Override
    boolean areVcpusToStop() {
        return false;
    }

    @Override
    boolean isUrgent() {
        return someoneUrgent;
    }

    @Override
    void setUrgent(boolean urgent) {
        someoneUrgent = urgent;
    }

    @Override
    void stopVcpus() {
        // The one thread is not running any just now.
    }

    @Override
    void drive() {
        try {
            time.begin();
            while (!isClosing()) {
                serveRequests();
                boolean stop = isPaused() || isShutDown();
                if (isShutDown()) {
                    announceEnd();
                }
                if (stop) {
                    sleep(SLEEP_NANOS_MAX);
                    time.begin();
                } else {
                    timers.runDue();
                    if (!runAll()) {
                        skipToNextTimer();
                    }
                }
            }
        } catch (RuntimeException | Error broken) {
            fail(broken);
        }
    }

    /// One slice for every vCPU with work. False if none had any.
    private boolean runAll() {
        boolean worked = false;
        for (int i = 0; i < slots.size() && !isShutDown(); i++) {
            worked |= runUrgent();
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
            if (!isShutDown() && slot.takeUrgent()) {
                worked |= runSlice(slot);
            }
        }
        return worked;
    }

    private boolean runSlice(VcpuSlot slot) {
        if (isShutDown() || !exits.prepare(slot)) {
            return false;
        }
        long start = time.nanos();
        boolean goesOn;
        do {
            goesOn = run(slot, start + SLICE_NANOS);
            timers.runDue();
        } while (goesOn
                && time.nanos() < start + SLICE_NANOS
                && !someoneUrgent
                && !isShutDown()
                && exits.prepare(slot));
        exits.rests(slot);
        slot.addRunNanos(time.nanos() - start);
        return true;
    }

    private boolean run(VcpuSlot slot, long sliceEnd) {
        // A capture may have had it complete an instruction.
        time.advance(slot.vcpu.instructionsRetired() - counted[slot.vcpu.id()]);
        long start = time.nanos();
        long left = Math.min(sliceEnd, timers.nextDeadlineNanos()) - start;
        long before = slot.vcpu.instructionsRetired();
        time.count(slot.vcpu::instructionsRetired);
        try {
            var exit = slot.vcpu.run(Math.max(left, 1));
            return exits.handle(slot, exit);
        } finally {
            time.stopCounting();
            counted[slot.vcpu.id()] = slot.vcpu.instructionsRetired();
            if (counted[slot.vcpu.id()] == before) {
                time.advance(FRUITLESS_RUN_NANOS);
            }
        }
    }

    /// Nobody has work. The time of the next timer comes at once, but not ahead of the host's.
    private void skipToNextTimer() {
        long deadline = timers.nextDeadlineNanos();
        long ahead = deadline == TimerQueue.NEVER ? SLEEP_NANOS_MAX : time.hostNanosUntil(deadline);
        if (ahead > 0) {
            sleep(Math.min(ahead, SLEEP_NANOS_MAX));
        } else {
            time.advanceTo(deadline);
        }
    }

    private void sleep(long nanos) {
        if (!hasRequests() && !isClosing()) {
            LockSupport.parkNanos(this, nanos);
        }
    }
}
