package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;

/// The host's end of connections with a guest that has busybox: sends a file of noise and takes it
/// back.
final class HostPeer implements AutoCloseable {
    private static final int BYTES = 1 << 20;
    private static final int MILLIS_MAX = 120_000;

    private final byte[] content = new byte[BYTES];
    private final ServerSocket server;

    private HostPeer(ServerSocket server) throws IOException {
        this.server = server;
        server.setSoTimeout(MILLIS_MAX);
        new Random(1).nextBytes(content);
    }

    /// Listens at an address of the namespace in which the calling thread is.
    static HostPeer at(String address) throws IOException {
        return new HostPeer(new ServerSocket(0, 1, InetAddress.ofLiteral(address)));
    }

    /// The guest gets the file and sends it back, both as it was.
    ///
    /// @param address by which the guest reaches this end
    void exchange(Guest guest, String address) throws Exception {
        var toHost = "nc %s %d".formatted(address, server.getLocalPort());
        guest.begin(toHost + " > /tmp/file; sha256sum < /tmp/file");
        try (var socket = server.accept()) {
            socket.getOutputStream().write(content);
        }
        assertThat(guest.end()).startsWith(hash());
        guest.begin(toHost + " < /tmp/file");
        try (var socket = server.accept()) {
            socket.setSoTimeout(MILLIS_MAX);
            assertThat(socket.getInputStream().readNBytes(BYTES)).isEqualTo(content);
        }
        guest.end();
    }

    byte[] content() {
        return content;
    }

    /// Of the content, as sha256sum prints it.
    String hash() throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
