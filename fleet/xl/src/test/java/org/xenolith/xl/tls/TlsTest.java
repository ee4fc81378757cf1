package org.xenolith.xl.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.xl.tls.testing.Authority;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLSocket;

/// Two hosts prove to each other who they are, and others come to nothing; certificates are
/// keytool's.
@Timeout(120)
class TlsTest {
    @TempDir private static Path root;

    private static TlsIdentity hostA;
    private static TlsIdentity hostB;

    /// Signed by another authority.
    private static Path stranger;

    /// Signed by another authority that has the name of ours.
    private static Path impostor;

    private final BlockingQueue<String> log = new ArrayBlockingQueue<>(100);
    private TlsListener listener;
    private Thread listening;

    @BeforeAll
    static void issue() throws Exception {
        var authority = Authority.create(root, "ours");
        hostA = TlsIdentity.read(authority.issue(root.resolve("a"), "dns:host-a"));
        hostB = TlsIdentity.read(authority.issue(root.resolve("b"), "dns:localhost,ip:127.0.0.1"));
        stranger = Authority.create(root, "theirs").issue(root.resolve("c"), "dns:localhost");
        var elsewhere = Files.createDirectory(root.resolve("elsewhere"));
        impostor = Authority.create(elsewhere, "ours").issue(root.resolve("d"), "dns:localhost");
    }

    @BeforeEach
    void listen() throws Exception {
        listener = listen(hostB);
    }

