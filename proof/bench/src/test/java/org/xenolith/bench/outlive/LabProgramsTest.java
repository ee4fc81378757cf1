package org.xenolith.bench.outlive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.bench.HostCommand;
import org.xenolith.bench.guest.GuestProgram;
import org.xenolith.bench.guest.Run;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// The lab's programs, all of them as programs of the host.
@Timeout(60)
class LabProgramsTest {
    @TempDir private Path directory;

    private String serve;
    private String client;

    @BeforeEach
    void compile() throws Exception {
        try {
            HostCommand.run(directory, List.of("gcc", "--version"));
        } catch (IOException e) {
            Assumptions.abort("no gcc: " + e.getMessage());
        }
        serve = LabFiles.serve(directory).toString();
        client = LabFiles.client(directory).toString();
    }

    private Background web(int port) throws Exception {
        // A shell, so that what the server has forked ends with it.
        var script = "trap 'kill 0' TERM; %s web %d & echo up; wait".formatted(serve, port);
        var server =
                Background.start(
                        new ProcessBuilder("setsid", "sh", "-c", script),
                        directory,
                        Clock.system());
        server.awaitLine("up", Duration.ofSeconds(10));
        return server;
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private List<Long> client(Object... words) throws Exception {
        return Lab.client(directory, Path.of(client), command -> command, words);
    }

    @Test
    void aRequestHasATimeAndAKillTwo() throws Exception {
        int port = freePort();
        var process = new ProcessBuilder("sleep", "60").start();
        try (var _ = web(port)) {
            for (int tries = 0; tries < 50 && !answers(port); tries++) {
                Lab.await(100);
            }
            assertThat(client("kept", "127.0.0.1", port, 5, 2)).hasSize(5).allMatch(n -> n > 0);
            assertThat(client("kill", process.pid(), "127.0.0.1", port))
                    .hasSize(2)
                    .allMatch(nanos -> nanos > 0);
            assertThat(process.waitFor()).isEqualTo(128 + 9);
        } finally {
            process.destroyForcibly();
        }
        assertThatThrownBy(() -> client("kept", "127.0.0.1", port, 1, 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("connect");
    }

    private boolean answers(int port) throws Exception {
        try {
            return client("kept", "127.0.0.1", port, 1, 1).size() == 1;
        } catch (IOException _) {
            return false;
        }
    }

    @Test
    void memoryIsWrittenAtTheRateThatIsSaid() throws Exception {
        var said = HostCommand.run(directory, List.of(serve, "dirty", "20", "1"));
        assertThat(Double.parseDouble(Run.parse(said).sum())).isBetween(5.0, 21.0);
    }

    @Test
    void aGuestGetsAWholeCompiler() throws Exception {
        new GuestProgram(directory);
        var files = CompilerFiles.of(directory).files();
        assertThat(files).containsKeys("/usr/bin/gcc", "/src/kernels/crc.c", "/src/guest/bench.h");
        assertThat(files.keySet())
                .anyMatch(place -> place.endsWith("/cc1"))
                .anyMatch(place -> place.endsWith("/as"))
                .anyMatch(place -> place.endsWith("/stdio.h"))
                .anyMatch(place -> place.contains("libc.so"))
                .anyMatch(place -> place.contains("ld-linux"));
        assertThat(files.values()).allMatch(Files::isRegularFile);
    }
}
