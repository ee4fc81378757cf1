package org.xenolith.network;

import java.util.ArrayDeque;
import java.util.Deque;

/// Frames on their way from many threads into one queue of a guest, which takes them from one
/// thread at a time: whoever adds a frame delivers it, and what others have added meanwhile, unless
/// somebody does so already. May be used from any thread. **Hot path.**
final class WaitingFrames {
    static final int FRAMES_MAX = 1024;
    static final int BYTES_MAX = 2 * 1024 * 1024;

    private final int queue;

    // Under the monitor.
    private final Deque<Frame> frames = new ArrayDeque<>();
    private int bytes;
    private FrameSink guest;
    private boolean delivering;
    private boolean roomCame;
    private boolean closed;

    WaitingFrames(int queue) {
        this.queue = queue;
    }

    void open(FrameSink guest) {
        synchronized (this) {
            this.guest = guest;
        }
        guest.onRoom(queue, this::retry);
        deliver();
    }

    /// Drops the frame if there is no room for it.
    void add(Frame frame) {
        synchronized (this) {
            if (closed || frames.size() >= FRAMES_MAX || bytes + frame.length() > BYTES_MAX) {
                return;
            }
            frames.add(frame);
            bytes += frame.length();
        }
        deliver();
    }

    private void retry() {
        synchronized (this) {
            roomCame = true;
        }
        deliver();
    }

    private void deliver() {
        Frame next;
        synchronized (this) {
            if (delivering || guest == null || closed || frames.isEmpty()) {
                return;
            }
            delivering = true;
            roomCame = false;
            next = frames.peek();
        }
        while (next != null) {
            next = following(guest.offer(queue, next));
        }
    }

    /// What to offer after the first frame was taken or not; null if this delivery ends.
    private synchronized Frame following(boolean taken) {
        if (taken && !closed) {
            bytes -= frames.remove().length();
        }
        if (closed || frames.isEmpty() || (!taken && !roomCame)) {
            delivering = false;
            notifyAll();
            return null;
        }
        roomCame = false;
        return frames.peek();
    }

    /// Nothing is delivered when this returns. Not to be called by who takes a frame.
    synchronized void close() {
        closed = true;
        frames.clear();
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
