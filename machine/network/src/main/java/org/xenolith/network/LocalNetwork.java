package org.xenolith.network;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// A network of one user's domains, as one process sees it: a switch for the interfaces here, and a
/// connection to every other process that has interfaces on it.
final class LocalNetwork implements AutoCloseable {
    static final int MTU_DEFAULT = 1500;

    private final String name;
    private final StreamLoop loop;
    private final Consumer<String> log;
    private final NetworkSwitch hub;
    private final MeetingPlace place;
    private final Set<PeerLink> peers = ConcurrentHashMap.newKeySet();

    private LocalNetwork(
            String name, StreamLoop loop, Clock clock, Consumer<String> log, MeetingPlace place) {
        this.name = name;
        this.loop = loop;
        this.log = log;
        this.hub = new NetworkSwitch(clock);
        this.place = place;
    }

    /// @param directory of all networks
    static LocalNetwork join(
            Path directory, String name, StreamLoop loop, Clock clock, Consumer<String> log)
            throws NetworkException {
        try {
            var place = MeetingPlace.join(directory.resolve(name), clock);
            var network = new LocalNetwork(name, loop, clock, log, place);
            network.start();
            return network;
        } catch (IOException e) {
            throw new NetworkException.HostFailed(
                    "cannot join network %s in %s: %s".formatted(name, directory, e.getMessage()),
                    e);
        }
    }

    private void start() throws IOException {
        for (var other : place.others()) {
            add(other);
        }
        var server = place.server();
        server.configureBlocking(false);
        loop.register(server, SelectionKey.OP_ACCEPT, _ -> accept(server));
        loop.wake();
    }

    private void accept(ServerSocketChannel server) {
        try {
            for (var other = server.accept(); other != null; other = server.accept()) {
                add(other);
            }
        } catch (ClosedChannelException _) {
            return; // by us
        } catch (IOException e) {
            log.accept("network %s: a process cannot join: %s".formatted(name, e.getMessage()));
        }
    }

    private void add(SocketChannel channel) throws IOException {
        var peer = new PeerLink(this, loop, channel);
        if (hub.join(peer)) {
            peers.add(peer);
            peer.start();
        } else {
            peer.close();
        }
    }

    void lost(PeerLink peer, String reason) {
        peers.remove(peer);
        hub.leave(peer);
        log.accept("network %s: another process has left: %s".formatted(name, reason));
    }

    NetworkSwitch hub() {
        return hub;
    }

    SwitchPort plug(GuestInterface owner, Runnable onClose) throws NetworkException {
        var port = new SwitchPort(hub, name, owner, owner.mtu().orElse(MTU_DEFAULT), onClose);
        if (!hub.join(port)) {
            throw new NetworkException.Refused(
                    "network %s has %d members already".formatted(name, NetworkSwitch.MEMBERS_MAX));
        }
        return port;
    }

    /// Leaves the other processes. No interface may be plugged in.
    @Override
    public void close() throws IOException {
        try {
            place.close();
        } finally {
            // Whoever is being let in is a peer by then.
            loop.await(() -> {});
            peers.forEach(PeerLink::close);
        }
    }
}
