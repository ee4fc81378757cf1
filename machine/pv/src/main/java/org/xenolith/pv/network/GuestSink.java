package org.xenolith.pv.network;

import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;

import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BooleanSupplier;

/// Where the world's frames for a guest go: to one of its rings, or nowhere while there is none.
/// May be used from any thread.
final class GuestSink implements FrameSink {
    private static final Runnable NOBODY = () -> {};

    private final HashSteering steering;
    private final MulticastFilter filter;
    private final NetworkCounters counters;
    private final BooleanSupplier linkUp;
    private final AtomicReferenceArray<Runnable> retries =
            new AtomicReferenceArray<>(NetworkBackend.QUEUES_MAX);

    private volatile List<NetworkQueue> queues = List.of();

    GuestSink(
            HashSteering steering,
            MulticastFilter filter,
            NetworkCounters counters,
            BooleanSupplier linkUp) {
        this.steering = steering;
        this.filter = filter;
        this.counters = counters;
        this.linkUp = linkUp;
    }

    /// Frames go to `connected` from now on; to nobody if that is empty.
    void connect(List<NetworkQueue> connected) {
        queues = List.copyOf(connected);
    }

    @Override
    public boolean offer(int queue, Frame frame) {
        var connected = queues;
        if (connected.isEmpty() || !linkUp.getAsBoolean() || !filter.passes(frame.bytes())) {
            counters.receiveDropped();
            return true;
        }
        int own = Math.floorMod(queue, NetworkBackend.QUEUES_MAX);
        var hash = steering.of(frame);
        int target =
                hash.isPresent()
                        ? steering.queue(hash.get(), connected.size())
                        : own % connected.size();
        return connected.get(target).give(own, frame, hash);
    }

    @Override
    public void onRoom(int queue, Runnable retry) {
        retries.set(Math.floorMod(queue, NetworkBackend.QUEUES_MAX), retry);
    }

    /// There is room again for one of this sink's queues.
    void retry(int queue) {
        var retry = retries.get(queue);
        (retry == null ? NOBODY : retry).run();
    }
}
