package org.xenolith.board;

import java.io.IOException;
import java.util.Optional;

/// A disk of a running machine that is being copied. For one thread.
public interface CopiedDisk extends AutoCloseable {
    /// A part of its content, as it was at some time since the call that returned it.
    record Part(long offset, byte[] content) {}

    /// Of the virtual device.
    int number();

    long bytes();

    /// The next part, from `offset` on, that has been written since it was returned last; empty if
    /// there is none up to the end.
    Optional<Part> next(long offset) throws IOException;

    /// How much has been written and not been returned.
    long dirtyBytes();

    /// It is not copied any more.
    @Override
    void close();
}
