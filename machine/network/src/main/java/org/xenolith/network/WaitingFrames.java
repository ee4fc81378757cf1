package org.xenolith.network;

import java.util.ArrayDeque;
import java.util.Deque;

/// Frames on their way from many threads to a sink that takes them from one thread at a time:
/// whoever adds a frame delivers it, and what others have added meanwhile, unless somebody does so
/// already. May be used from any thread. **Hot path.**
final class WaitingFrames {
    static final int FRAMES_MAX = 4096;

    /// As much as a TCP connection of Linux has under way at most, by its defaults (`tcp_wmem`), so
    /// that one connection alone loses nothing.
    static final int BYTES_MAX = 4 * 1024 * 1024;

    private final Budget budget;

    // Under the monitor.
    private final Deque<Framing.Queued> frames = new ArrayDeque<>();
    private int bytes;
    private Taker taker;
    private boolean delivering;
    private boolean roomCame;
    private boolean closed;

    /// @param budget shared with others
    WaitingFrames(Budget budget) {
        this.budget = budget;
    }

    /// Who takes frames, or says that it has no room and calls [#retry] when it has.
    interface Taker {
        boolean offer(int queue, Frame frame);
    }

    /// Gives frames to `taker` from now on.
    void open(Taker taker) {
        synchronized (this) {
            this.taker = taker;
        }
        deliver();
    }

    /// Drops the frame if there is no room for it.
    void add(int queue, Frame frame) {
        synchronized (this) {
            int more = frame.bytes().length;
            if (closed
                    || frames.size() >= FRAMES_MAX
                    || bytes + more > BYTES_MAX
                    || !budget.take(more)) {
                return;
            }
            frames.add(new Framing.Queued(queue, frame));
            bytes += more;
        }
        deliver();
    }

    /// There is room again.
    void retry() {
        synchronized (this) {
            roomCame = true;
        }
        deliver();
    }

    private void deliver() {
        Framing.Queued next;
        synchronized (this) {
            if (delivering || taker == null || closed || frames.isEmpty()) {
                return;
            }
            delivering = true;
            roomCame = false;
            next = frames.peek();
        }
        while (next != null) {
            next = following(taker.offer(next.queue(), next.frame()));
        }
    }

    /// What to offer after the first frame was taken or not; null if this delivery ends.
    private synchronized Framing.Queued following(boolean taken) {
        if (taken && !closed) {
            giveBack(frames.remove().frame().bytes().length);
        }
        if (closed || frames.isEmpty() || (!taken && !roomCame)) {
            delivering = false;
            notifyAll();
            return null;
        }
        roomCame = false;
        return frames.peek();
    }

    private void giveBack(int less) {
        bytes -= less;
        budget.giveBack(less);
    }

    /// Nothing is delivered when this returns. Not to be called by who takes a frame.
    synchronized void close() {
        closed = true;
        frames.clear();
        giveBack(bytes);
        boolean interrupted = false;
        while (delivering) {
            try {
                wait();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
