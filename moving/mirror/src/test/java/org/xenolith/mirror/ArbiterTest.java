package org.xenolith.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.testkit.Fuzz;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Arbiters decide once. etcd is the judge of how its interface is spoken, ours must answer alike.
@Timeout(180)
class ArbiterTest {
    @TempDir private Path directory;

    private static InetSocketAddress somewhere() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private Witness witness() throws IOException {
        return Witness.start(somewhere(), directory.resolve("decisions"));
    }

    private static String url(Witness witness) {
        return "http://127.0.0.1:" + witness.address().getPort();
    }

    /// What answers first takes its time in a JVM that is cold.
    private static Arbiter answering(Witness witness) throws InterruptedException {
        var arbiter = Arbiter.at(url(witness));
        awaitAnswer(arbiter);
        return arbiter;
    }

    // ---------------------------------------------------------------- the law

    private static void decidesOnce(Arbiter arbiter) throws IOException {
        for (var first : Decision.values()) {
            for (var second : Decision.values()) {
                var session = UUID.randomUUID();
                assertThat(arbiter.read(session)).isEmpty();
                assertThat(arbiter.claim(session, first)).isEqualTo(first);
                assertThat(arbiter.claim(session, second)).isEqualTo(first);
                assertThat(arbiter.claim(session, first)).isEqualTo(first);
                assertThat(arbiter.read(session)).contains(first);
            }
        }
    }

    /// Many at once: all get the same answer.
    private static void decidesOnceForAll(Arbiter arbiter) {
        for (int round = 0; round < 20; round++) {
            var session = UUID.randomUUID();
            var claims = new ArrayList<CompletableFuture<Decision>>();
            for (int i = 0; i < 6; i++) {
                var wanted = Decision.values()[i % 2];
                claims.add(
                        CompletableFuture.supplyAsync(() -> {
                            try {
                                return arbiter.claim(session, wanted);
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            }
                        }));
            }
            assertThat(claims.stream().map(CompletableFuture::join).distinct()).hasSize(1);
        }
    }

