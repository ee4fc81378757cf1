package org.xenolith.mirror;

import org.xenolith.migration.Link;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/// Both ends of a connection within a test, which is cut behind an octet, changes a bit, or falls
/// silent, as the test says.
final class MemoryLink {
    static final long NEVER = Long.MAX_VALUE;

    private static final int ROOM_BYTES = 1 << 20;

    private final Duct toBackup = new Duct();
    private final Duct toPrimary = new Duct();
    private volatile boolean silent;

    /// So many octets go before the connection is cut.
    void cutBehind(long octetsToBackup, long octetsToPrimary) {
        toBackup.max = octetsToBackup;
        toPrimary.max = octetsToPrimary;
    }

    /// One bit, counted from 0, comes the other way round at the backup.
    void flip(long bitToBackup) {
        toBackup.flipped = bitToBackup;
    }

    /// Nothing comes any more, and nobody is told.
    void fallSilent() {
        silent = true;
    }

    Link primary() {
        return new End(toPrimary, toBackup);
    }

    Link backup() {
        return new End(toBackup, toPrimary);
    }

    /// Octets that the primary has sent.
    long sent() {
        return toBackup.written;
    }

    void cut() {
        toBackup.close();
        toPrimary.close();
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
        private long read;
        private boolean closed;

        @Override
        public synchronized int write(ByteBuffer source) throws IOException {
            int count = source.remaining();
            while (source.hasRemaining()) {
                while (!closed && !silent && written - read == ROOM_BYTES) {
                    await();
                }
                if (closed) {
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
