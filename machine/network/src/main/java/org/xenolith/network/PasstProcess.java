package org.xenolith.network;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// passt as our child, which ends when the connection to it does: with us, however we end.
///
/// As root's child it makes itself `nobody` before it makes its socket, so that the socket's
/// directory is given to `nobody`. The directory is in the system's place for temporary files,
/// which is also where passt's AppArmor profile lets it make one, and is gone when we are
/// connected.
final class PasstProcess implements AutoCloseable {
    private static final String PROGRAM = "passt";
    private static final long START_NANOS_MAX = 10_000_000_000L;
    private static final long RETRY_MILLIS = 5;
    private static final long END_MILLIS_MAX = 2_000;
    private static final int COMPLAINT_LINES_MAX = 20;
    private static final int COMPLAINT_LINE_CHARS_MAX = 300;

    private final Process process;
    private final SocketChannel channel;
    private final Complaints complaints;

    private PasstProcess(Process process, SocketChannel channel, Complaints complaints) {
        this.process = process;
        this.channel = channel;
        this.complaints = complaints;
    }

    /// Connected to us. Waits until it is.
    static PasstProcess start(PortKind.Passt kind, int mtu, Clock clock) throws NetworkException {
        var program = find(System.getenv("PATH"));
        Optional<Path> directory = Optional.empty();
        try {
            directory = Optional.of(directory());
            var socket = directory.get().resolve("socket");
            var process =
                    new ProcessBuilder(
                                    PasstCommand.of(program, socket, kind, mtu, Resolvers.hidden()))
                            .redirectErrorStream(true)
                            .start();
            process.getOutputStream().close();
            return connect(process, socket, clock);
        } catch (NetworkException e) {
            throw e;
        } catch (IOException e) {
            throw new NetworkException.HostFailed("cannot start " + program, e);
        } finally {
            directory.ifPresent(PasstProcess::delete);
        }
    }

    private static Path find(String path) throws NetworkException {
        return Stream.of(path == null ? new String[0] : path.split(":"))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, PROGRAM))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() ->
                        new NetworkException.Refused("passt is not installed (package passt)"));
    }

    private static Path directory() throws IOException {
        var directory = Files.createTempDirectory("xenolith-passt-");
        if (System.getProperty("user.name").equals("root")) {
            giveToNobody(directory);
        }
        return directory;
    }

    private static void giveToNobody(Path directory) {
        try {
            var users = directory.getFileSystem().getUserPrincipalLookupService();
            Files.setOwner(directory, users.lookupPrincipalByName("nobody"));
        } catch (IOException _) {
            // A root without other users, in a container, is one that passt lets stay itself.
        }
    }

    private static void delete(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve("socket"));
            Files.deleteIfExists(directory);
        } catch (IOException _) {
            // An empty directory among temporary files is all that is left.
        }
    }

    private static PasstProcess connect(Process process, Path socket, Clock clock)
            throws IOException {
        var complaints = new Complaints(process);
        long deadline = clock.nanos() + START_NANOS_MAX;
        try {
            while (clock.nanos() - deadline < 0) {
                var channel = tryConnect(socket);
                if (channel.isPresent()) {
                    return new PasstProcess(process, channel.get(), complaints);
                }
                if (process.waitFor(RETRY_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new NetworkException.Refused(
                            "passt has ended at once: " + complaints.text());
                }
            }
            throw new NetworkException.HostFailed(
                    "passt is not ready after %d s"
                            .formatted(TimeUnit.NANOSECONDS.toSeconds(START_NANOS_MAX)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException.HostFailed("interrupted while passt was starting", e);
        } catch (NetworkException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static Optional<SocketChannel> tryConnect(Path socket) throws IOException {
        if (!Files.exists(socket)) {
            return Optional.empty();
        }
        try {
            return Optional.of(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        } catch (ConnectException _) {
            return Optional.empty(); // bound, but nobody listens yet
        }
    }

    /// Whoever has it closes it, which ends the program.
    SocketChannel channel() {
        return channel;
    }

    long pid() {
        return process.pid();
    }

    /// What it has said last.
    String complaint() {
        return complaints.text();
    }

    /// Waits until the program has ended.
    @Override
    public void close() {
        try {
            channel.close();
            if (!process.waitFor(END_MILLIS_MAX, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /// The last lines that the program has written.
    private static final class Complaints {
        private final Deque<String> lines = new ArrayDeque<>();
        private final Thread reader;

        Complaints(Process process) {
            // A virtual thread would keep others from running while it waits for a pipe.
            reader = Thread.ofPlatform().daemon().name("passt").start(() -> read(process));
        }

        private void read(Process process) {
            try (var output = process.inputReader()) {
                for (var line = output.readLine(); line != null; line = output.readLine()) {
                    add(line.strip());
                }
            } catch (IOException _) {
                // It has ended.
            }
        }

        private synchronized void add(String line) {
            // Where there is no system log passt says so for each line.
            if (line.isEmpty() || line.endsWith("bytes to syslog")) {
                return;
            }
            lines.add(line.substring(0, Math.min(line.length(), COMPLAINT_LINE_CHARS_MAX)));
            if (lines.size() > COMPLAINT_LINES_MAX) {
                lines.remove();
            }
        }

        /// Waits a moment for what an ended program has written last.
        String text() {
            try {
                reader.join(Duration.ofMillis(END_MILLIS_MAX));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            synchronized (this) {
                return String.join("; ", List.copyOf(lines));
            }
        }
    }
}
