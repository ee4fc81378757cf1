package org.xenolith.state.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where a stream is read from. For one thread.
public interface StreamInput {
    /// The next bytes, valid until the next call.
    ///
    /// @throws StreamException if there are not that many
    MemorySegment take(long bytes) throws IOException, StreamException;

    /// How many bytes have been taken since the file or connection began.
    long position();
}
