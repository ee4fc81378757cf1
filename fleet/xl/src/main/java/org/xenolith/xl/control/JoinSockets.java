package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.migration.Deadline;
import org.xenolith.migration.Joining;
import org.xenolith.migration.Joins;
import org.xenolith.migration.Link;
import org.xenolith.migration.MigrationOptions;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/// Brings further connections of a migration from the process in which they come in to the one that
/// serves the first, by a Unix domain socket in the runtime directory whose name is the token.
public final class JoinSockets implements Joins {
    private static final int BUFFER_BYTES = 256 << 10;

    /// Nobody waits at one that is older: a process has been killed.
    private static final long AGE_MILLIS_MAX = TimeUnit.DAYS.toMillis(1);

    private final Path directory;

    public JoinSockets(RuntimeDirectory runtime, Clock clock) throws IOException {
        directory = runtime.root().resolve("joins");
        Files.createDirectories(directory);
        removeOld(clock.wallNanos() / 1_000_000 - AGE_MILLIS_MAX);
    }

    private void removeOld(long beforeMillis) throws IOException {
        try (var sockets = Files.newDirectoryStream(directory)) {
            for (var socket : sockets) {
                var made = Files.getLastModifiedTime(socket, LinkOption.NOFOLLOW_LINKS);
                if (made.toMillis() < beforeMillis) {
                    Files.deleteIfExists(socket);
                }
            }
        }
    }

    // ---------------------------------------------------------------- who waits

    @Override
    public Place open() throws IOException {
        var entropy = Entropy.system();
        var token = new UUID(entropy.nextLong(), entropy.nextLong());
        var path = path(token);
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path), MigrationOptions.CONNECTIONS_MAX);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            return new Socket(token, path, server);
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private Path path(UUID token) {
        return directory.resolve(token.toString());
    }

    private record Socket(UUID token, Path path, ServerSocketChannel server) implements Place {
        @Override
        public Link next(long millisMax) throws IOException {
            try (var _ = Deadline.closing(server, millisMax)) {
                return ChannelLink.of(server.accept());
            } catch (AsynchronousCloseException e) {
                throw new IOException("no connection comes", e);
            }
        }

        @Override
        public void close() throws IOException {
            try (server) {
                Files.deleteIfExists(path);
            }
        }
    }

    // ---------------------------------------------------------------- who comes

    /// Serves a further connection that has come in at this process, from its first octet to its
    /// end.
    ///
    /// @throws ControlException if nobody waits for it
    public void serve(Link link) throws ControlException {
        try (link) {
            Joining.serve(link, this);
        } catch (IOException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    @Override
    public void bring(UUID token, Link link) throws IOException {
        try (var socket = connected(token)) {
            carry(link, socket);
        }
    }

    private SocketChannel connected(UUID token) throws IOException {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(path(token)));
        } catch (IOException e) {
            throw new IOException(NOBODY_WAITS, e);
        }
    }

    /// Until either end closes it.
    private static void carry(Link link, SocketChannel socket) {
        var back =
                Thread.ofPlatform()
                        .daemon()
                        .name("from-place")
                        .start(() -> carryBack(link, socket));
        try {
            copy(link.input(), socket);
            socket.shutdownOutput();
            back.join();
        } catch (IOException _) {
            return; // both ends see it
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void carryBack(Link link, SocketChannel socket) {
        try (link) {
            copy(socket, link.output());
        } catch (IOException _) {
            return; // both ends see it
        }
    }

    private static void copy(ReadableByteChannel input, WritableByteChannel output)
            throws IOException {
        var buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        while (input.read(buffer) >= 0) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                output.write(buffer);
            }
            buffer.clear();
        }
    }
}
