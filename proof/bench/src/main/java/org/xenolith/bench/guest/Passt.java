package org.xenolith.bench.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// passt as users of QEMU start it: a process of its own that waits for one connection at a socket,
/// and ends with it.
final class Passt implements AutoCloseable {
    private static final long START_MILLIS_MAX = 10_000;
    private static final long RETRY_MILLIS = 5;

    /// `__SO_ACCEPTCON` of the kernel: somebody listens.
    private static final String LISTENING = "00010000";

    private final Process process;
    private final Path directory;

    private Passt(Process process, Path directory) {
        this.process = process;
        this.directory = directory;
    }

    /// Waits until the socket takes a connection.
    ///
    /// @param log a file for what passt says
    static Passt start(Path log) throws IOException, InterruptedException {
        // Among temporary files: root's passt makes itself nobody before it makes the socket.
        var directory = Files.createTempDirectory("xenolith-bench-passt");
        if (System.getProperty("user.name").equals("root")) {
            var users = directory.getFileSystem().getUserPrincipalLookupService();
            Files.setOwner(directory, users.lookupPrincipalByName("nobody"));
        }
        var command =
                new ProcessBuilder(command(directory.resolve("socket")))
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile());
        var passt = new Passt(command.start(), directory);
        try {
            passt.awaitSocket(log);
            return passt;
        } catch (IOException | InterruptedException e) {
            passt.close();
            throw e;
        }
    }

    // spotless:off
    private static List<String> command(Path socket) {
        return List.of("passt", "--foreground", "--quiet", "--one-off",
                "--socket", socket.toString(),
                "--tcp-ports", "none", "--udp-ports", "none");
    }
    // spotless:on

    private void awaitSocket(Path log) throws IOException, InterruptedException {
        for (long waited = 0; !isListening(); waited += RETRY_MILLIS) {
            if (waited >= START_MILLIS_MAX
                    || process.waitFor(RETRY_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new IOException("passt has not started: " + Files.readString(log).strip());
            }
        }
    }

    /// A connection tried for that would be the only one.
    private boolean isListening() throws IOException {
        try (var sockets = Files.lines(Path.of("/proc/net/unix"))) {
            return sockets.map(line -> List.of(line.trim().split("\\s+")))
                    .anyMatch(words ->
                            words.getLast().equals(socket().toString())
                                    && words.get(3).equals(LISTENING));
        }
    }

    Path socket() {
        return directory.resolve("socket");
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        Files.deleteIfExists(socket());
        Files.deleteIfExists(directory);
    }
}
