package org.xenolith.mirror.protocol;

/// What happens to the primary.
public sealed interface PrimaryEvent {
    /// Time has passed. The first event.
    record Tick() implements PrimaryEvent {}

    /// Something has come of the backup, what does not matter.
    record Heard() implements PrimaryEvent {}

    record Received(Message message) implements PrimaryEvent {}

    /// The connection has ended.
    record Disconnected(String reason) implements PrimaryEvent {}

    /// The backup has so much of the machine that a checkpoint is worth it.
    record Copied() implements PrimaryEvent {}

    /// Something waits to go out for the end of `epoch`, and the guest has nothing more to do.
    record Settled(long epoch) implements PrimaryEvent {}

    /// A checkpoint lies aside.
    ///
    /// @param pauseNanos for how long the machine stood still
    /// @param pages with content
    record CheckpointTaken(long epoch, long pauseNanos, long pages) implements PrimaryEvent {}

    /// A checkpoint has gone out, `bytes` of the stream; it is not needed any more.
    record CheckpointSent(long epoch, long bytes) implements PrimaryEvent {}

    /// The machine cannot be mirrored any more, or the operator does not want it to be.
    record EndRequested(String reason) implements PrimaryEvent {}

    /// The arbiter has decided.
    record Answered(Decision decision) implements PrimaryEvent {}

    /// The arbiter has not answered; it may have decided.
    record Unanswered(String reason) implements PrimaryEvent {}
}
