package org.xenolith.pv.network;

import org.xenolith.network.Frame;
import org.xenolith.network.Packet;
import org.xenolith.network.Segmenter;
import org.xenolith.pv.xenbus.LimitedLog;

import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/// Gives frames to one ring of a guest, on the thread of whoever offers them: nothing waits here,
/// for what the guest has no buffers for is not taken. What the front end cannot do itself is done
/// before. May be used from any thread.
final class Receiver {
    private static final int TELLERS_MAX = 64;

    private final String name;
    private final FrontendFeatures features;
    private final PageRing ring;
    private final ReceiveRing buffers;
    private final NetworkCounters counters;
    private final LimitedLog log;
    private final ReentrantLock lock = new ReentrantLock();

    /// A bit for each of the sink's queues that has been refused and not been told of room since.
    /// Written under the lock.
    private volatile int refused;

    /// Entries that would help one of those.
    private int wanted;

    private boolean closed;
    private boolean paused;

    /// Those who are about to tell the front end; more wait.
    private final Semaphore tellers = new Semaphore(TELLERS_MAX);

    /// What became of a frame.
    ///
    /// @param taken whether it needs not be offered again
    /// @param tell whether the front end wants to know
    record Outcome(boolean taken, boolean tell) {
        static final Outcome REFUSED = new Outcome(false, false);
        static final Outcome DROPPED = new Outcome(true, false);
    }

    Receiver(
            String name,
            FrontendFeatures features,
            PageRing ring,
            ReceiveRing buffers,
            NetworkCounters counters,
            LimitedLog log) {
        this.name = name;
        this.features = features;
        this.ring = ring;
        this.buffers = buffers;
        this.counters = counters;
        this.log = log;
    }

    /// If the front end wants to know, [#told] is to follow when it does.
    ///
    /// @param sinkQueue below 32: told when there is room, if there is none
    Outcome give(int sinkQueue, Frame frame, Optional<HashSteering.Hash> hash) {
        lock.lock();
        try {
            if (closed) {
                return drop();
            }
            if (paused) {
                waitFor(sinkQueue, 1);
                return Outcome.REFUSED;
            }
            var outcome = giveLocked(sinkQueue, frame, hash);
            if (outcome.tell) {
                tellers.acquireUninterruptibly();
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    /// The front end knows of what [#give] has given.
    void told() {
        tellers.release();
    }

    private Outcome drop() {
        counters.receiveDropped();
        return Outcome.DROPPED;
    }

    private Outcome giveLocked(int sinkQueue, Frame frame, Optional<HashSteering.Hash> hash) {
        boolean whole =
                switch (frame.checksum()) {
                    case Frame.Checksum.Unknown(), Frame.Checksum.Valid() -> true;
                    case Frame.Checksum.Partial partial -> isFinishedByGuest(frame, partial);
                };
        if (!whole && frame.segmentation().kind() != Frame.Segmentation.Kind.NONE) {
            return giveCut(sinkQueue, frame, hash);
        }
        var finished = whole ? Optional.of(frame) : Segmenter.finishChecksum(frame);
        if (finished.isEmpty() || !fits(finished.get())) {
            return drop();
        }
        int slots = ReceiveRing.slots(finished.get(), hash);
        if (!hasRoom(sinkQueue, slots)) {
            return refuse();
        }
        write(finished.get(), hash);
        counters.received(frame.length());
        return new Outcome(true, ring.push());
    }

    /// Whether the front end can do what is left to do. It is told that there is something, and
    /// finds the place by itself: that of TCP or UDP in IP without a VLAN tag, as Linux' front end
    /// does.
    private boolean isFinishedByGuest(Frame frame, Frame.Checksum.Partial partial) {
        var kind = frame.segmentation().kind();
        return Packet.of(frame.bytes(), frame.length())
                .filter(packet ->
                        packet.network() == Frame.HEADER_BYTES
                                && packet.partialChecksum().equals(partial)
                                && features.takesChecksum(packet.version())
                                && features.takes(kind)
                                && (kind == Frame.Segmentation.Kind.NONE
                                        || Segmenter.canCut(packet, kind)))
                .isPresent();
    }

    /// All pieces, or none: a part of a frame must not arrive twice.
    private Outcome giveCut(int sinkQueue, Frame frame, Optional<HashSteering.Hash> hash) {
        var cut = Segmenter.cut(frame);
        if (cut.isEmpty()) {
            return drop();
        }
        var pieces = cut.get();
        int pages = ReceiveRing.pages(pieces.pieceBytes());
        long slots = (long) pieces.count() * (pages + (hash.isPresent() ? 1 : 0));
        if (slots > ring.entries() || pages > 1 && !features.scatterGather()) {
            return drop();
        }
        if (!hasRoom(sinkQueue, (int) slots)) {
            return refuse();
        }
        while (pieces.hasNext()) {
            write(pieces.next(), hash);
        }
        counters.received(frame.length());
        return new Outcome(true, ring.push());
    }

    private void write(Frame frame, Optional<HashSteering.Hash> hash) {
        if (!buffers.write(frame, hash)) {
            log.accept(name + ": a buffer for a frame is not granted");
        }
    }

    private boolean fits(Frame frame) {
        return features.scatterGather() || ReceiveRing.pages(frame.length()) == 1;
    }

    // ---------------------------------------------------------------- room

    /// Whether so many entries wait. If not, the front end has been asked to say when they do.
    private boolean hasRoom(int sinkQueue, int slots) {
        if (ring.waiting() >= slots) {
            return true;
        }
        // Before asking: whoever is notified looks here first.
        waitFor(sinkQueue, slots);
        if (ring.waitingAfterAsking(wanted) >= slots) {
            refused &= ~(1 << sinkQueue);
            return true;
        }
        return false;
    }

    private void waitFor(int sinkQueue, int slots) {
        wanted = refused == 0 ? slots : Math.min(wanted, slots);
        refused |= 1 << sinkQueue;
    }

    private Outcome refuse() {
        // One that does not say when it has more buffers is not waited for.
        return features.notifies() ? Outcome.REFUSED : drop();
    }

    /// The front end may have more buffers: `retry` is told of each of the sink's queues that has
    /// been waiting for that.
    void buffersPosted(IntConsumer retry) {
        if (refused == 0) {
            return;
        }
        int queues;
        lock.lock();
        try {
            boolean room = closed || ring.waitingAfterAsking(wanted) >= wanted;
            queues = room ? refused : 0;
            refused &= ~queues;
        } finally {
            lock.unlock();
        }
        for (int queue = 0; queues >>> queue != 0 && queue < Integer.SIZE; queue++) {
            if ((queues >>> queue & 1) != 0) {
                retry.accept(queue);
            }
        }
    }

    /// Refuses all frames, and returns when the front end knows of those before.
    void pause() {
        lock.lock();
        try {
            paused = true;
        } finally {
            lock.unlock();
        }
        tellers.acquireUninterruptibly(TELLERS_MAX);
    }

    /// Only when paused; [#buffersPosted] is to follow, since those who were refused wait.
    void resume() {
        tellers.release(TELLERS_MAX);
        lock.lock();
        try {
            paused = false;
        } finally {
            lock.unlock();
        }
    }

    /// Nothing is written to the guest after this; what is offered is dropped.
    void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
    }
}
