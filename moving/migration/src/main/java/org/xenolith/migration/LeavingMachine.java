package org.xenolith.migration;

import org.xenolith.board.CopiedDisk;
import org.xenolith.board.HeldMachine;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.List;
import java.util.Set;

/// A machine that is to go elsewhere, as its migration sees it.
public interface LeavingMachine {
    /// Access throws [IllegalStateException] when the machine is gone.
    GuestMemory memory();

    /// The gfns of pages that are part of devices' states and are not copied.
    Set<Long> ownPages();

    /// The configuration of its domain, as text.
    String config();

    /// Writes what the machine is, up to STATIC_DATA_END.
    void saveStaticData(StreamWriter out) throws IOException;

    /// Begins to copy the disks while the machine runs; who asks closes them.
    ///
    /// @throws MigrationException if they are being copied already
    List<CopiedDisk> copyDisks() throws MigrationException;

    /// Has the guest rest for so many percent of the time, 0 to 99.
    void throttle(int percent);

    /// Has what has been written to its disks so far be durable, while it runs: there is less to
    /// wait for when it stands still.
    void flushDisks() throws MigrationException;

    /// Has the machine stand still for a moment, in the way in which it will leave, and go on.
    /// Returns the states of that moment.
    ///
    /// @param copier copies at that moment what may change afterwards
    HeldMachine moment(Copier copier) throws MigrationException, InterruptedException;

    /// Copies memory while nothing changes it.
    @FunctionalInterface
    interface Copier {
        /// @param ownPages as of [#ownPages]
        void copy(Set<Long> ownPages) throws IOException;
    }

    /// Has the machine stand still and does `last`. If that returns, the machine is gone; if it
    /// throws, it goes on as if nothing had been.
    void leave(Last last) throws MigrationException, InterruptedException;

    /// What is done while the machine stands still.
    @FunctionalInterface
    interface Last {
        void with(Still machine) throws IOException, MigrationException;
    }

    /// A machine that stands still.
    interface Still {
        /// Whether it is not to run there before the operator says so.
        boolean wasPaused();

        /// As of [LeavingMachine], at this instant.
        Set<Long> ownPages();

        /// Lets go of what only one machine may have open: disks, and ports of the host's networks.
        void release() throws IOException;

        /// Writes the devices' states, up to CHECKPOINT.
        void saveDevices(StreamWriter out) throws IOException;
    }
}
