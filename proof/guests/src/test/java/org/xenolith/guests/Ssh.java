package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The host's ssh, which reaches a guest at a port of the loopback interface.
record Ssh(Path key, int port, String user) {
    private static final Path NOTHING = Path.of("/dev/null");
    private static final long MINUTES_MAX = 30;

    /// What a command prints that must succeed, its standard error included.
    String run(String command) throws IOException, InterruptedException {
        var output = Files.createTempFile("ssh", ".out");
        try {
            run(command, NOTHING, output);
            return Files.readString(output, StandardCharsets.UTF_8).strip();
        } finally {
            Files.delete(output);
        }
    }

    /// Runs a command that must succeed, with its input from a file and its output into one.
    void run(String command, Path input, Path output) throws IOException, InterruptedException {
        var process = start(command, input, output);
        boolean ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
        process.destroyForcibly();
        assertThat(ended).as("%s ends", command).isTrue();
        assertThat(process.exitValue()).as("%s: %s", command, beginning(output)).isZero();
    }

    private static String beginning(Path output) throws IOException {
        try (var stream = Files.newInputStream(output)) {
            return new String(stream.readNBytes(10_000), StandardCharsets.UTF_8);
        }
    }

    /// Begins a command.
    Process start(String command, Path input, Path output) throws IOException {
        var words = new ArrayList<>(List.of("ssh", "-i", key.toString(), "-p", "" + port));
        // The guest's key is new; on a busy host its answers take long.
        for (var option :
                List.of(
                        "StrictHostKeyChecking=no",
                        "UserKnownHostsFile=/dev/null",
                        "LogLevel=ERROR",
                        "BatchMode=yes",
                        "ConnectTimeout=600")) {
            words.addAll(List.of("-o", option));
        }
        words.addAll(List.of(user + "@127.0.0.1", command));
        return new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .start();
    }
}
