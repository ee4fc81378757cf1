package org.xenolith.xl.control;

import org.xenolith.migration.Link;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CountDownLatch;

/// A connection to the other host, as a domain's process has it, or `xl migrate-receive`.
public final class ChannelLink implements Link {
    private final ReadableByteChannel input;
    private final WritableByteChannel output;
    private final CountDownLatch closed = new CountDownLatch(1);

    private ChannelLink(ReadableByteChannel input, WritableByteChannel output) {
        this.input = input;
        this.output = output;
    }

    static ChannelLink of(SocketChannel socket) {
        return new ChannelLink(socket, socket);
    }

    /// This process's standard input and output, which lead nowhere when it is closed.
    public static ChannelLink standard() {
        return new ChannelLink(
                new FileInputStream(FileDescriptor.in).getChannel(),
                new FileOutputStream(FileDescriptor.out).getChannel());
    }

    @Override
    public ReadableByteChannel input() {
        return input;
    }

    @Override
    public WritableByteChannel output() {
        return output;
    }

    @Override
    public void close() throws IOException {
        try (input;
                output) {
            closed.countDown();
        }
    }

    void awaitClose() throws InterruptedException {
        closed.await();
    }
}
