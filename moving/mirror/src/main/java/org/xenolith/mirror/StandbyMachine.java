package org.xenolith.mirror;

import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;

import java.io.IOException;

/// The copy of a machine at the backup, as the protocol sees it. It executes nothing and touches
/// nothing that others could see before it is promoted.
///
/// For one thread, but [#discard], which may come from another while [#receive] waits for the
/// connection, which has been closed then. The order is `(receive commit)* receive?` and then
/// [#promote], if there has been a commit, or [#discard].
public interface StandbyMachine {
    /// Told of each round of the first copy that has been read.
    @FunctionalInterface
    interface Rounds {
        void taken(int round) throws IOException;
    }

    /// Reads what has changed in one epoch, up to and with CHECKPOINT, checks it and keeps it
    /// aside: [#commit] must not fail for what has been read. For epoch 0, which begins with the
    /// static data and has rounds, nothing needs to be kept aside: there is no earlier one to go
    /// back to.
    ///
    /// @throws StreamException if what comes is no such epoch, or more than the machine has room
    ///   for
    /// @throws MirrorException if this host cannot have the machine
    /// @throws IOException if the connection ends: then nothing of this epoch counts
    void receive(StreamReader stream, Rounds rounds)
            throws IOException, StreamException, MirrorException;

    /// What has been received counts from now on: the machine is as it was at the end of `epoch`.
    ///
    /// @throws MirrorException if the host fails. Then the machine is not to be promoted any more
    void commit(long epoch) throws MirrorException;

    /// Makes it the machine: all that has been committed is applied, what has only been received is
    /// thrown away, and it goes on here.
    ///
    /// @throws MirrorException if it cannot
    void promote() throws MirrorException;

    /// The machine is elsewhere, or is no more: nothing of it is left here.
    void discard();

    /// Makes room for a machine.
    @FunctionalInterface
    interface Factory {
        /// @param config that [MirroredMachine#config] has given
        /// @throws MirrorException if this host will not have it
        StandbyMachine prepare(String config) throws MirrorException;
    }
}
