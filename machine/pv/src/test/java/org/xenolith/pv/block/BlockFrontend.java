package org.xenolith.pv.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A scripted front end: publishes rings, puts requests into them, takes responses out.
final class BlockFrontend {
    /// @param queues 1 or more; one is published in the old way
    /// @param order of the pages of each ring
    record Options(Abi abi, int queues, int order, boolean persistent) {
        static final Options PLAIN = new Options(Abi.X86_64, 1, 0, false);
    }

    record Response(long id, int operation, int status) {}

    record Segment(int reference, int first, int last) {
        static Segment page(int reference) {
            return new Segment(reference, 0, 7);
        }
    }

    private final BlockGuest guest;
    private final Options options;
    private final List<Ring> rings = new ArrayList<>();
    private long nextId = 1;

    private BlockFrontend(BlockGuest guest, Options options) {
        this.guest = guest;
        this.options = options;
    }

    /// Goes through the states until both ends are connected.
    static BlockFrontend connect(BlockGuest guest, Options options) {
        guest.awaitBackend(XenbusState.INIT_WAIT);
        var frontend = new BlockFrontend(guest, options);
        frontend.publish();
        guest.frontendState(XenbusState.INITIALISED);
        guest.awaitBackend(XenbusState.CONNECTED);
        guest.frontendState(XenbusState.CONNECTED);
        return frontend;
    }

    static BlockFrontend connect(BlockGuest guest) {
        return connect(guest, Options.PLAIN);
    }

    private void publish() {
        for (int queue = 0; queue < options.queues; queue++) {
            var ring = new Ring();
            rings.add(ring);
            var path = options.queues == 1 ? "" : "queue-" + queue + "/";
            for (int page = 0; page < ring.pages.size(); page++) {
                var name = options.order == 0 ? "ring-ref" : "ring-ref" + page;
                node(path + name, guest.grant(ring.pages.get(page)));
            }
            node(path + "event-channel", ring.port);
        }
        if (options.queues > 1) {
            node("multi-queue-num-queues", options.queues);
        }
        if (options.order > 0) {
            node("ring-page-order", options.order);
        }
        node("feature-persistent", options.persistent ? 1 : 0);
        var protocol = options.abi == Abi.X86_64 ? "x86_64-abi" : "x86_32-abi";
        guest.store.write(BlockGuest.FRONTEND + "/protocol", protocol);
    }

    private void node(String name, int value) {
        guest.store.write(BlockGuest.FRONTEND + "/" + name, Integer.toString(value));
    }

    /// Closes as a driver that is unloaded.
    void close() {
        guest.frontendState(XenbusState.CLOSING);
        guest.frontendState(XenbusState.CLOSED);
        guest.awaitBackend(XenbusState.CLOSED);
        rings.forEach(ring -> guest.closePort(ring.port));
    }

    Ring ring(int index) {
        return rings.get(index);
    }

    Ring ring() {
        return ring(0);
    }

    // ---------------------------------------------------------------- one request at a time

    Response read(long sector, Segment... segments) {
        return ring().perform(ring().direct(BlkifAbi.BLKIF_OP_READ, sector, segments));
    }

    Response write(long sector, Segment... segments) {
        return ring().perform(ring().direct(BlkifAbi.BLKIF_OP_WRITE, sector, segments));
    }

    /// That the ring goes on, whatever was before.
    void assertWorks() {
        long page = guest.page();
        assertThat(read(0, Segment.page(guest.grant(page))).status())
                .isEqualTo(BlkifAbi.BLKIF_RSP_OKAY);
    }

    /// One ring and its event channel.
    final class Ring {
        final List<Long> pages = new ArrayList<>();
        final int port = guest.allocatePort();
        final int entries;
        int produced;
        private int consumed;

        Ring() {
            for (int page = 0; page < 1 << options.order; page++) {
                pages.add(guest.page());
                guest.memory.write(pages.getLast(), new byte[4096]);
            }
            setIndex("req_event", 1);
            setIndex("rsp_event", 1);
            int room = pages.size() * 4096 - 64;
            entries = Integer.highestOneBit(room / BlkifAbi.REQUEST.size(options.abi));
        }

