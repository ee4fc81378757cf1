package org.xenolith.network;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// Another process of this host with interfaces on the same network.
final class PeerLink implements NetworkSwitch.Member, StreamLink.Owner {
    private static final byte[] GREETING = "XENOLITH-NET-01\n".getBytes(StandardCharsets.US_ASCII);

    /// As many as all interfaces in one process may have.
    private static final int ADDRESSES_MAX = 1024;

    private final LocalNetwork network;
    private final StreamLink link;
    private final WaitingFrames waiting;

    PeerLink(LocalNetwork network, StreamLoop loop, SocketChannel channel) throws IOException {
        this.network = network;
        this.link = new StreamLink(loop, channel, new PeerFraming(), GREETING, this);
        this.waiting = new WaitingFrames(network.hub().budget());
    }

    void start() {
        link.start();
        waiting.open(link::offer);
    }

    @Override
    public void deliver(int queue, Frame frame) {
        waiting.add(queue, frame);
    }

    @Override
    public int addressesMax() {
        return ADDRESSES_MAX;
    }

    @Override
    public boolean isPeer() {
        return true;
    }

    @Override
    public boolean take(int queue, Frame frame) {
        network.hub().forward(this, queue, frame);
        return true;
    }

    @Override
    public void room() {
        waiting.retry();
    }

    @Override
    public void ended(String reason) {
        network.lost(this, reason);
        waiting.close();
    }

    void close() {
        waiting.close();
        link.close();
    }
}
