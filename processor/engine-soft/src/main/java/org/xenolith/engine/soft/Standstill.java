package org.xenolith.engine.soft;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/// Brings all vCPUs of a machine to a stop between two blocks of their code, for what none of them
/// may be in the middle of: code that becomes watched, a page that goes from the map, an atomic
/// access that the host cannot do in one step.
///
/// A vCPU is *inside* while it executes guest code. It looks now and then whether it is to stand
/// still ([#pass]) and counts as outside while it does, or while it waits for its own turn to stop
/// the others; so no two wait for each other. Vocabulary: the one who stops the others is *alone*.
final class Standstill {
    /// Looks before a wait becomes a sleep: some microseconds.
    private static final int SPINS = 500;

    /// A sleep ends after this in any case.
    private static final long SLEEP_NANOS = 100_000;

    /// One vCPU as seen from here.
    static final class Member {
        private final Runnable callIn;
        private volatile boolean inside;

        private Member(Runnable callIn) {
            this.callIn = callIn;
        }
    }

    private final List<Member> members = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();

    /// Whoever is or wants to be alone; null if nobody does.
    private volatile Thread stopper;

    /// A new vCPU, outside. `callIn` makes it [#pass] soon; it must not wait.
    Member join(Runnable callIn) {
        var member = new Member(callIn);
        members.add(member);
        return member;
    }

    /// The vCPU is about to execute guest code. Waits while another is alone.
    void enter(Member self) {
        self.inside = true;
        while (stopper != null) {
            leave(self);
            awaitEnd();
            self.inside = true;
        }
    }

    /// The vCPU executes no guest code from here on.
    void leave(Member self) {
        self.inside = false;
        var waiting = stopper;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    /// A vCPU that is inside, between two blocks: stands still if it is to.
    void pass(Member self) {
        if (stopper != null) {
            leave(self);
            enter(self);
        }
    }

    /// Does something while all other vCPUs stand still or are outside. `self` is the vCPU that the
    /// caller is inside of, or null. While a vCPU waits for its turn to be alone others may have
    /// been: what it knows of the memory map may be out of date when `action` begins.
    void alone(Member self, Runnable action) {
        if (self != null) {
            leave(self);
        }
        lock.lock();
        try {
            stopper = Thread.currentThread();
            for (var member : members) {
                if (member.inside) {
                    member.callIn.run();
                }
            }
            for (var member : members) {
                awaitOutside(member);
            }
            action.run();
        } finally {
            if (self != null) {
                self.inside = true;
            }
            stopper = null;
            lock.unlock();
        }
    }

    private static void awaitOutside(Member member) {
        for (int spins = 0; member.inside; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(SLEEP_NANOS);
            }
        }
    }

    private void awaitEnd() {
        for (int spins = 0; spins < SPINS; spins++) {
            if (stopper == null) {
                return;
            }
            Thread.onSpinWait();
        }
        lock.lock(); // whoever is alone holds it
        lock.unlock();
    }
}
