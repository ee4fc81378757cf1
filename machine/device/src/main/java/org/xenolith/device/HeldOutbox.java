package org.xenolith.device;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;

/// An outbox that holds effects back until their epoch has been committed, once it is told to;
/// until then everything leaves at once. Effects leave in the order in which they were offered.
public final class HeldOutbox<T> implements Outbox<T>, HeldOutput {
    /// The world, which may have no room.
    @FunctionalInterface
    public interface Outside<T> {
        /// False if there is no room: nothing was taken, and [HeldOutbox#roomOutside] is called
        /// when it pays to try again.
        boolean take(T effect);
    }

    /// Makes one effect of two that follow each other.
    @FunctionalInterface
    public interface Joiner<T> {
        /// Empty if they are to stay two.
        Optional<T> join(T first, T second);
    }

    private enum Mode {
        /// Everything leaves at once.
        PASSING,
        /// What has not been released waits.
        HOLDING,
        /// Nothing needs to wait any more, but for what is before it.
        LEAVING,
        /// Nothing leaves any more.
        DROPPING
    }

    private record Held<T>(T effect, int weight, long epoch) {}

    private final Outside<? super T> outside;
    private final ToIntFunction<? super T> weigher;
    private final Joiner<T> joiner;
    private final int weightMax;
    private final Object lock = new Object();
    private final ArrayDeque<Held<T>> waiting = new ArrayDeque<>();

    /// Written under the lock.
    private volatile Mode mode = Mode.PASSING;

    private volatile Runnable retry = () -> {};
    private volatile Runnable whenHeld = () -> {};

    // Guarded by the lock.
    private long weight;
    private long sealed;
    private long released;
    private boolean refused;

    /// A thread has effects leave.
    private boolean busy;

    /// Somebody came while it was at it.
    private boolean again;

    /// @param weigher of an effect, one or more
    /// @param weightMax of all that wait; one effect may always
    public HeldOutbox(Outside<? super T> outside, ToIntFunction<? super T> weigher, int weightMax) {
        this(outside, weigher, (_, _) -> Optional.empty(), weightMax);
    }

    /// @param joiner of effects of one epoch, asked when the second is offered: small ones need not
    ///   wait one by one
    public HeldOutbox(
            Outside<? super T> outside,
            ToIntFunction<? super T> weigher,
            Joiner<T> joiner,
            int weightMax) {
        this.outside = outside;
        this.weigher = weigher;
        this.joiner = joiner;
        this.weightMax = weightMax;
    }

    @Override
    public boolean offer(T effect) {
        return mode == Mode.PASSING ? outside.take(effect) : hold(effect);
    }

    private boolean hold(T effect) {
        Mode now;
        synchronized (lock) {
            now = mode;
            if (now == Mode.HOLDING || now == Mode.LEAVING) {
                if (!keep(effect)) {
                    refused = true;
                    return false;
                }
            }
        }
        if (now == Mode.LEAVING) {
            leave();
        } else if (now == Mode.HOLDING) {
            whenHeld.run();
        }
        return now != Mode.PASSING || outside.take(effect);
    }

    /// False if there is no room. For who has the lock.
    private boolean keep(T effect) {
        var grown = grown(effect);
        var held =
                grown.orElseGet(() -> new Held<>(effect, weigher.applyAsInt(effect), sealed + 1));
        long then = weight + held.weight - (grown.isPresent() ? waiting.getLast().weight : 0);
        if (!waiting.isEmpty() && then > weightMax) {
            return false;
        }
        if (grown.isPresent()) {
            waiting.removeLast();
        }
        waiting.add(held);
        weight = then;
        return true;
    }

    /// The last that waits and `effect` in one; empty if it is of another epoch, may be on its way
    /// out, or the two do not join.
    private Optional<Held<T>> grown(T effect) {
        var last = waiting.peekLast();
        if (last == null || last.epoch != sealed + 1 || busy && waiting.size() == 1) {
            return Optional.empty();
        }
        return joiner.join(last.effect, effect)
                .map(both -> new Held<>(both, weigher.applyAsInt(both), last.epoch));
    }

    @Override
    public void onRoom(Runnable action) {
        retry = action;
    }

    /// The world may have room again.
    public void roomOutside() {
        if (mode == Mode.PASSING) {
            retry.run();
        } else {
            leave();
        }
    }

    // ---------------------------------------------------------------- epochs

    @Override
    public void onHeld(Runnable action) {
        whenHeld = action;
    }

    @Override
    public void seal(long epoch) {
        synchronized (lock) {
            sealed = epoch;
            switch (mode) {
                case PASSING, LEAVING -> {
                    mode = Mode.HOLDING;
                    released = epoch;
                    ageWaiting(epoch);
                }
                case HOLDING, DROPPING -> {} // as before
            }
        }
    }

    /// What has not left of the time when everything might may still.
    private void ageWaiting(long epoch) {
        var before = List.copyOf(waiting);
        waiting.clear();
        before.forEach(held -> waiting.add(new Held<>(held.effect, held.weight, epoch)));
    }

    @Override
    public void release(long epoch) {
        synchronized (lock) {
            released = Math.max(released, epoch);
        }
        leave();
    }

    @Override
    public void letGo() {
        synchronized (lock) {
            if (mode == Mode.HOLDING) {
                mode = Mode.LEAVING;
            }
        }
        leave();
    }

    @Override
    public void drop() {
        synchronized (lock) {
            mode = Mode.DROPPING;
            waiting.clear();
            weight = 0;
        }
    }

    // ---------------------------------------------------------------- leaving

    /// Has all leave that may, one thread at a time. No lock is held while something leaves.
    private void leave() {
        synchronized (lock) {
            if (busy) {
                again = true;
                return;
            }
            busy = true;
        }
        for (var next = next(); next != null; next = next()) {
            boolean taken = outside.take(next.effect);
            if (!left(next, taken)) {
                break;
            }
        }
        retryIfRoom();
    }

    /// The next that may leave; null, and the work is done, if there is none.
    private Held<T> next() {
        synchronized (lock) {
            again = false;
            var first = waiting.peek();
            if (first != null && (mode == Mode.LEAVING || first.epoch <= released)) {
                return first;
            }
            if (mode == Mode.LEAVING) {
                mode = Mode.PASSING;
            }
            busy = false;
            return null;
        }
    }

    /// Whether to go on with the next. If not, the work is done.
    private boolean left(Held<T> effect, boolean taken) {
        synchronized (lock) {
            var first = waiting.peek();
            if (taken && first != null && first.effect == effect.effect) { // else it was dropped
                waiting.remove();
                weight -= effect.weight;
            }
            busy = taken || again;
            return busy;
        }
    }

    private void retryIfRoom() {
        boolean room;
        synchronized (lock) {
            room = refused && (weight < weightMax || waiting.isEmpty());
            refused &= !room;
        }
        if (room) {
            retry.run();
        }
    }
}
