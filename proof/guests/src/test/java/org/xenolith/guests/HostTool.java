package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// What the host has for a test: programs that make what a guest gets and judge what it leaves
/// behind, and ports.
final class HostTool {
    private static final List<Path> PLACES = List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"));
    private static final long MINUTES_MAX = 5;

    private HostTool() {}

    /// Skips the test where one is missing.
    static void assumePresent(String... tools) {
        for (var tool : tools) {
            Assumptions.assumeTrue(places(tool).findAny().isPresent(), tool + " is not installed");
        }
    }

    /// Skips the test where guests cannot be on passt.
    static void assumePasst() throws IOException {
        assumePresent("passt");
        Assumptions.assumeTrue(
                Files.readString(Path.of("/proc/net/route"))
                        .lines()
                        .anyMatch(line -> line.split("\t")[1].equals("00000000")),
                "this host has no default route, without which passt does not start");
    }

    private static Stream<Path> places(String tool) {
        return PLACES.stream().map(place -> place.resolve(tool)).filter(Files::isExecutable);
    }

    /// Runs a tool that must succeed; returns what it has printed.
    static String run(String... command) throws Exception {
        return run(0, command);
    }

    /// Runs a tool whose exit code is at most `codeMax`.
    static String run(int codeMax, String... command) throws Exception {
        var located = command.clone();
        located[0] = places(command[0]).findFirst().orElseThrow().toString();
        var log = Files.createTempFile("host-tool", ".log");
        try {
            var process =
                    new ProcessBuilder(located)
                            .redirectErrorStream(true)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(log.toFile())
                            .start();
            boolean ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
            process.destroyForcibly();
            var output = Files.readString(log, StandardCharsets.ISO_8859_1);
            assertThat(ended).as("%s ends: %s", List.of(located), output).isTrue();
            assertThat(process.exitValue())
                    .as("%s: %s", List.of(located), output)
                    .isLessThanOrEqualTo(codeMax);
            return output;
        } finally {
            Files.delete(log);
        }
    }

    /// A TCP port of the loopback interface, free until somebody else takes it.
    static int freePort() throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return server.getLocalPort();
        }
    }
}
