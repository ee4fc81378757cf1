package org.xenolith.network;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Frames both ways through a stream socket. Whoever offers a frame writes it, if the socket has
/// room; what it does not take is kept, up to [#KEPT_BYTES_MAX], and sent when it does. Frames that
/// arrive are delivered on the loop's thread. **Hot path.**
final class StreamLink {
    static final int KEPT_BYTES_MAX = 256 * 1024;

    private static final int RECEIVED_BYTES_MAX = 256 * 1024;

    /// Who is at our end. All calls come on the loop's thread.
    interface Owner {
        /// False if there is no room now: the frame is kept, and none is read until
        /// [StreamLink#resume].
        boolean take(int queue, Frame frame);

        /// After an offer was refused, room has come up.
        void room();

        /// The other end has closed the socket, or sent what is no frame. Nothing follows.
        void ended(String reason);
    }

    private final StreamLoop loop;
    private final SocketChannel channel;
    private final Framing framing;
    private final Owner owner;
    private final SelectionKey key;

    // Of the loop's thread.
    private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVED_BYTES_MAX);
    private final ByteBuffer greeting;
    private Optional<Framing.Queued> held = Optional.empty();

    private final ReentrantLock sending = new ReentrantLock();
    // Under that lock. What is between position and limit is still to be sent.
    private final ByteBuffer kept = ByteBuffer.allocateDirect(KEPT_BYTES_MAX).limit(0);
    private boolean refused;
    private boolean closed;

    /// @param channel connected; belongs to the link from now on
    /// @param greeting the first bytes that either end sends
    StreamLink(
            StreamLoop loop, SocketChannel channel, Framing framing, byte[] greeting, Owner owner)
            throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.framing = framing;
        this.greeting = ByteBuffer.wrap(greeting);
        this.owner = owner;
        channel.configureBlocking(false);
        kept.limit(greeting.length).put(0, greeting);
        key = loop.register(channel, 0, _ -> ready());
    }

    /// Lets frames through. Called once.
    void start() {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        loop.wake();
    }

    // ---------------------------------------------------------------- to the other end

    /// Sends a frame, sooner or later. False if too much waits already.
    boolean offer(int queue, Frame frame) {
        sending.lock();
        try {
            if (closed) {
                return true;
            }
            if (!hasRoom(framing.prefixBytes() + frame.length())) {
                refused = true;
                return false;
            }
            boolean idle = !kept.hasRemaining();
            append(queue, frame);
            if (idle) {
                send();
            }
            return true;
        } finally {
            sending.unlock();
        }
    }

    private boolean hasRoom(int bytes) {
        if (!kept.hasRemaining()) {
            kept.position(0).limit(0);
        } else if (kept.capacity() - kept.limit() < bytes
                && kept.capacity() - kept.remaining() >= bytes) {
            kept.compact().flip();
        }
        return kept.capacity() - kept.limit() >= bytes;
    }

    private void append(int queue, Frame frame) {
        int position = kept.position();
        kept.position(kept.limit()).limit(kept.capacity());
        framing.put(queue, frame, kept);
        kept.flip().position(position);
    }

    /// Under the lock.
    private void send() {
        try {
            channel.write(kept);
            if (kept.hasRemaining()) {
                key.interestOpsOr(SelectionKey.OP_WRITE);
                loop.wake();
            }
        } catch (IOException e) {
            kept.position(kept.limit());
            loop.execute(() -> end(String.valueOf(e.getMessage())));
        }
    }

    private void sendKept() {
        boolean room;
        sending.lock();
        try {
            key.interestOpsAnd(~SelectionKey.OP_WRITE);
            send();
            room = refused && kept.remaining() <= KEPT_BYTES_MAX / 2;
            refused &= !room;
        } finally {
            sending.unlock();
        }
        if (room) {
            owner.room();
        }
    }

    // ---------------------------------------------------------------- from the other end

    private void ready() {
        if (key.isValid() && key.isWritable()) {
            sendKept();
        }
        if (key.isValid() && key.isReadable()) {
            receive();
        }
    }

    private void receive() {
        try {
            if (channel.read(received) < 0) {
                end("the connection was closed");
                return;
            }
        } catch (IOException e) {
            end(String.valueOf(e.getMessage()));
            return;
        }
        deliver();
    }

    private void deliver() {
        received.flip();
        if (!isGreeted()) {
            end("the other end does not speak our language");
            return;
        }
        while (key.isValid() && held.isEmpty() && received.remaining() >= framing.prefixBytes()) {
            int length = received.getInt(received.position());
            if (length < Frame.HEADER_BYTES || length > Frame.BYTES_MAX) {
                end("a frame of %d bytes has arrived".formatted(length));
                return;
            }
            if (received.remaining() < framing.prefixBytes() + length) {
                break;
            }
            received.getInt();
            held = framing.get(received, length);
            if (held.isEmpty()) {
                end("a frame has arrived that nobody can send");
                return;
            }
            deliverHeld();
        }
        received.compact();
    }

    /// Whether what has arrived begins as it should, as far as it has.
    private boolean isGreeted() {
        while (greeting.hasRemaining() && received.hasRemaining()) {
            if (greeting.get() != received.get()) {
                return false;
            }
        }
        return true;
    }

    private void deliverHeld() {
        var next = held.orElseThrow();
        if (owner.take(next.queue(), next.frame())) {
            held = Optional.empty();
        } else {
            key.interestOpsAnd(~SelectionKey.OP_READ);
        }
    }

    /// After a frame was not taken it is offered again. May be called by any thread.
    void resume() {
        loop.execute(() -> {
            if (!key.isValid() || held.isEmpty()) {
                return;
            }
            deliverHeld();
            if (held.isEmpty()) {
                key.interestOpsOr(SelectionKey.OP_READ);
                deliver();
            }
        });
    }

    // ---------------------------------------------------------------- the end

    private void end(String reason) {
        if (key.isValid()) {
            shut();
            owner.ended(reason);
        }
    }

    /// The owner is called no more when this returns; what was not sent is lost. May be called by
    /// any thread that holds no lock.
    void close() {
        loop.await(this::shut);
    }

    private void shut() {
        sending.lock();
        try {
            closed = true;
            channel.close();
        } catch (IOException _) {
            // The kernel has taken it back all the same.
        } finally {
            sending.unlock();
        }
    }
}
