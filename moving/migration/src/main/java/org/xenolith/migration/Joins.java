package org.xenolith.migration;

import java.io.Closeable;
import java.io.IOException;
import java.util.UUID;

/// Brings further connections of a migration, which come to a target like the first, to whoever
/// serves that one. May be used from any thread, and what stands behind it from any process of the
/// target.
public interface Joins {
    /// Why a connection is refused that nobody waits for.
    String NOBODY_WAITS = "nobody waits for this connection of a migration";

    /// A place of one migration, to which connections are brought until it is closed.
    Place open() throws IOException;

    /// Hands `link` over to the place of that token, and returns when it is done with there.
    ///
    /// @throws IOException if there is no such place (any more); nothing has come of `link` then
    void bring(UUID token, Link link) throws IOException;

    /// Where the further connections of one migration come to.
    interface Place extends Closeable {
        /// By which it is found; nobody can guess it.
        UUID token();

        /// The next connection that is brought, from its first octet.
        ///
        /// @throws IOException if none is in time
        Link next(long millisMax) throws IOException;

        /// Connections that are brought from now on, and those that were and nobody has asked for,
        /// have come too late.
        @Override
        void close() throws IOException;
    }

    /// Those of one process.
    static Joins inMemory() {
        return new JoinsInMemory();
    }
}
