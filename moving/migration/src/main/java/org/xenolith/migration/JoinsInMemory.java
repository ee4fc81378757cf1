package org.xenolith.migration;

import org.xenolith.base.Entropy;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Connections that are brought from one thread of a process to another.
final class JoinsInMemory implements Joins {
    /// Of one migration, which nobody has asked for yet.
    private static final int WAITING_MAX = MigrationOptions.CONNECTIONS_MAX;

    private final Map<UUID, Room> rooms = new ConcurrentHashMap<>();

    @Override
    public Place open() {
        var entropy = Entropy.system();
        var room = new Room(new UUID(entropy.nextLong(), entropy.nextLong()));
        rooms.put(room.token, room);
        return room;
    }

    @Override
    public void bring(UUID token, Link link) throws IOException {
        var room = rooms.get(token);
        var brought = new Brought(link, new CountDownLatch(1));
        if (room == null || !room.add(brought)) {
            throw new IOException(NOBODY_WAITS);
        }
        try {
            brought.done.await();
        } catch (InterruptedException e) {
            brought.close();
            Thread.currentThread().interrupt();
        }
    }

    private record Brought(Link link, CountDownLatch done) implements Link {
        @Override
        public ReadableByteChannel input() {
            return link.input();
        }

        @Override
        public WritableByteChannel output() {
            return link.output();
        }

        @Override
        public void close() throws IOException {
            try (link) {
                done.countDown();
            }
        }
    }

    private final class Room implements Place {
        private final UUID token;
        private final ArrayBlockingQueue<Brought> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
        private boolean closed;

        Room(UUID token) {
            this.token = token;
        }

        synchronized boolean add(Brought brought) {
            return !closed && waiting.offer(brought);
        }

        @Override
        public UUID token() {
            return token;
        }

        @Override
        public Link next(long millisMax) throws IOException {
            try {
                var next = waiting.poll(millisMax, TimeUnit.MILLISECONDS);
                if (next == null) {
                    throw new IOException("no connection comes");
                }
                return next;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }

        @Override
        public synchronized void close() throws IOException {
            closed = true;
            rooms.remove(token);
            for (var late = waiting.poll(); late != null; late = waiting.poll()) {
                late.close();
            }
        }
    }
}
