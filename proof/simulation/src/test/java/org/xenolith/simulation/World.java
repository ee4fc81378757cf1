package org.xenolith.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// Virtual time, and what happens when. What is due at one time happens in the order in which it
/// was asked for.
final class World {
    static final long MILLISECOND = 1_000_000;

    /// Lines of the story that are kept, for a failure.
    private static final int STORY_LINES_MAX = 400;

    private record Due(long nanos, long order, Runnable what) {}

    private final PriorityQueue<Due> due =
            new PriorityQueue<>((a, b) ->
                    a.nanos != b.nanos
                            ? Long.compare(a.nanos, b.nanos)
                            : Long.compare(a.order, b.order));
    private final Deque<String> story = new ArrayDeque<>();
    private final SplittableRandom chance;
    private final boolean telling;
    private long now;
    private long order;

    /// `telling`: the story is kept, which takes most of the time.
    World(SplittableRandom chance, boolean telling) {
        this.chance = chance;
        this.telling = telling;
    }

    long now() {
        return now;
    }

    SplittableRandom chance() {
        return chance;
    }

    /// Between the two, in nanoseconds.
    long between(long least, long most) {
        return least + chance.nextLong(most - least + 1);
    }

    void at(long nanos, Runnable what) {
        due.add(new Due(Math.max(nanos, now), order++, what));
    }

    void after(long nanos, Runnable what) {
        at(now + nanos, what);
    }

    void runUntil(long nanos) {
        while (!due.isEmpty() && due.peek().nanos <= nanos) {
            var next = due.poll();
            now = next.nanos;
            next.what.run();
        }
        now = nanos;
    }

    void tell(String who, Object what) {
        if (telling) {
            if (story.size() == STORY_LINES_MAX) {
                story.removeFirst();
            }
            story.add("%9.3f ms  %s  %s".formatted(now / 1e6, who, what));
        }
    }

    String story() {
        return String.join("\n", story);
    }
}
