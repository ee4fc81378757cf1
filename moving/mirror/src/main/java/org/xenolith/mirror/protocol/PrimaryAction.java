package org.xenolith.mirror.protocol;

/// What the primary does.
public sealed interface PrimaryAction {
    record Send(Message message) implements PrimaryAction {}

    /// Send the machine while it runs; ends in [PrimaryEvent.Copied].
    record Copy() implements PrimaryAction {}

    /// Ends in [PrimaryEvent.CheckpointTaken] or in [PrimaryEvent.EndRequested]. One that does not
    /// end in time ends the mirror.
    record TakeCheckpoint(long epoch) implements PrimaryAction {}

    /// Send a checkpoint, then [Message.EpochEnd]; ends in [PrimaryEvent.CheckpointSent].
    record SendCheckpoint(long epoch) implements PrimaryAction {}

    /// A checkpoint that has been taken is not needed.
    record DropCheckpoint(long epoch) implements PrimaryAction {}

    /// What the outside can see of this epoch and of earlier ones goes out.
    record Release(long epoch) implements PrimaryAction {}

    /// Claim [Decision#ALONE]; ends in [PrimaryEvent.Answered] or [PrimaryEvent.Unanswered]. There
    /// is never more than one claim under way.
    record Claim() implements PrimaryAction {}

    /// The guest stops until one of the two that follow.
    record StandStill() implements PrimaryAction {}

    /// Everything held goes out, the machine goes on without a mirror. The end.
    record GoUnprotected(String reason) implements PrimaryAction {}

    /// The machine is the backup's: the guest stops for ever, nothing that is held goes out. The
    /// end.
    record Fence(String reason) implements PrimaryAction {}

    /// Nothing is sent or received any more.
    record CloseLink(String reason) implements PrimaryAction {}
}
