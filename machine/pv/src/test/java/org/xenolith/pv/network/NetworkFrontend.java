package org.xenolith.pv.network;

import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.NetifAbi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A scripted front end: publishes rings, transmits packets, posts buffers and takes frames out.
final class NetworkFrontend {
    static final int TX_ENTRIES = 256;
    static final int RX_ENTRIES = 256;

    /// What a front end is like.
    ///
    /// @param split whether each queue has two event channels
    /// @param control whether it has a control ring
    /// @param nodes other nodes that it writes
    record Options(int queues, boolean split, boolean control, Map<String, String> nodes) {
        /// As Linux' front end.
        static final Options LINUX =
                new Options(
                        1,
                        true,
                        false,
                        Map.of(
                                "request-rx-copy", "1",
                                "feature-rx-notify", "1",
                                "feature-sg", "1",
                                "feature-gso-tcpv4", "1",
                                "feature-gso-tcpv6", "1",
                                "feature-ipv6-csum-offload", "1"));

        Options with(String node, String value) {
            var all = new LinkedHashMap<>(nodes);
            all.put(node, value);
            return new Options(queues, split, control, all);
        }

        Options withQueues(int count) {
            return new Options(count, split, control, nodes);
        }

        Options withControl() {
            return new Options(queues, split, true, nodes);
        }
    }

    /// @param flags `NETRXF_*` of the first response
    record Received(byte[] bytes, int flags, List<Extra> extras) {}

    record Extra(int type, int low, int high) {
        int gsoSize() {
            return low;
        }

        int gsoType() {
            return high & 0xFF;
        }
    }

    /// Where the front end runs now.
    NetworkGuest guest;

    private final Options options;
    private final List<Queue> queues = new ArrayList<>();
    private Control control;

    private NetworkFrontend(NetworkGuest guest, Options options) {
        this.guest = guest;
        this.options = options;
    }

    static NetworkFrontend connect(NetworkGuest guest) {
        return connect(guest, Options.LINUX);
    }

    /// Goes through the states as Linux' front end does, until both ends are connected.
    static NetworkFrontend connect(NetworkGuest guest, Options options) {
        guest.awaitBackend(XenbusState.INIT_WAIT);
        var frontend = new NetworkFrontend(guest, options);
        frontend.publish();
        guest.frontendState(XenbusState.CONNECTED);
        guest.awaitBackend(XenbusState.CONNECTED);
        return frontend;
    }

    /// Publishes rings without a word about the state.
    static void publish(NetworkGuest guest, Options options) {
        new NetworkFrontend(guest, options).publish();
    }

    /// Goes on in another guest, without knowing.
    void moveTo(NetworkGuest twin) {
        guest = twin;
    }

    private void publish() {
        for (int i = 0; i < options.queues; i++) {
            var queue = new Queue();
            queues.add(queue);
            var path = options.queues == 1 ? "" : "queue-" + i + "/";
            node(path + "tx-ring-ref", guest.grant(queue.tx.page));
            node(path + "rx-ring-ref", guest.grant(queue.rx.page));
            if (options.split) {
                node(path + "event-channel-tx", queue.txPort);
                node(path + "event-channel-rx", queue.rxPort);
            } else {
                node(path + "event-channel", queue.txPort);
            }
        }
        if (options.queues > 1) {
            node("multi-queue-num-queues", options.queues);
        }
        if (options.control) {
            control = new Control();
            node("ctrl-ring-ref", guest.grant(control.ring.page));
            node("event-channel-ctrl", control.port);
        }
        options.nodes.forEach(
                (name, value) -> guest.store.write(NetworkGuest.FRONTEND + "/" + name, value));
    }

    private void node(String name, int value) {
        guest.store.write(NetworkGuest.FRONTEND + "/" + name, Integer.toString(value));
    }

    /// Closes as a driver that is unloaded.
    void close() {
        guest.frontendState(XenbusState.CLOSING);
        guest.frontendState(XenbusState.CLOSED);
        guest.awaitBackend(XenbusState.CLOSED);
        closePorts();
    }

    void closePorts() {
        for (var queue : queues) {
            guest.closePort(queue.txPort);
            guest.closePort(queue.rxPort);
        }
        if (control != null) {
            guest.closePort(control.port);
        }
    }

    Queue queue(int index) {
        return queues.get(index);
    }

    Queue queue() {
        return queue(0);
    }

    Control control() {
        return control;
    }

    /// One page of a ring.
    final class Ring {
        final long page = guest.page();
        private final int entryBytes;
        private final int entries;
        int produced;
        int consumed;

        Ring(int entryBytes, int entries) {
            this.entryBytes = entryBytes;
            this.entries = entries;
            guest.memory.write(page, new byte[4096]);
            setIndex("req_event", 1);
            setIndex("rsp_event", 1);
        }

        void setIndex(String name, int value) {
            guest.memory.writeInt(page + NetifAbi.SRING.offset(Abi.X86_64, name), value);
        }

        int index(String name) {
            return guest.memory.readInt(page + NetifAbi.SRING.offset(Abi.X86_64, name));
        }

        long place(int index) {
            return page + 64 + (long) (index & entries - 1) * entryBytes;
        }

        /// Shows the requests. True if the back end wants to be notified of them.
        boolean push(int before) {
            setIndex("req_prod", produced);
            return Integer.compareUnsigned(produced - index("req_event"), produced - before) < 0;
        }

        boolean hasResponse() {
            return index("rsp_prod") != consumed;
        }

        /// Where the next response is; waits for it.
        long response() {
            guest.await("a response", this::hasResponse);
            long place = place(consumed++);
            setIndex("rsp_event", consumed + 1);
            return place;
        }
    }