        void setIndex(String name, int value) {
            guest.memory.writeInt(pages.getFirst() + offset(name), value);
        }

        int index(String name) {
            return guest.memory.readInt(pages.getFirst() + offset(name));
        }

        private static int offset(String name) {
            return BlkifAbi.SRING.offset(Abi.X86_64, name);
        }

        /// The bytes of a request with segments in it.
        byte[] direct(int operation, long sector, Segment... segments) {
            return direct(operation, segments.length, sector, segments);
        }

        byte[] direct(int operation, int count, long sector, Segment... segments) {
            var view = BlkifAbi.REQUEST.blank(options.abi);
            view.set("operation", operation)
                    .set("nr_segments", count)
                    .set("handle", BlockGuest.VDEV)
                    .set("id", nextId++)
                    .set("sector_number", sector);
            int at = BlkifAbi.REQUEST.offset(options.abi, "seg");
            var packed = pack(segments);
            System.arraycopy(packed, 0, view.bytes(), at, packed.length);
            return view.bytes();
        }

        byte[] discard(int flag, long sector, long sectors) {
            var view = BlkifAbi.REQUEST_DISCARD.blank(options.abi);
            view.set("operation", BlkifAbi.BLKIF_OP_DISCARD)
                    .set("flag", flag)
                    .set("id", nextId++)
                    .set("sector_number", sector)
                    .set("nr_sectors", sectors);
            return view.bytes();
        }

        /// Segments in pages of their own, which are granted for reading only.
        byte[] indirect(int operation, int count, long sector, int... references) {
            var view = BlkifAbi.REQUEST_INDIRECT.blank(options.abi);
            view.set("operation", BlkifAbi.BLKIF_OP_INDIRECT)
                    .set("indirect_op", operation)
                    .set("nr_segments", count)
                    .set("handle", BlockGuest.VDEV)
                    .set("id", nextId++)
                    .set("sector_number", sector);
            for (int i = 0; i < references.length; i++) {
                view.set("indirect_grefs", i, references[i]);
            }
            return view.bytes();
        }

        /// Puts a request into the ring; [#push] makes it seen.
        void put(byte[] request) {
            write(produced++, Arrays.copyOf(request, BlkifAbi.REQUEST.size(options.abi)));
        }

        void push() {
            setIndex("req_prod", produced);
            guest.send(port);
        }

        Response perform(byte[] request) {
            put(request);
            push();
            return take();
        }

        /// The next response; waits for it.
        Response take() {
            guest.await("a response", () -> index("rsp_prod") != consumed);
            var size = BlkifAbi.RESPONSE.size(options.abi);
            var view = BlkifAbi.RESPONSE.view(options.abi, readEntry(consumed++, size));
            setIndex("rsp_event", consumed + 1);
            return new Response(
                    view.get("id"), view.getInt("operation"), (short) view.getInt("status"));
        }

        boolean hasResponse() {
            return index("rsp_prod") != consumed;
        }

        private byte[] readEntry(int index, int length) {
            var bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = (byte) guest.memory.readByte(place(index, i));
            }
            return bytes;
        }

        private void write(int index, byte[] bytes) {
            for (int i = 0; i < bytes.length; i++) {
                guest.memory.writeByte(place(index, i), bytes[i]);
            }
        }

        private long place(int index, int offset) {
            int at = 64 + (index & entries - 1) * BlkifAbi.REQUEST.size(options.abi) + offset;
            return pages.get(at / 4096) + at % 4096;
        }
    }

    static byte[] pack(Segment... segments) {
        var buffer =
                ByteBuffer.allocate(segments.length * BlkifAbi.SEGMENT_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (var segment : segments) {
            buffer.putInt(segment.reference)
                    .put((byte) segment.first)
                    .put((byte) segment.last)
                    .putShort((short) 0);
        }
        return buffer.array();
    }
}
