package org.xenolith.guests;

import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.PortOpener;
import org.xenolith.migration.Claims;
import org.xenolith.migration.Joins;
import org.xenolith.migration.Link;
import org.xenolith.migration.Migration;
import org.xenolith.migration.MigrationException;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;

/// A host that domains come to: accepts connections of the loopback interface and holds what has
/// come.
final class MigrationHost implements AutoCloseable {
    private final ServerSocketChannel server;
    private final Claims claims = Claims.inMemory();
    private volatile CompletableFuture<Domain> arrived = new CompletableFuture<>();

    MigrationHost(DomainConfig config, PortOpener ports) throws IOException {
        server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread.ofPlatform().daemon().name("host").start(() -> accept(config, ports));
    }

    private void accept(DomainConfig config, PortOpener ports) {
        while (server.isOpen()) {
            try {
                Migration.receive(
                                new SocketLink(server.accept()),
                                claims,
                                Joins.inMemory(),
                                config,
                                ports)
                        .ifPresent(arrived::complete);
            } catch (IOException | MigrationException e) {
                arrived.completeExceptionally(e);
            }
        }
    }

    int port() throws IOException {
        return ((InetSocketAddress) server.getLocalAddress()).getPort();
    }

    Link dial() throws IOException {
        return dial(port());
    }

    /// Connects to such a host, of any process.
    static Link dial(int port) throws IOException {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        return new SocketLink(SocketChannel.open(address));
    }

    /// Waits for the next domain. Throws if one was refused, or cut off.
    Domain take() {
        try {
            return arrived.join();
        } finally {
            arrived = new CompletableFuture<>();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
