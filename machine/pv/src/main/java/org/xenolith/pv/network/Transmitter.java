package org.xenolith.pv.network;

import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.Offloads;
import org.xenolith.network.Segmenter;
import org.xenolith.pv.xenbus.LimitedLog;
import org.xenolith.xen.abi.NetifAbi;

import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Takes what a guest transmits out of one ring and offers it to the world, with done what the
/// world cannot do. If the world has no room, one packet waits here and the others in the ring. The
/// worker's own.
final class Transmitter {
    /// Packets taken and frames offered before others get their turn.
    static final int TURN_STEPS = 128;

    private final String name;
    private final int queue;
    private final PageRing ring;
    private final TransmitPacket packet;
    private final GrantCopier copier;
    private final FrameSink world;
    private final Offloads offloads;
    private final MulticastFilter filter;
    private final Optional<TokenBucket> bucket;
    private final NetworkCounters counters;
    private final LimitedLog log;

    /// Whether the cable is in.
    private final BooleanSupplier linkUp;

    /// What the world has no room for yet; null if there is nothing.
    private Frame held;

    /// What is left of a packet that is being cut; null if there is nothing.
    private Segmenter pieces;

    /// Why a turn ended.
    enum Outcome {
        /// Nothing waits; the front end notifies.
        IDLE,
        /// The world has no room; it tells.
        WORLD_FULL,
        /// The guest has transmitted what it may; time helps.
        RATE_REACHED,
        /// There may be more.
        MORE
    }

    /// @param queue the world's
    Transmitter(
            NetworkQueue.Shared shared,
            int queue,
            PageRing ring,
            TransmitPacket packet,
            GrantCopier copier) {
        this.name = shared.name();
        this.queue = queue;
        this.ring = ring;
        this.packet = packet;
        this.copier = copier;
        this.world = shared.world();
        this.offloads = shared.offloads();
        this.filter = shared.filter();
        this.bucket = shared.bucket();
        this.counters = shared.counters();
        this.log = shared.log();
        this.linkUp = shared.linkUp();
    }

    /// Does up to [#TURN_STEPS]; [PageRing#push] is to follow.
    Outcome turn() {
        int waiting = 0;
        for (int step = 0; step < TURN_STEPS; step++) {
            if (held == null && pieces != null) {
                held = nextPiece();
            }
            if (held != null) {
                if (!world.offer(queue, held)) {
                    return Outcome.WORLD_FULL;
                }
                held = null;
                continue;
            }
            if (waiting == 0) {
                waiting = waiting();
                if (waiting == 0) {
                    return Outcome.IDLE;
                }
            }
            if (bucket.isPresent() && !bucket.get().isOpen()) {
                return Outcome.RATE_REACHED;
            }
            waiting -= packet.take(waiting);
            handle();
        }
        return Outcome.MORE;
    }

    /// Offers what has been taken from the ring, as far as the world has room.
    void finish() {
        while (held != null || pieces != null) {
            if (held == null) {
                held = nextPiece();
            }
            if (!world.offer(queue, held)) {
                return;
            }
            held = null;
        }
    }

    private Frame nextPiece() {
        var piece = pieces.next();
        if (!pieces.hasNext()) {
            pieces = null;
        }
        return piece;
    }

    private int waiting() {
        int waiting = ring.waiting();
        if (waiting == 0) {
            waiting = ring.waitingAfterAsking(1);
        }
        if (waiting < 0) {
            log.accept(name + ": an impossible index of requests");
        }
        return Math.max(waiting, 0);
    }

    private void handle() {
        switch (packet.kind()) {
            case WRONG -> refuse();
            case MULTICAST_ADD ->
                    packet.respond(
                            filter.add(packet.multicast())
                                    ? NetifAbi.NETIF_RSP_OKAY
                                    : NetifAbi.NETIF_RSP_ERROR);
            case MULTICAST_DELETE -> {
                filter.remove(packet.multicast());
                packet.respond(NetifAbi.NETIF_RSP_OKAY);
            }
            case FRAME -> transmit();
        }
    }

    private void refuse() {
        counters.transmitError();
        log.accept(name + ": a packet that cannot be sent");
        packet.respond(NetifAbi.NETIF_RSP_ERROR);
    }

    private void transmit() {
        if (!linkUp.getAsBoolean()) {
            counters.transmitDropped();
            packet.respond(NetifAbi.NETIF_RSP_DROPPED);
            return;
        }
        var bytes = packet.copy(copier);
        var frame = bytes == null ? Optional.<Frame>empty() : packet.frame(bytes);
        if (frame.isEmpty() || !begin(frame.get())) {
            refuse();
            return;
        }
        bucket.ifPresent(limit -> limit.pay(packet.total()));
        counters.transmitted(packet.total());
        packet.respond(NetifAbi.NETIF_RSP_OKAY);
    }

    /// Makes of a frame what the world takes. False if that cannot be.
    private boolean begin(Frame frame) {
        boolean whole =
                switch (frame.segmentation().kind()) {
                    case NONE -> true;
                    case TCP_IPV4 -> offloads.ipv4Segmentation();
                    case TCP_IPV6 -> offloads.ipv6Segmentation();
                };
        if (!whole) {
            pieces = Segmenter.cut(frame).orElse(null);
            return pieces != null;
        }
        held = offloads.checksum() ? frame : Segmenter.finishChecksumInPlace(frame).orElse(null);
        return held != null;
    }
}
