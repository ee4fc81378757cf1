package org.xenolith.board;

import org.xenolith.device.HeldOutbox;
import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;
import org.xenolith.network.Offloads;
import org.xenolith.network.Port;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;

/// A port whose world gets the guest's frames when it may. What comes from the world is not held.
final class HeldPort implements Port {
    /// Of frames that wait, for all queues together.
    private static final int BYTES_MAX = 4 << 20;

    /// For each queue there is room for that at least: some of the longest frames.
    private static final int QUEUE_BYTES_MIN = 512 << 10;

    private static final int OVERHEAD_BYTES = 64;

    private final Port port;
    private final List<HeldOutbox<Frame>> queues;
    private final Outputs.Gone gone;
    private final World world = new World();

    /// @param gone told of the queues when the port is closed
    HeldPort(Port port, int count, Outputs.Gone gone) {
        this.port = port;
        this.gone = gone;
        int bytesMax = Math.max(BYTES_MAX / count, QUEUE_BYTES_MIN);
        queues =
                IntStream.range(0, count)
                        .mapToObj(queue ->
                                new HeldOutbox<Frame>(
                                        frame -> port.world().offer(queue, frame),
                                        frame -> frame.length() + OVERHEAD_BYTES,
                                        bytesMax))
                        .toList();
        for (int queue = 0; queue < count; queue++) {
            port.world().onRoom(queue, queues.get(queue)::roomOutside);
        }
    }

    List<HeldOutbox<Frame>> queues() {
        return queues;
    }

    @Override
    public void open(FrameSink guest) {
        port.open(guest);
    }

    @Override
    public FrameSink world() {
        return world;
    }

    private final class World implements FrameSink {
        @Override
        public boolean offer(int queue, Frame frame) {
            return queues.get(queue % queues.size()).offer(frame);
        }

        @Override
        public void onRoom(int queue, Runnable retry) {
            queues.get(queue % queues.size()).onRoom(retry);
        }
    }

    @Override
    public Offloads offloads() {
        return port.offloads();
    }

    @Override
    public int mtu() {
        return port.mtu();
    }

    @Override
    public boolean carrier() {
        return port.carrier();
    }

    @Override
    public String description() {
        return port.description();
    }

    @Override
    public Closeable vacate() throws IOException {
        gone.queues(queues);
        return port.vacate();
    }

    @Override
    public void close() throws IOException {
        gone.queues(queues);
        port.close();
    }
}
