package org.xenolith.migration;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongUnaryOperator;

/// Both ends of a connection within a test, which can be cut behind any octet and can change any.
final class MemoryLink {
    static final long NEVER = Long.MAX_VALUE;

    private static final int ROOM_BYTES = 64 << 10;

    private final Duct toTarget;
    private final Duct toSource;

    /// @param toTargetMax and `toSourceMax`: so many octets go before the connection is cut
    MemoryLink(long toTargetMax, long toSourceMax) {
        this(toTargetMax, toSourceMax, NEVER, NEVER);
    }

    private MemoryLink(
            long toTargetMax, long toSourceMax, long flippedToTarget, long flippedToSource) {
        toTarget = new Duct(toTargetMax, flippedToTarget);
        toSource = new Duct(toSourceMax, flippedToSource);
    }

    static MemoryLink whole() {
        return new MemoryLink(NEVER, NEVER);
    }

    /// One of whose bits, counted from 0, comes the other way round at the target; or at the
    /// source.
    static MemoryLink flipping(long toTarget, long toSource) {
        return new MemoryLink(NEVER, NEVER, toTarget, toSource);
    }

    Link source() {
        return new End(toSource, toTarget);
    }

    Link target() {
        return new End(toTarget, toSource);
    }

    /// Octets that the source has sent.
    long sent() {
        return toTarget.written;
    }

    /// Octets that the target has sent.
    long answered() {
        return toSource.written;
    }

    private void cut() {
        toTarget.close();
        toSource.close();
    }

    private final class End implements Link {
        private final Duct in;
        private final Duct out;

        End(Duct in, Duct out) {
            this.in = in;
            this.out = out;
        }

        @Override
        public ReadableByteChannel input() {
            return in;
        }

        @Override
        public WritableByteChannel output() {
            return out;
        }

        @Override
        public void close() {
            cut();
        }
    }

    /// One direction. What has been written before it is closed can still be read.
    private final class Duct implements ReadableByteChannel, WritableByteChannel {
        private final byte[] room = new byte[ROOM_BYTES];
        private final long max;
        private final LongUnaryOperator flip;
        private long written;
        private long read;
        private boolean closed;

        Duct(long max, long flippedBit) {
            this.max = max;
            this.flip = at -> at == flippedBit / 8 ? 1L << flippedBit % 8 : 0;
        }

        @Override
        public synchronized int write(ByteBuffer source) throws IOException {
            int count = source.remaining();
            while (source.hasRemaining()) {
                while (!closed && written - read == ROOM_BYTES) {
                    await();
                }
                if (closed) {
                    throw new ClosedChannelException();
                }
                byte octet = (byte) (source.get() ^ flip.applyAsLong(written));
                room[(int) (written % ROOM_BYTES)] = octet;
                written++;
                notifyAll();
                if (written == max) {
                    MemoryLink.this.cut();
                }
            }
            return count;
        }

        @Override
        public synchronized int read(ByteBuffer target) throws IOException {
            while (!closed && written == read) {
                await();
            }
            if (written == read) {
                return -1;
            }
            int count = 0;
            while (target.hasRemaining() && written > read) {
                target.put(room[(int) (read % ROOM_BYTES)]);
                read++;
                count++;
            }
            notifyAll();
            return count;
        }

        private void await() throws IOException {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public boolean isOpen() {
            return !closed;
        }

        @Override
        public void close() {
            synchronized (this) {
                closed = true;
                notifyAll();
            }
        }
    }
}