    /// A pair of rings.
    final class Queue {
        final Ring tx = new Ring(NetifAbi.TX_ENTRY_BYTES, TX_ENTRIES);
        final Ring rx = new Ring(NetifAbi.RX_ENTRY_BYTES, RX_ENTRIES);
        final int txPort = guest.allocatePort();
        final int rxPort = options.split ? guest.allocatePort() : txPort;
        private final long[] buffers = new long[RX_ENTRIES];
        private int nextId;

        NetworkGuest guest() {
            return guest;
        }

        // ------------------------------------------------------------ transmit

        /// Puts one entry into the ring; returns its id.
        int slot(int reference, int offset, int flags, int size) {
            int id = nextId++ & 0xFFFF;
            long at = tx.place(tx.produced++);
            guest.memory.writeInt(at, reference);
            guest.memory.writeInt(at + 4, offset | flags << 16);
            guest.memory.writeInt(at + 8, id | size << 16);
            return id;
        }

        void extra(int type, boolean more, int low, int high) {
            long at = tx.place(tx.produced++);
            guest.memory.writeInt(at, type | (more ? 1 << 8 : 0) | low << 16);
            guest.memory.writeInt(at + 4, high);
        }

        void pushTx(int before) {
            if (tx.push(before)) {
                guest.send(txPort);
            }
        }

        /// Transmits a frame from pages of its own, beginning at an odd offset.
        ///
        /// @param gsoType 0 for none
        int transmit(byte[] frame, int flags, int gsoType, int gsoSize) {
            int before = tx.produced;
            int offset = 0x123;
            boolean first = true;
            for (int done = 0; done < frame.length; ) {
                int part = Math.min(4096 - offset, frame.length - done);
                long page = guest.page();
                guest.memory.write(page + offset, frame, done, part);
                boolean last = done + part == frame.length;
                int all =
                        (first ? flags : 0)
                                | (last ? 0 : NetifAbi.NETTXF_more_data)
                                | (first && gsoType > 0 ? NetifAbi.NETTXF_extra_info : 0);
                slot(guest.grant(page, 4), offset, all, first ? frame.length : part);
                if (first && gsoType > 0) {
                    extra(NetifAbi.XEN_NETIF_EXTRA_TYPE_GSO, false, gsoSize, gsoType);
                }
                first = false;
                done += part;
                offset = 0;
            }
            int slots = tx.produced - before;
            pushTx(before);
            return slots;
        }

        /// Transmits, takes the answers, and returns their statuses.
        List<Integer> perform(byte[] frame, int flags, int gsoType, int gsoSize) {
            return statuses(transmit(frame, flags, gsoType, gsoSize));
        }

        List<Integer> statuses(int count) {
            var statuses = new ArrayList<Integer>();
            for (int i = 0; i < count; i++) {
                statuses.add(guest.memory.readInt(tx.response()) >> 16);
            }
            return statuses;
        }

        // ------------------------------------------------------------ receive

        /// Posts so many buffers.
        void post(int count) {
            int before = rx.produced;
            for (int i = 0; i < count; i++) {
                long page = guest.page();
                put(page, guest.grant(page));
            }
            pushRx(before);
        }

        void put(long page, int reference) {
            int id = rx.produced & RX_ENTRIES - 1;
            buffers[id] = page;
            long at = rx.place(rx.produced++);
            guest.memory.writeInt(at, id);
            guest.memory.writeInt(at + 4, reference);
        }

        void pushRx(int before) {
            if (rx.push(before)) {
                guest.send(rxPort);
            }
        }

        /// The next frame; waits for it. Null for one that could not be given.
        Received receive() {
            int slot = rx.consumed;
            long first = guest.memory.readLong(rx.response());
            int flags = (int) (first >>> 32) & 0xFFFF;
            var extras = new ArrayList<Extra>();
            boolean more = (flags & NetifAbi.NETRXF_extra_info) != 0;
            while (more) {
                long extra = guest.memory.readLong(rx.response());
                extras.add(new Extra((int) extra & 0xFF, (int) extra >>> 16, (int) (extra >>> 32)));
                more = (extra >>> 8 & 1) != 0;
            }
            var bytes = new java.io.ByteArrayOutputStream();
            long response = first;
            while (true) {
                int status = (short) (response >>> 48);
                if (status < 0) {
                    return null;
                }
                int id = (int) response & 0xFFFF;
                if (id != (slot & RX_ENTRIES - 1)) {
                    throw new AssertionError("response for %d in slot %d".formatted(id, slot));
                }
                bytes.writeBytes(guest.memory.read(buffers[id], status));
                if ((response >>> 32 & NetifAbi.NETRXF_more_data) == 0) {
                    return new Received(bytes.toByteArray(), flags, extras);
                }
                slot = rx.consumed;
                response = guest.memory.readLong(rx.response());
            }
        }
    }

    /// The control ring.
    final class Control {
        final Ring ring = new Ring(NetifAbi.CTRL_ENTRY_BYTES, 128);
        final int port = guest.allocatePort();

        record Answer(int id, int type, int status, int data) {}

        void put(int type, int first, int second, int third) {
            long at = ring.place(ring.produced++);
            guest.memory.writeInt(at, ring.produced & 0xFFFF | type << 16);
            guest.memory.writeInt(at + 4, first);
            guest.memory.writeInt(at + 8, second);
            guest.memory.writeInt(at + 12, third);
        }

        Answer ask(int type, int first, int second, int third) {
            put(type, first, second, third);
            ring.push(ring.produced - 1);
            guest.send(port);
            long at = ring.response();
            int idAndType = guest.memory.readInt(at);
            return new Answer(
                    idAndType & 0xFFFF,
                    idAndType >>> 16,
                    guest.memory.readInt(at + 4),
                    guest.memory.readInt(at + 8));
        }
    }
}
