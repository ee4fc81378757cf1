package org.xenolith.network;

/// Where frames of one direction go. May be used from any thread; frames of one queue are offered
/// by one thread at a time and stay in order.
public interface FrameSink {
    /// Takes `frame`, which must not change afterwards. Never waits. False when there is no room:
    /// nothing was taken, and the action given to [#onRoom] for this queue runs when it pays to try
    /// again. Who offers decides whether the frame waits or is dropped.
    ///
    /// @param queue from 0; frames of one flow come on one queue. A sink with fewer queues takes it
    ///   modulo their number.
    boolean offer(int queue, Frame frame);

    /// `retry` is run, on any thread and with no lock held, after an offer on `queue` was refused
    /// and room has come up. Replaces an earlier action.
    void onRoom(int queue, Runnable retry);
}
