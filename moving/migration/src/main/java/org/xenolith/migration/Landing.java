package org.xenolith.migration;

import org.xenolith.board.FurtherPages;
import org.xenolith.state.stream.StreamInput;

import java.io.IOException;

/// Where a machine arrives.
public interface Landing {
    /// Reads the whole stream and makes a machine that could start at once, and does nothing to
    /// anything outside of it yet. Nothing is left behind if this throws.
    ///
    /// @throws MigrationException if this host will not have the machine, or it is damaged
    Landed prepare(String config, StreamInput stream, Progress progress)
            throws MigrationException, IOException;

    /// Told how far the machine is.
    interface Progress {
        /// The machine has memory here. What comes by other connections goes to `pages`, from any
        /// thread, until what this returns is closed.
        FurtherPages begin(FurtherPages.Taker pages);

        /// A round is in memory.
        void taken(int round) throws IOException;

        /// A rehearsal is over, and nothing is left of it.
        void rehearsed() throws IOException;
    }

    /// A machine that has arrived. It is closed, or started, once.
    interface Landed extends AutoCloseable {
        /// @param paused it stays so
        void start(boolean paused) throws MigrationException;

        /// It goes on elsewhere: nothing of it is left here, and it has done nothing.
        @Override
        void close();
    }
}
