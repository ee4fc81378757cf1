package org.xenolith.network;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// The directory in which the processes of a network find each other: a socket for each of them,
/// named by a number, and a lock that is held while somebody comes or goes. Who comes connects to
/// all who are there, so each two are connected once. A socket at which nobody listens was left
/// behind by a process that was killed, and is removed by the next that comes.
final class MeetingPlace implements AutoCloseable {
    static final int PROCESSES_MAX = 64;

    private static final long LOCK_NANOS_MAX = 5_000_000_000L;
    private static final long LOCK_RETRY_NANOS = 2_000_000L;

    private final Path directory;
    private final Clock clock;
    private final Path socket;
    private final ServerSocketChannel server;
    private final List<SocketChannel> others;

    private MeetingPlace(
            Path directory,
            Clock clock,
            Path socket,
            ServerSocketChannel server,
            List<SocketChannel> others) {
        this.directory = directory;
        this.clock = clock;
        this.socket = socket;
        this.server = server;
        this.others = others;
    }

    /// @param directory made if it is not there
    static MeetingPlace join(Path directory, Clock clock) throws IOException {
        var onlyOwner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(directory, onlyOwner);
        try (var _ = lock(directory, clock)) {
            return joinLocked(directory, clock);
        }
    }

    private static MeetingPlace joinLocked(Path directory, Clock clock) throws IOException {
        var others = new ArrayList<SocketChannel>();
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            Optional<Path> own = Optional.empty();
            for (int number = 0; number < PROCESSES_MAX; number++) {
                var socket = directory.resolve(number + ".socket");
                var other = connect(socket);
                other.ifPresent(others::add);
                if (other.isEmpty() && own.isEmpty()) {
                    own = Optional.of(socket);
                }
            }
            var socket =
                    own.orElseThrow(() ->
                            new IOException("there are %d processes".formatted(PROCESSES_MAX)));
            server.bind(UnixDomainSocketAddress.of(socket), PROCESSES_MAX);
            return new MeetingPlace(directory, clock, socket, server, others);
        } catch (IOException e) {
            server.close();
            for (var other : others) {
                other.close();
            }
            throw e;
        }
    }

    /// Nothing if nobody is there; then there is no file either.
    private static Optional<SocketChannel> connect(Path socket) throws IOException {
        if (!Files.exists(socket)) {
            return Optional.empty();
        }
        try {
            return Optional.of(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        } catch (ConnectException _) {
            Files.deleteIfExists(socket);
            return Optional.empty();
        }
    }

    /// Held until it is closed, or the process has ended.
    private static FileChannel lock(Path directory, Clock clock) throws IOException {
        var file =
                FileChannel.open(
                        directory.resolve("lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        long deadline = clock.nanos() + LOCK_NANOS_MAX;
        while (!tryLock(file)) {
            if (clock.nanos() - deadline > 0) {
                file.close();
                throw new IOException("another process holds " + directory.resolve("lock"));
            }
            LockSupport.parkNanos(LOCK_RETRY_NANOS);
        }
        return file;
    }

    private static boolean tryLock(FileChannel file) throws IOException {
        try {
            return file.tryLock() != null;
        } catch (OverlappingFileLockException _) {
            return false; // another thread of this process has it
        }
    }

    /// Where those who come later connect.
    ServerSocketChannel server() {
        return server;
    }

    /// The connections to those who were there before.
    List<SocketChannel> others() {
        return others;
    }

    /// Nobody finds us here any more; connections stay.
    @Override
    public void close() throws IOException {
        // Under the lock, so that nobody takes our number before its socket is removed.
        try (var _ = lock(directory, clock)) {
            server.close();
            Files.deleteIfExists(socket);
        } finally {
            server.close();
        }
    }
}
