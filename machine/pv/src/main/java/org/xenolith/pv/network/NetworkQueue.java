package org.xenolith.pv.network;

import org.xenolith.base.DomainId;
import org.xenolith.base.TimerQueue;
import org.xenolith.device.Worker;
import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.Offloads;
import org.xenolith.pv.xenbus.LimitedLog;
import org.xenolith.pv.xenbus.XenbusException;
import org.xenolith.xen.BackendChannel;
import org.xenolith.xen.GrantMapping;
import org.xenolith.xen.abi.NetifAbi;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/// One pair of rings of a connected interface, with its event channels and its worker. The worker
/// transmits, and tells those who have frames for the guest that there is room again; frames for
/// the guest are written by whoever brings them.
final class NetworkQueue implements AutoCloseable {
    /// What all queues of an interface share.
    ///
    /// @param offloads what the world does itself
    /// @param retry told of the sink's queues for which there is room again
    record Shared(
            NetworkBackend.Surroundings around,
            String name,
            FrameSink world,
            Offloads offloads,
            FrontendFeatures features,
            MulticastFilter filter,
            Optional<TokenBucket> bucket,
            NetworkCounters counters,
            LimitedLog log,
            BooleanSupplier linkUp,
            IntConsumer retry) {}

    private final Shared shared;
    private final int index;
    private final List<GrantMapping> pages;
    private final PageRing transmitRing;
    private final Transmitter transmitter;
    private final Receiver receiver;
    private final Worker worker;
    private final TimerQueue.Timer rateTimer;
    private volatile BackendChannel transmitChannel;
    private volatile BackendChannel receiveChannel;

    /// Held while the worker makes a turn.
    private final ReentrantLock turn = new ReentrantLock();

    private volatile boolean paused;

    /// @param pages of the rings: what the guest transmits, what it receives
    private NetworkQueue(Shared shared, int index, List<GrantMapping> pages) {
        this.shared = shared;
        this.index = index;
        this.pages = pages;
        var memory = shared.around.memory();
        var domain = shared.around.domain();
        transmitRing = new PageRing(memory, pages.get(0).gfn(), NetifAbi.TX_ENTRY_BYTES);
        transmitter =
                new Transmitter(
                        shared,
                        index,
                        transmitRing,
                        new TransmitPacket(memory, transmitRing),
                        new GrantCopier(domain, memory, TransmitPacket.SLOTS_MAX));
        var receiveRing = new PageRing(memory, pages.get(1).gfn(), NetifAbi.RX_ENTRY_BYTES);
        receiver =
                new Receiver(
                        shared.name,
                        shared.features,
                        receiveRing,
                        new ReceiveRing(
                                memory,
                                receiveRing,
                                new GrantCopier(
                                        domain, memory, ReceiveRing.pages(Frame.BYTES_MAX))),
                        shared.counters,
                        shared.log);
        worker = shared.around.workers().worker(shared.name + "-q" + index, this::serve);
        rateTimer = shared.around.timers().timer(worker::wake);
    }

    /// Maps the rings; [#start] follows. Nothing is left behind if it throws.
    static NetworkQueue connect(Shared shared, int index, FrontendQueues.Queue published)
            throws XenbusException {
        var pages = new ArrayList<GrantMapping>();
        try {
            pages.add(map(shared, "tx-ring-ref", published.transmitReference()));
            pages.add(map(shared, "rx-ring-ref", published.receiveReference()));
        } catch (XenbusException e) {
            pages.forEach(GrantMapping::close);
            throw e;
        }
        var queue = new NetworkQueue(shared, index, pages);
        try {
            queue.connectChannels(published);
        } catch (XenbusException e) {
            queue.close();
            throw e;
        }
        return queue;
    }

    private static GrantMapping map(Shared shared, String node, int reference)
            throws XenbusException {
        return shared.around
                .domain()
                .mapGrant(DomainId.CONTROL, reference, true)
                .orElseThrow(() ->
                        new XenbusException("%s %d is not granted".formatted(node, reference)));
    }

    private void connectChannels(FrontendQueues.Queue published) throws XenbusException {
        transmitChannel = channel(published.transmitPort());
        receiveChannel =
                published.receivePort() == published.transmitPort()
                        ? transmitChannel
                        : channel(published.receivePort());
    }

    private BackendChannel channel(int port) throws XenbusException {
        return shared.around
                .domain()
                .connectBackend(port, worker::wake)
                .orElseThrow(() ->
                        new XenbusException(
                                "event-channel %d does not wait for us".formatted(port)));
    }

    /// Begins to serve what the guest transmits.
    void start() {
        shared.world.onRoom(index, worker::wake);
        worker.wake();
    }

    /// A frame for the guest. False if it has no buffers for it now.
    ///
    /// @param sinkQueue which is told when it has
    boolean give(int sinkQueue, Frame frame, Optional<HashSteering.Hash> hash) {
        var outcome = receiver.give(sinkQueue, frame, hash);
        if (outcome.tell()) {
            receiveChannel.notifyFrontend();
            receiver.told();
        }
        return outcome.taken();
    }

    /// Takes no more from either side, and returns when the front end has its answer to all that
    /// was taken: the rings are such that another can take them over. What the guest has
    /// transmitted is in the world, but for one packet at most that the world has no room for,
    /// which waits for [#resume].
    void pause() {
        paused = true;
        turn.lock();
        try {
            transmitter.finish();
        } finally {
            turn.unlock();
        }
        receiver.pause();
    }

    /// Only when paused.
    void resume() {
        receiver.resume();
        paused = false;
        worker.wake();
    }

    /// Ends what is under way, takes no more, and gives everything of the guest's back.
    @Override
    public void close() {
        shared.world.onRoom(index, () -> {});
        worker.close();
        rateTimer.cancel();
        receiver.close();
        receiver.buffersPosted(shared.retry);
        if (transmitChannel != null) {
            transmitChannel.close();
        }
        if (receiveChannel != null) {
            receiveChannel.close();
        }
        pages.forEach(GrantMapping::close);
    }

    // ---------------------------------------------------------------- the worker

    private void serve() {
        turn.lock();
        try {
            if (!paused && receiveChannel != null) { // else it is still connecting
                turn();
            }
        } finally {
            turn.unlock();
        }
    }

    private void turn() {
        receiver.buffersPosted(shared.retry);
        var outcome = transmitter.turn();
        if (transmitRing.push()) {
            transmitChannel.notifyFrontend();
        }
        switch (outcome) {
            case IDLE, WORLD_FULL -> {}
            case RATE_REACHED -> rateTimer.arm(shared.bucket.orElseThrow().opensAtNanos());
            case MORE -> worker.wake();
        }
    }
}
