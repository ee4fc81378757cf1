package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.board.DomainException;
import org.xenolith.board.DomainState;
import org.xenolith.board.MachineBuilder;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

@Timeout(30)
class DomainProcessTest {
    private static final String CONFIG = "name='echo'; kernel='none'; memory=64";

    @TempDir private Path root;
    private RuntimeDirectory runtime;
    private final ByteArrayOutputStream reports = new ByteArrayOutputStream();

    /// The configurations of domains that go on in other processes.
    private final BlockingQueue<String> launched = new LinkedBlockingQueue<>();

    @BeforeEach
    void open() throws Exception {
        runtime = RuntimeDirectory.open(root.resolve("run"));
    }

    @Test
    void aDomainAnswersUntilItIsDestroyed() throws Exception {
        var process = start(CONFIG, true);
        var client = client();
        assertThat(client.info().state()).isEqualTo(DomainState.PAUSED);
        client.unpause();
        var info = client.info();
        assertThat(info.state()).isEqualTo(DomainState.RUNNING);
        assertThat(info.memoryMib()).isEqualTo(64);
        assertThat(info.runSeconds()).isEqualTo(1.5);
        assertThat(info.vcpus().getFirst().instructions()).isEqualTo(7);
        assertThat(info.config().at("/b_info/target_memkb").asLong()).isEqualTo(65_536);
        assertThat(info.config().at("/c_info/name").asText()).isEqualTo("echo");
        client.pause();
        assertThat(client.info().state()).isEqualTo(DomainState.PAUSED);
        var ended = client.ended();
        client.destroy();
        assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo("destroyed");
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(runtime.list()).isEmpty();
    }

    @Test
    void theConsoleCarriesEveryByteToTheVeryEnd() throws Exception {
        var process = start(CONFIG, true);
        var client = client();
        var ended = client.ended();
        try (var console = client.console("pv")) {
            client.unpause();
            console.write(ByteBuffer.wrap("abcq".getBytes()));
            assertThat(readAll(console)).isEqualTo("hello\r\nabcq");
        }
        assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo("poweroff");
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoeverDetachesLeavesRoomForOthers() throws Exception {
        var process = start(CONFIG, false);
        for (int i = 0; i < 2 * ControlServer.CONNECTIONS_MAX; i++) {
            client().console("pv").close();
        }
        client().destroy();
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shutdownReachesTheGuest() throws Exception {
        var process = start(CONFIG, false);
        var ended = client().ended();
        client().shutdown();
        assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo("poweroff");
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(runtime.log().lines())
                .anyMatch(line -> line.startsWith("(XEN) d1: domain has shut down, reason 0"));
    }

    @Test
    void aRestartedDomainKeepsItsIdAndItsConsole() throws Exception {
        var process = start(CONFIG, false);
        try (var console = client().console("pv")) {
            client().reboot();
            var seen = new StringBuilder();
            var buffer = ByteBuffer.allocate(100);
            while (!seen.toString().equals("hello\r\nhello\r\n")) {
                assertThat(console.read(buffer)).isPositive();
                seen.append(new String(buffer.array(), 0, buffer.position()));
                buffer.clear();
            }
        }
        assertThat(client().info().id()).isEqualTo(1);
        client().destroy();
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aCrashedDomainIsKeptUnderAnotherNameAndAnotherGetsItsOwn() throws Exception {
        var disk = Files.createFile(root.resolve("disk"));
        var config = CONFIG + "; disk=['%s,raw,xvda,w']; on_crash='rename-restart'".formatted(disk);
        var process = start(config, false);
        var before = runtime.find("echo");
        try (var console = client().console("pv")) {
            console.write(ByteBuffer.wrap("!".getBytes()));
        }
        var text = launched.poll(10, TimeUnit.SECONDS);
        assertThat(text)
                .contains("name = \"echo\"", before.uuid().toString(), disk.toString())
                .contains("on_crash = \"rename-restart\"");
        var kept = runtime.find("1");
        assertThat(kept.name()).matches("echo-\\d{8}T\\d{4}Z");
        assertThat(kept.uuid()).isNotEqualTo(before.uuid());
        var client = new ControlClient(kept);
        var info = client.info();
        assertThat(info.name()).isEqualTo(kept.name());
        assertThat(info.uuid()).isEqualTo(kept.uuid().toString());
        assertThat(info.state()).isEqualTo(DomainState.CRASHED);
        assertThat(client.disks()).isEmpty();
        client.destroy();
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
    }

    private int launch(String source, String text) {
        assertThat(source).isEqualTo("echo");
        launched.add(text);
        return 2;
    }

    @Test
    void whatCannotBeBuiltIsReportedAndLeavesNothing() throws Exception {
        var process =
                new DomainProcess(
                        runtime,
                        (_, _) -> {
                            throw new DomainException("k: not a kernel");
                        },
                        this::launch,
                        new PrintStream(reports));
        assertThat(process.run("c", text(CONFIG), false, Optional.empty())).isFalse();
        assertThat(reports.toString()).isEqualTo("{\"error\":\"k: not a kernel\"}\n");
        assertThat(runtime.list()).isEmpty();
    }

    @Test
    void randomRequestsAreRefused() throws Exception {
        var process = start(CONFIG, false);
        var random = new SplittableRandom(99);
        for (int i = 0; i < 200; i++) {
            var noise = new byte[random.nextInt(i % 10 == 0 ? 10_000 : 60)];
            random.nextBytes(noise);
            try (var channel =
                    SocketChannel.open(UnixDomainSocketAddress.of(runtime.find("1").socket()))) {
                channel.write(ByteBuffer.wrap(noise));
                channel.write(ByteBuffer.wrap("\n{\"call\":7}\n".getBytes()));
                channel.shutdownOutput();
                assertThat(readAll(channel)).doesNotContain("state");
            } catch (IOException _) {
                continue; // refused by closing
            }
        }
        assertThat(client().info().name()).isEqualTo("echo");
        client().destroy();
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aDomainThatIsGoneDoesNotAnswer() throws Exception {
        var process = start(CONFIG, false);
        var client = client();
        client.destroy();
        assertThat(process.get(10, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(client::info)
                .isInstanceOf(ControlException.class)
                .hasMessageStartingWith("domain 1 (echo) does not answer");
    }

    private CompletableFuture<Boolean> start(String config, boolean paused) throws Exception {
        return start(config, paused, EchoMachine.builder());
    }

    private CompletableFuture<Boolean> start(String config, boolean paused, MachineBuilder builder)
            throws Exception {
        var process = new DomainProcess(runtime, builder, this::launch, new PrintStream(reports));
        var running =
                CompletableFuture.supplyAsync(
                        () -> process.run("c", text(config), paused, Optional.empty()));
        while (!reports.toString().contains("ready") && !running.isDone()) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
        return running;
    }

    private ControlClient client() throws ControlException {
        return new ControlClient(runtime.find("echo"));
    }

    private static ByteArrayInputStream text(String config) {
        return new ByteArrayInputStream(config.getBytes(StandardCharsets.UTF_8));
    }

    private static String readAll(SocketChannel channel) throws IOException {
        var all = new StringBuilder();
        var buffer = ByteBuffer.allocate(4096);
        while (channel.read(buffer) >= 0) {
            all.append(new String(buffer.array(), 0, buffer.position()));
            buffer.clear();
        }
        return all.toString();
    }
}
