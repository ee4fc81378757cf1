package org.xenolith.xl.tls;

import org.xenolith.migration.Deadline;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// Takes connections from whoever proves itself by a certificate that is believed.
public final class TlsListener implements AutoCloseable {
    /// What is sent to who has been let in.
    static final byte[] GREETING = "XENOLITH-TLS-01\n".getBytes(StandardCharsets.US_ASCII);

    /// Who does not prove itself in this time is cut off.
    private static final int HANDSHAKE_MILLIS_MAX = 20_000;

    /// Connections of people who have not proved themselves yet; more wait.
    private static final int STRANGERS_MAX = 64;

    private final SSLContext context;
    private final ServerSocket server;
    private final Guests guests;
    private final Consumer<String> log;
    private final Semaphore strangers = new Semaphore(STRANGERS_MAX);

    /// Whoever has been let in.
    @FunctionalInterface
    public interface Guests {
        /// Called on a thread of its own; who is called closes the socket.
        ///
        /// @param name of the other end, for people
        void serve(SSLSocket socket, String name);
    }

    private TlsListener(
            SSLContext context, ServerSocket server, Guests guests, Consumer<String> log) {
        this.context = context;
        this.server = server;
        this.guests = guests;
        this.log = log;
    }

    /// Listens; [#run] is to follow.
    ///
    /// @param log told, in a line each, who has not been let in and why
    /// @throws TlsException if nobody can listen there
    public static TlsListener bind(
            TlsIdentity identity, InetSocketAddress address, Guests guests, Consumer<String> log)
            throws TlsException {
        try {
            var server = new PartingServer();
            server.bind(address);
            return new TlsListener(identity.context(), server, guests, log);
        } catch (IOException e) {
            throw new TlsException(
                    "cannot listen at %s: %s"
                            .formatted(
                                    new TlsAddress(address.getHostString(), address.getPort()),
                                    e.getMessage()),
                    e);
        }
    }

    public int port() {
        return server.getLocalPort();
    }

    /// Takes connections until [#close].
    public void run() throws InterruptedException {
        while (!server.isClosed()) {
            strangers.acquire();
            try {
                var socket = (PartingSocket) server.accept();
                if (server.isClosed()) { // it has come while we were being closed
                    close(socket);
                    return;
                }
                Thread.ofPlatform().daemon().name("tls-guest").start(() -> admit(socket));
            } catch (IOException e) {
                strangers.release();
                if (!server.isClosed()) {
                    log.accept("cannot take a connection: " + e.getMessage());
                }
            }
        }
    }

    private void admit(PartingSocket socket) {
        var name = socket.getInetAddress().getHostAddress();
        Optional<SSLSocket> admitted;
        try {
            admitted = admitted(socket, name);
        } finally {
            strangers.release();
        }
        admitted.ifPresent(guest -> guests.serve(guest, name));
    }

    private Optional<SSLSocket> admitted(PartingSocket socket, String name) {
        try (var _ = Deadline.closing(socket, HANDSHAKE_MILLIS_MAX)) {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            socket.beginHandshake();
            var guest = (SSLSocket) context.getSocketFactory().createSocket(socket, null, true);
            guest.setNeedClientAuth(true);
            guest.startHandshake();
            guest.getOutputStream().write(GREETING);
            socket.endHandshake();
            return Optional.of(guest);
        } catch (IOException e) {
            log.accept("%s is not let in: %s".formatted(name, TlsException.reason(e)));
            close(socket);
            return Optional.empty();
        }
    }

    /// Its connections are [PartingSocket]s.
    private static final class PartingServer extends ServerSocket {
        PartingServer() throws IOException {
            super();
        }

        @Override
        public Socket accept() throws IOException {
            var socket = new PartingSocket();
            implAccept(socket);
            return socket;
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            return; // it is of no use any more
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
