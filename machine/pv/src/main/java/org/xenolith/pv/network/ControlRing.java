package org.xenolith.pv.network;

import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.device.Worker;
import org.xenolith.device.Workers;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.xenbus.XenbusException;
import org.xenolith.xen.BackendChannel;
import org.xenolith.xen.GrantMapping;
import org.xenolith.xen.XenDomain;
import org.xenolith.xen.abi.NetifAbi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The ring by which a front end says how received frames are spread over its queues (netif.h,
/// "Control ring"). A worker answers one request after the other.
final class ControlRing implements AutoCloseable {
    private final GuestMemory memory;
    private final XenDomain domain;
    private final HashSteering steering;
    private final int queues;
    private final GrantMapping page;
    private final PageRing ring;
    private final Worker worker;
    private volatile BackendChannel channel;

    /// Held while the worker answers a round of requests.
    private final ReentrantLock turn = new ReentrantLock();

    private volatile boolean paused;

    private record Request(int id, int type, int first, int second, int third) {}

    private record Answer(int status, int data) {
        static Answer of(int status) {
            return new Answer(status, 0);
        }
    }

    private ControlRing(
            Workers workers,
            String name,
            GuestMemory memory,
            XenDomain domain,
            HashSteering steering,
            int queues,
            GrantMapping page) {
        this.memory = memory;
        this.domain = domain;
        this.steering = steering;
        this.queues = queues;
        this.page = page;
        this.ring = new PageRing(memory, page.gfn(), NetifAbi.CTRL_ENTRY_BYTES);
        this.worker = workers.worker(name, this::serve);
    }

    /// Maps the ring and begins to serve it. Nothing is left behind if it throws.
    ///
    /// @param queues how many the front end has
    static ControlRing connect(
            NetworkBackend.Surroundings around,
            String name,
            HashSteering steering,
            int queues,
            FrontendQueues.Control published)
            throws XenbusException {
        var page =
                around.domain()
                        .mapGrant(DomainId.CONTROL, published.reference(), true)
                        .orElseThrow(() -> new XenbusException("ctrl-ring-ref is not granted"));
        var ring =
                new ControlRing(
                        around.workers(),
                        name + "-control",
                        around.memory(),
                        around.domain(),
                        steering,
                        queues,
                        page);
        var channel = around.domain().connectBackend(published.port(), ring.worker::wake);
        if (channel.isEmpty()) {
            ring.close();
            throw new XenbusException("event-channel-ctrl does not wait for us");
        }
        ring.channel = channel.get();
        ring.worker.wake();
        return ring;
    }

    /// Returns when all that was taken has been answered, and takes no more.
    void pause() {
        paused = true;
        turn.lock();
        turn.unlock();
    }

    void resume() {
        paused = false;
        worker.wake();
    }

    @Override
    public void close() {
        worker.close();
        if (channel != null) {
            channel.close();
        }
        page.close();
    }

    // ---------------------------------------------------------------- the worker

    private void serve() {
        turn.lock();
        try {
            if (!paused) {
                round();
            }
        } finally {
            turn.unlock();
        }
    }

    /// Only one: whoever asks without end takes turns with others.
    private void round() {
        var connected = channel;
        int waiting = ring.waitingAfterAsking(1);
        if (connected == null || waiting <= 0) {
            return;
        }
        for (int i = 0; i < waiting; i++) {
            var request = take();
            respond(request, perform(request));
        }
        if (ring.push()) {
            connected.notifyFrontend();
        }
        worker.wake();
    }

    private Request take() {
        long at = ring.take();
        int idAndType = memory.readInt(at);
        return new Request(
                idAndType & 0xFFFF,
                idAndType >>> 16,
                memory.readInt(at + 4),
                memory.readInt(at + 8),
                memory.readInt(at + 12));
    }

    private void respond(Request request, Answer answer) {
        long at = ring.respond();
        memory.writeInt(at, request.id | request.type << 16);
        memory.writeInt(at + 4, answer.status);
        memory.writeInt(at + 8, answer.data);
    }

    private Answer perform(Request request) {
        return switch (request.type) {
            case NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM ->
                    Answer.of(steering.setAlgorithm(request.first));
            case NetifAbi.XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS ->
                    steering.types()
                            .map(types -> new Answer(NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS, types))
                            .orElse(notSupported());
            case NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS ->
                    Answer.of(steering.setTypes(request.first));
            case NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_KEY -> setKey(request);
            case NetifAbi.XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE ->
                    new Answer(
                            NetifAbi.XEN_NETIF_CTRL_STATUS_SUCCESS, HashSteering.MAPPING_SIZE_MAX);
            case NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE ->
                    Answer.of(steering.setMappingSize(request.first));
            case NetifAbi.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING -> setMapping(request);
            default -> notSupported();
        };
    }

    private static Answer notSupported() {
        return Answer.of(NetifAbi.XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
    }

    private static Answer invalid() {
        return Answer.of(NetifAbi.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
    }

    private static Answer tooLong() {
        return Answer.of(NetifAbi.XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
    }

    /// `first` grants the key, of `second` bytes.
    private Answer setKey(Request request) {
        if (Integer.compareUnsigned(request.second, HashSteering.KEY_BYTES_MAX) > 0) {
            return tooLong();
        }
        return copy(request.first, request.second)
                .map(key -> Answer.of(steering.setKey(key)))
                .orElse(invalid());
    }

    /// `first` grants a part of the table, of `second` entries from the entry `third` on.
    private Answer setMapping(Request request) {
        if (Integer.compareUnsigned(request.second, HashSteering.MAPPING_SIZE_MAX) > 0) {
            return tooLong();
        }
        if (Integer.compareUnsigned(request.third, steering.mappingSize() - request.second) > 0
                || request.second > steering.mappingSize()) {
            return invalid();
        }
        return copy(request.first, request.second * Integer.BYTES)
                .map(bytes -> {
                    var part = new int[request.second];
                    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(part);
                    return Answer.of(steering.setMapping(request.third, part, queues));
                })
                .orElse(invalid());
    }

    /// The start of a granted page; empty if it is not granted or not there.
    private Optional<byte[]> copy(int reference, int length) {
        var bytes = new byte[length];
        if (length == 0) {
            return Optional.of(bytes);
        }
        return domain.mapGrant(DomainId.CONTROL, reference, false)
                .flatMap(granted -> {
                    try (granted) {
                        boolean whole =
                                memory.read(granted.gfn() << Sizes.PAGE_SHIFT, bytes, 0, length);
                        return whole ? Optional.of(bytes) : Optional.empty();
                    }
                });
    }
}