    private TlsListener listen(TlsIdentity identity) throws Exception {
        var made =
                TlsListener.bind(
                        identity,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        TlsTest::echo,
                        log::add);
        listening =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            try {
                                made.run();
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
        return made;
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    private static void echo(SSLSocket socket, String name) {
        try (socket) {
            socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (IOException _) {
            return; // the test has ended
        }
    }

    private TlsAddress at(String host) {
        return new TlsAddress(host, listener.port());
    }

    private String logged() throws InterruptedException {
        var line = log.poll(30, TimeUnit.SECONDS);
        assertThat(line).as("a line of the listener's").isNotNull();
        return line;
    }

    @Test
    void hostsThatProveThemselvesTalk() throws Exception {
        for (var host : new String[] {"localhost", "127.0.0.1"}) {
            try (var socket = new TlsDialer(hostA).dial(at(host))) {
                socket.getOutputStream().write("hello".getBytes());
                socket.shutdownOutput();
                assertThat(socket.getInputStream().readAllBytes()).isEqualTo("hello".getBytes());
                assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
            }
        }
        assertThat(log).isEmpty();
    }

    @Test
    void whoseCertificateIsUnknownIsNotLetInAndHearsWhy() throws Exception {
        requireNotLetIn(
                stranger,
                "it is of none of the authorities that it believes",
                "Empty client certificate chain");
        requireNotLetIn(
                impostor,
                "(certificate_unknown) Received fatal alert: certificate_unknown",
                "Path does not chain with any of the trust anchors", // as keys happen to be
                "signature check failed");
    }

    /// The listener may be done with us while we still speak.
    @Test
    void whoeverIsRefusedHearsWhyEachTime() throws Exception {
        Files.copy(root.resolve("b/ca.pem"), replaced(impostor.resolve("ca.pem")));
        var dialer = new TlsDialer(TlsIdentity.read(impostor));
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> dialer.dial(at("localhost")))
                    .hasMessageContaining("does not let us in with our certificate");
            assertThat(logged()).startsWith("127.0.0.1 is not let in: ");
        }
    }

    private void requireNotLetIn(Path who, String heard, String... written) throws Exception {
        // Believes us, and cannot make us believe it.
        Files.copy(root.resolve("b/ca.pem"), replaced(who.resolve("ca.pem")));
        var dialer = new TlsDialer(TlsIdentity.read(who));
        assertThatThrownBy(() -> dialer.dial(at("localhost")))
                .isInstanceOf(TlsException.class)
                .hasMessage(
                        "%s does not let us in with our certificate: %s"
                                .formatted(at("localhost"), heard));
        assertThat(logged()).startsWith("127.0.0.1 is not let in: ").containsAnyOf(written);
    }

    private static Path replaced(Path file) throws IOException {
        Files.delete(file);
        return file;
    }

    @Test
    void aListenerThatProvesNothingIsNotTalkedTo() throws Exception {
        var authority = Authority.create(Files.createDirectory(root.resolve("more")), "other");
        listener.close();
        listener = listen(TlsIdentity.read(authority.issue(root.resolve("e"), "dns:localhost")));
        assertThatThrownBy(() -> new TlsDialer(hostA).dial(at("localhost")))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(
                        "%s does not prove by %s who it is: "
                                .formatted(at("localhost"), root.resolve("a/ca.pem")))
                .hasMessageContaining("certification path");
        assertThat(logged()).startsWith("127.0.0.1 is not let in: ");
    }

    @Test
    void aHostOfAnotherNameIsNotTalkedTo() throws Exception {
        listener.close();
        listener = listen(hostA);
        assertThatThrownBy(() -> new TlsDialer(hostB).dial(at("localhost")))
                .isInstanceOf(TlsException.class)
                .hasMessageEndingWith("No subject alternative DNS name matching localhost found.");
    }

    @Test
    void whatIsNoTlsHarmsNobody() throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), listener.port())) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
            assertThat(logged()).startsWith("127.0.0.1 is not let in: ");
        }
        try (var silent = new Socket(InetAddress.getLoopbackAddress(), listener.port());
                var socket = new TlsDialer(hostA).dial(at("localhost"))) {
            assertThat(silent.isConnected() && socket.isConnected()).isTrue();
        }
    }

    @Test
    void nobodyListensIsSaid() throws Exception {
        listener.close();
        listening.join(); // a thread that waits in accept keeps the port until it wakes
        assertThatThrownBy(() -> new TlsDialer(hostA).dial(at("localhost")))
                .isInstanceOf(TlsException.class)
                .hasMessage("cannot reach %s: Connection refused".formatted(at("localhost")));
        assertThatThrownBy(() -> new TlsDialer(hostA).dial(at("nowhere.invalid")))
                .hasMessageEndingWith("there is no such host");
    }

    @Test
    void filesThatAreNotWhatTheyShouldBeAreRefused() throws Exception {
        var directory = Files.createDirectory(root.resolve("wrong"));
        assertThatThrownBy(() -> TlsIdentity.read(directory))
                .isInstanceOf(TlsException.class)
                .hasMessage("there is no " + directory.resolve("cert.pem"));
        Files.writeString(directory.resolve("cert.pem"), "");
        assertThatThrownBy(() -> TlsIdentity.read(directory))
                .hasMessage(directory.resolve("cert.pem") + " has no certificate");
        Files.copy(root.resolve("a/cert.pem"), replaced(directory.resolve("cert.pem")));
        var key = directory.resolve("key.pem");
        for (var kind : new String[] {"ENCRYPTED", "RSA", "EC"}) {
            var line = "-----%s " + kind + " PRIVATE KEY-----\n";
            Files.writeString(key, line.formatted("BEGIN") + "AAAA\n" + line.formatted("END"));
            assertThatThrownBy(() -> TlsIdentity.read(directory))
                    .hasMessageStartingWith(key + " has a key of the kind \"" + kind + "\"");
        }
        Files.writeString(key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assertThatThrownBy(() -> TlsIdentity.read(directory))
                .hasMessageStartingWith(key + " has a key of none of");
    }

    @Test
    void addressesAreRead() {
        assertThat(TlsAddress.parse("hostB")).isEmpty();
        assertThat(TlsAddress.parse("tls://hostB")).contains(new TlsAddress("hostB", 8002));
        assertThat(TlsAddress.parse("tls://[::1]:99")).contains(new TlsAddress("::1", 99));
        assertThat(new TlsAddress("::1", 99)).hasToString("[::1]:99");
        for (var wrong :
                new String[] {"tls://", "tls://a:b", "tls://a/b", "tls://u@a", "tls://a:70000"}) {
            assertThatThrownBy(() -> TlsAddress.parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
