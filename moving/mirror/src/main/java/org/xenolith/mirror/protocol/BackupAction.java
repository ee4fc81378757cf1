package org.xenolith.mirror.protocol;

/// What the backup does.
public sealed interface BackupAction {
    record Send(Message message) implements BackupAction {}

    /// What has been received counts; ends in [BackupEvent.EpochCommitted] or [BackupEvent.Failed].
    record Commit(long epoch) implements BackupAction {}

    /// Claim [Decision#PROMOTED]; ends in [BackupEvent.Answered] or [BackupEvent.Unanswered]. There
    /// is never more than one claim under way.
    record Claim() implements BackupAction {}

    /// The machine goes on here, from the last epoch that counts. The end.
    record Promote(String reason) implements BackupAction {}

    /// The machine is elsewhere, or is no more. The end.
    record Discard(String reason) implements BackupAction {}

    /// Nothing is sent or received any more.
    record CloseLink(String reason) implements BackupAction {}
}
