package org.xenolith.mirror.protocol;

import java.util.UUID;

/// What primary and backup say to each other beside the machine's stream
/// (docs/specs/mirror-protocol.md).
public sealed interface Message {
    /// The primary's first word.
    ///
    /// @param session chance, never used again; names the arbiter's decision
    /// @param arbiter how it is reached
    /// @param config of the domain
    record Hello(UUID session, String arbiter, String config) implements Message {}

    /// The backup is ready for the stream.
    record Welcome() implements Message {}

    /// A round of the first copy is in the backup's memory.
    record RoundTaken(int round) implements Message {}

    /// The stream behind this belongs to the next epoch. From the primary.
    record EpochEnd(long epoch) implements Message {}

    /// The backup has all of the epoch and will go on from it, or from a later one.
    record Committed(long epoch) implements Message {}

    /// The sender is there.
    record Beat() implements Message {}

    /// The primary does not want to be protected any more.
    record GiveUp() implements Message {}

    /// The backup does not have the machine and never will.
    record Refused(String reason) implements Message {}
}
