package org.xenolith.migration;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/// A connection to the other host: octets in both directions. [#close] from any thread ends what is
/// waiting in it.
public interface Link extends Closeable {
    /// Blocks until something has come.
    ReadableByteChannel input();

    /// Blocks until everything has been taken.
    WritableByteChannel output();

    /// Makes connections to one host.
    @FunctionalInterface
    interface Dialer {
        Link dial() throws IOException;
    }
}