    // ---------------------------------------------------------------- etcd

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Process etcd(String client) throws IOException {
        var peer = "http://127.0.0.1:" + freePort();
        return new ProcessBuilder(
                        "etcd",
                        "--data-dir",
                        directory.resolve("etcd").toString(),
                        "--listen-client-urls",
                        client,
                        "--advertise-client-urls",
                        client,
                        "--listen-peer-urls",
                        peer,
                        "--initial-advertise-peer-urls",
                        peer,
                        "--initial-cluster",
                        "default=" + peer)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("etcd.log").toFile())
                .start();
    }

    private static boolean hasEtcd() {
        return List.of(System.getenv("PATH").split(":")).stream()
                .anyMatch(path -> Files.isExecutable(Path.of(path, "etcd")));
    }

    private static void awaitAnswer(Arbiter arbiter) throws InterruptedException {
        for (int i = 0; i < 300; i++) {
            try {
                arbiter.read(new UUID(0, 0));
                return;
            } catch (IOException _) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
        throw new AssertionError("the arbiter does not answer");
    }

    @Test
    void etcdDecidesOnceAndRemembersWhenItIsKilled() throws Exception {
        assumeThat(hasEtcd()).as("etcd is installed").isTrue();
        var url = "http://127.0.0.1:" + freePort();
        var arbiter = Arbiter.at("http://127.0.0.1:1," + url); // one member is down
        var session = new UUID(5, 6);
        var process = etcd(url);
        try {
            awaitAnswer(arbiter);
            decidesOnce(arbiter);
            decidesOnceForAll(arbiter);
            assertThat(arbiter.claim(session, Decision.PROMOTED)).isEqualTo(Decision.PROMOTED);
            process.destroyForcibly().waitFor();
            assertThatThrownBy(() -> arbiter.claim(session, Decision.ALONE))
                    .isInstanceOf(IOException.class);
            process = etcd(url);
            awaitAnswer(arbiter);
            assertThat(arbiter.claim(session, Decision.ALONE)).isEqualTo(Decision.PROMOTED);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    // ---------------------------------------------------------------- the witness

    @Test
    void theWitnessDecidesOnce() throws Exception {
        try (var witness = witness()) {
            var arbiter = answering(witness);
            decidesOnce(arbiter);
            decidesOnceForAll(arbiter);
        }
    }

    @Test
    void theWitnessRemembers() throws Exception {
        var session = new UUID(1, 2);
        try (var witness = witness()) {
            answering(witness).claim(session, Decision.PROMOTED);
        }
        try (var witness = witness()) {
            var arbiter = answering(witness);
            assertThat(arbiter.claim(session, Decision.ALONE)).isEqualTo(Decision.PROMOTED);
        }
    }

    @Test
    void oneFileHasOneWitness() throws Exception {
        try (var _ = witness()) {
            assertThatThrownBy(this::witness).hasMessageContaining("another witness uses");
        }
    }

    @Test
    void aDecisionThatWasBeingWrittenWasNotMade() throws Exception {
        var file = directory.resolve("decisions");
        var first = new UUID(1, 2);
        var second = new UUID(3, 4);
        try (var store = DecisionStore.open(file)) {
            store.claim(first, Decision.ALONE);
            store.claim(second, Decision.ALONE);
        }
        var whole = Files.readAllBytes(file);
        for (int length = whole.length / 2; length < whole.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            try (var store = DecisionStore.open(file)) {
                assertThat(store.read(first)).contains(Decision.ALONE);
                assertThat(store.read(second)).isEmpty();
                assertThat(store.claim(second, Decision.PROMOTED).decision())
                        .isEqualTo(Decision.PROMOTED);
            }
            try (var store = DecisionStore.open(file)) {
                assertThat(store.read(second)).contains(Decision.PROMOTED);
            }
        }
    }

    @Test
    @Tag("fuzz")
    void aDamagedStoreIsNotBelieved() throws Exception {
        var file = directory.resolve("decisions");
        try (var store = DecisionStore.open(file)) {
            for (int i = 0; i < 5; i++) {
                store.claim(new UUID(i, i), Decision.values()[i % 2]);
            }
        }
        var whole = Files.readAllBytes(file);
        var fuzz = new Fuzz(92, 200);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var damaged = whole.clone();
            int at = random.nextInt(damaged.length - 1); // not the end of the last line
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, damaged, StandardOpenOption.TRUNCATE_EXISTING);
            assertThatThrownBy(() -> DecisionStore.open(file))
                    .as(fuzz.toString())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged");
        }
    }

    private static HttpResponse<String> post(HttpClient http, String url, byte[] body)
            throws Exception {
        var request =
                HttpRequest.newBuilder(URI.create(url))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    @Tag("fuzz")
    void whatTheWitnessDoesNotUnderstandItRefuses() throws Exception {
        var json = new com.fasterxml.jackson.databind.ObjectMapper();
        var session = new UUID(9, 9);
        var claim = EtcdForm.claim(json, session, Decision.ALONE).toString().getBytes();
        try (var witness = witness();
                var http = HttpClient.newHttpClient()) {
            var fuzz = new Fuzz(93, 200);
            while (fuzz.goesOn()) {
                var random = new SplittableRandom(fuzz.seed());
                var body = claim.clone();
                body[random.nextInt(body.length)] = (byte) random.nextInt(32, 127);
                if (java.util.Arrays.equals(body, claim)) {
                    continue;
                }
                var path = random.nextInt(4) == 0 ? "/v3/kv/range" : "/v3/kv/txn";
                var answer = post(http, url(witness) + path, body);
                assertThat(answer.statusCode()).as(fuzz.toString()).isIn(200, 400);
                if (answer.statusCode() == 400) {
                    assertThat(answer.body()).contains("error");
                }
            }
            for (int length = 5_000; length < 1_000_000; length *= 2) {
                var answer = post(http, url(witness) + "/v3/kv/txn", new byte[length]);
                assertThat(answer.statusCode()).as("%d bytes", length).isEqualTo(413);
            }
            assertThat(Arbiter.at(url(witness)).read(session)).isEqualTo(Optional.empty());
        }
    }

    /// What it says before it falls silent.
    private static void halfAnAnswer(ServerSocket server, String start) {
        try (var client = server.accept()) {
            client.getOutputStream().write(start.getBytes());
            client.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anAnswerThatDoesNotEndIsNone() throws Exception {
        for (var start : List.of("", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")) {
            try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Thread.ofPlatform().daemon().start(() -> halfAnAnswer(server, start));
                var arbiter = Arbiter.at("http://127.0.0.1:" + server.getLocalPort());
                var claim =
                        CompletableFuture.supplyAsync(
                                () -> {
                                    try {
                                        return arbiter.claim(new UUID(1, 2), Decision.ALONE);
                                    } catch (IOException e) {
                                        return e;
                                    }
                                },
                                task -> Thread.ofPlatform().daemon().start(task));
                assertThat(claim.get(15, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void whatIsNoAddressOfAnArbiterIsRefused() {
        for (var wrong : List.of("", "ftp://x:1", "http://", "x", "http://a:1,,http://b:1")) {
            assertThatThrownBy(() -> Arbiter.at(wrong))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
