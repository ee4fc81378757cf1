package org.xenolith.migration.testing;

import org.xenolith.migration.Link;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/// Both ends of a connection within a test, which is cut behind an octet, changes a bit, or falls
/// silent, as the test says.
public final class MemoryLink {
    public static final long NEVER = Long.MAX_VALUE;

    private static final int ROOM_BYTES = 64 << 10;

    private final Duct toFar = new Duct();
    private final Duct toNear = new Duct();
    private volatile boolean silent;

    /// So many octets go before the connection is cut; [#NEVER] for all.
    public void cutBehind(long octetsToFar, long octetsToNear) {
        toFar.max = octetsToFar;
        toNear.max = octetsToNear;
    }

    /// One bit each way, counted from 0, comes the other way round; [#NEVER] for none.
    public void flip(long bitToFar, long bitToNear) {
        toFar.flipped = bitToFar;
        toNear.flipped = bitToNear;
    }

    /// Nothing comes any more, and nobody is told.
    public void fallSilent() {
        silent = true;
    }

    /// The end of who begins: a source, a primary.
    public Link near() {
        return new End(toNear, toFar);
    }

    /// The other: a target, a backup.
    public Link far() {
        return new End(toFar, toNear);
    }

    /// Octets that have been sent from the near end.
    public long sent() {
        return toFar.written;
    }

    /// Octets that have been sent from the far end.
    public long answered() {
        return toNear.written;
    }

    /// Whether nothing that the near end had to say came too late for a cut.
    public boolean hasSentAll() {
        return !toFar.refused;
    }

    /// What has been sent before can still be read.
    public void cut() {
        toFar.close();
        toNear.close();
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
            if (silent) {
                in.close();
            } else {
                cut();
            }
        }
    }

    private final class Duct implements ReadableByteChannel, WritableByteChannel {
        private final byte[] room = new byte[ROOM_BYTES];
        private volatile long max = NEVER;
        private volatile long flipped = NEVER;
        private volatile long written;
        private volatile boolean refused;
        private long read;
        private boolean closed;

        @Override
        public synchronized int write(ByteBuffer source) throws IOException {
            int count = source.remaining();
            while (source.hasRemaining()) {
                while (!closed && !silent && written - read == ROOM_BYTES) {
                    notifyAll(); // who reads may wait since before there was anything
                    await();
                }
                if (closed) {
                    refused = true;
                    throw new ClosedChannelException();
                }
                byte octet = source.get();
                if (silent) {
                    continue;
                }
                if (written == flipped / 8) {
                    octet ^= (byte) (1 << flipped % 8);
                }
                room[(int) (written % ROOM_BYTES)] = octet;
                written++;
                if (written == max) {
                    notifyAll();
                    MemoryLink.this.cut();
                }
            }
            notifyAll();
            return count;
        }

        @Override
        public synchronized int read(ByteBuffer target) throws IOException {
            while (!closed && (written == read || silent)) {
                await();
            }
            if (written == read || silent) {
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
