package org.xenolith.bench.outlive;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A command of the host that goes on, and what it has said so far.
final class Background implements AutoCloseable {
    private static final long LOOK_MILLIS = 5;
    private static final Duration END_MAX = Duration.ofSeconds(10);

    private final Process process;
    private final Path log;
    private final Clock clock;

    private Background(Process process, Path log, Clock clock) {
        this.process = process;
        this.log = log;
        this.clock = clock;
    }

    /// @param directory a place for what it says
    static Background start(ProcessBuilder command, Path directory, Clock clock)
            throws IOException {
        var log = Files.createTempFile(directory, "command", ".log");
        var process =
                command.redirectErrorStream(true)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(log.toFile())
                        .start();
        return new Background(process, log, clock);
    }

    /// Waits for a line that has `part` in it.
    ///
    /// @throws IOException if it ends without, or takes longer than `max`
    String awaitLine(String part, Duration max) throws IOException, InterruptedException {
        long deadline = clock.nanos() + max.toNanos();
        while (true) {
            boolean ended = process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            var line = line(part);
            if (line.isPresent()) {
                return line.get();
            }
            if (ended || clock.nanos() > deadline) {
                throw new IOException(
                        "\"%s\" does not come: %s".formatted(part, Files.readString(log).strip()));
            }
        }
    }

    private Optional<String> line(String part) throws IOException {
        try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(part)).findFirst();
        }
    }

    /// Waits until it ends by itself, and makes it end if it does not.
    void awaitEnd() throws InterruptedException {
        if (!process.waitFor(END_MAX)) {
            process.destroyForcibly();
        }
    }

    /// Ends it.
    @Override
    public void close() {
        process.destroy();
        try {
            awaitEnd();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
