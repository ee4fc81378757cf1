package org.xenolith.mirror;

import org.xenolith.migration.Link;
import org.xenolith.mirror.protocol.Message;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.locks.ReentrantLock;

/// Writes frames of several threads into one connection; as a channel it takes the machine's
/// stream. A thread that waits here has octets of its own or of another on their way, which the
/// other side hears.
final class FrameOutput implements WritableByteChannel {
    private final Link link;
    private final ReentrantLock lock = new ReentrantLock();

    FrameOutput(Link link) {
        this.link = link;
    }

    void send(Message message) throws IOException {
        lock.lock();
        try {
            Frames.write(link.output(), message);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int write(ByteBuffer octets) throws IOException {
        int count = octets.remaining();
        while (octets.hasRemaining()) {
            int part = Math.min(octets.remaining(), Frames.STREAM_BYTES_MAX);
            lock.lock();
            try {
                Frames.writeStream(link.output(), octets.slice(octets.position(), part));
            } finally {
                lock.unlock();
            }
            octets.position(octets.position() + part);
        }
        return count;
    }

    @Override
    public boolean isOpen() {
        return link.output().isOpen();
    }

    @Override
    public void close() throws IOException {
        link.close();
    }
}
