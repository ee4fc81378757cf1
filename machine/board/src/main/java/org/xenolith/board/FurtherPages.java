package org.xenolith.board;

import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;

/// Pages of a machine that arrives which come by other connections than the stream itself. Closed
/// by whoever reads the stream, before the machine's memory is.
public interface FurtherPages extends AutoCloseable {
    /// The stream has come to a [StreamRecord.Barrier]: returns when all other connections have
    /// come to theirs, and all pages that they have brought before it are in memory.
    ///
    /// @throws StreamException if one of them is damaged, or at another barrier
    /// @throws IOException if one of them has failed
    void barrier(int number) throws IOException, StreamException;

    /// When this returns nobody takes pages any more.
    @Override
    void close();

    /// A machine's memory, as pages come to it. May be used from any thread.
    @FunctionalInterface
    interface Taker {
        /// Returns when they are in memory.
        void take(StreamRecord.Pages pages) throws StreamException;
    }

    /// There are no other connections.
    FurtherPages NONE =
            new FurtherPages() {
                @Override
                public void barrier(int number) throws StreamException {
                    throw new StreamException(
                            "the stream has a barrier, and there are no other connections");
                }

                @Override
                public void close() {}
            };
}
