package org.xenolith.guests;

import org.xenolith.migration.Link;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;

/// An end of a connection of TCP.
record SocketLink(SocketChannel socket) implements Link {
    @Override
    public ReadableByteChannel input() {
        return socket;
    }

    @Override
    public WritableByteChannel output() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
