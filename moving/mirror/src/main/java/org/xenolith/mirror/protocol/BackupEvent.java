package org.xenolith.mirror.protocol;

/// What happens to the backup.
public sealed interface BackupEvent {
    /// Time has passed. The first event.
    record Tick() implements BackupEvent {}

    /// Something has come of the primary, what does not matter.
    record Heard() implements BackupEvent {}

    record Received(Message message) implements BackupEvent {}

    /// The connection has ended, or what has come is no mirror's stream.
    record Disconnected(String reason) implements BackupEvent {}

    /// All of an epoch has been received and been found to be good.
    record EpochReceived(long epoch) implements BackupEvent {}

    /// An epoch counts.
    record EpochCommitted(long epoch) implements BackupEvent {}

    /// This host cannot have the machine any more.
    record Failed(String reason) implements BackupEvent {}

    /// The arbiter has decided.
    record Answered(Decision decision) implements BackupEvent {}

    /// The arbiter has not answered; it may have decided.
    record Unanswered(String reason) implements BackupEvent {}
}
