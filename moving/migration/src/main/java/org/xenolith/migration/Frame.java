package org.xenolith.migration;

import java.util.UUID;

/// What the two ends of a migration say to each other, beside the machine's stream. Their wire form
/// is [Frames]'.
sealed interface Frame {
    /// The source's first word: a machine is to come.
    ///
    /// @param id of this migration, never used again
    /// @param connections that it comes by, 1 to [MigrationOptions#CONNECTIONS_MAX]; if there are
    ///   more than one the target answers with a [Token] before its [Welcome]
    /// @param config of the domain, for the target's eyes only
    record Hello(UUID id, int connections, String config) implements Frame {}

    /// By this the target knows the further connections of the migration, which are to come now.
    record Token(UUID token) implements Frame {}

    /// The source's first word on a further connection.
    ///
    /// @param id of the migration
    /// @param token that the target has given on the first connection
    /// @param number of this connection: the first is 0
    record Join(UUID id, UUID token, int number) implements Frame {}

    /// The target has joined this connection to the first.
    record Joined() implements Frame {}

    /// The source's first word on a connection of its own: what has become of a machine?
    record Ask(UUID id) implements Frame {}

    /// The target is ready for the stream.
    record Welcome() implements Frame {}

    /// A round is in the target's memory.
    record RoundTaken(int round) implements Frame {}

    /// The target has tried out what is to come, and nothing of it is left.
    record Rehearsed() implements Frame {}

    /// The target could start the machine at once, and will not before it may.
    record Ready() implements Frame {}

    /// The target may start the machine; the source will not go on with it unless it is told to.
    ///
    /// @param paused it was paused by the operator, and stays so
    record Go(boolean paused) implements Frame {}

    /// The machine is the target's for good.
    record Running() implements Frame {}

    /// The target does not have the machine, and never will by this migration.
    record Refused(String reason) implements Frame {}
}
