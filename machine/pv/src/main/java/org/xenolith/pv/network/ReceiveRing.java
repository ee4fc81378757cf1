package org.xenolith.pv.network;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.network.Frame;
import org.xenolith.xen.abi.NetifAbi;

import java.util.Optional;

/// Puts frames into the buffers of one ring (netif.h, "Guest receive"). Each response goes into the
/// entry of its request, as front ends take for granted. Not thread-safe. **Hot path.**
final class ReceiveRing {
    /// Pages of the longest frame, and two extra infos.
    private static final int SLOTS_MAX = pages(Frame.BYTES_MAX) + 2;

    private final GuestMemory memory;
    private final PageRing ring;
    private final GrantCopier copier;
    private final int[] ids = new int[SLOTS_MAX];
    private final int[] references = new int[SLOTS_MAX];

    ReceiveRing(GuestMemory memory, PageRing ring, GrantCopier copier) {
        this.memory = memory;
        this.ring = ring;
        this.copier = copier;
    }

    static int pages(int bytes) {
        return (bytes + Sizes.PAGE_BYTES - 1) / Sizes.PAGE_BYTES;
    }

    /// How many entries a frame takes.
    static int slots(Frame frame, Optional<HashSteering.Hash> hash) {
        return pages(frame.length()) + extras(frame, hash);
    }

    private static int extras(Frame frame, Optional<HashSteering.Hash> hash) {
        return (isSegmented(frame) ? 1 : 0) + (hash.isPresent() ? 1 : 0);
    }

    private static boolean isSegmented(Frame frame) {
        return frame.segmentation().kind() != Frame.Segmentation.Kind.NONE;
    }

    /// Writes a frame and what the front end is to know of it; so many entries wait. False if the
    /// front end's pages could not be written: it gets errors instead.
    boolean write(Frame frame, Optional<HashSteering.Hash> hash) {
        int pages = pages(frame.length());
        int extras = extras(frame, hash);
        takeRequest(0);
        for (int i = 0; i < extras; i++) {
            takeRequest(pages + i);
        }
        for (int i = 1; i < pages; i++) {
            takeRequest(i);
        }
        boolean written = copier.write(references, pages, frame.bytes(), frame.length());
        if (written) {
            respond(frame, pages, extras > 0, hash);
        } else {
            refuse(pages, extras);
        }
        return written;
    }

    private void takeRequest(int index) {
        long request = memory.readLong(ring.take());
        ids[index] = (int) request & 0xFFFF;
        references[index] = (int) (request >>> 32);
    }

    private void respond(Frame frame, int pages, boolean extras, Optional<HashSteering.Hash> hash) {
        int flags = flags(frame.checksum()) | (extras ? NetifAbi.NETRXF_extra_info : 0);
        int rest = frame.length();
        for (int i = 0; i < pages; i++) {
            int part = Math.min(rest, Sizes.PAGE_BYTES);
            rest -= part;
            respond(ids[i], flags | (rest > 0 ? NetifAbi.NETRXF_more_data : 0), part);
            if (i == 0) {
                respondExtras(frame, hash);
            }
            flags = 0;
        }
    }

    private static int flags(Frame.Checksum checksum) {
        return switch (checksum) {
            case Frame.Checksum.Unknown() -> 0;
            case Frame.Checksum.Valid() -> NetifAbi.NETRXF_data_validated;
            case Frame.Checksum.Partial _ ->
                    NetifAbi.NETRXF_data_validated | NetifAbi.NETRXF_csum_blank;
        };
    }

    /// `struct netif_rx_response`, at offset 0 of its page.
    private void respond(int id, int flags, int status) {
        memory.writeLong(ring.respond(), id | (long) flags << 32 | (long) status << 48);
    }

    /// `struct netif_extra_info`, in the order of their types.
    private void respondExtras(Frame frame, Optional<HashSteering.Hash> hash) {
        if (isSegmented(frame)) {
            int type =
                    frame.segmentation().kind() == Frame.Segmentation.Kind.TCP_IPV4
                            ? NetifAbi.XEN_NETIF_GSO_TYPE_TCPV4
                            : NetifAbi.XEN_NETIF_GSO_TYPE_TCPV6;
            int more = hash.isPresent() ? NetifAbi.XEN_NETIF_EXTRA_FLAG_MORE : 0;
            memory.writeLong(
                    ring.respond(),
                    NetifAbi.XEN_NETIF_EXTRA_TYPE_GSO
                            | more << 8
                            | (long) frame.segmentation().size() << 16
                            | (long) type << 32);
        }
        if (hash.isPresent()) {
            memory.writeLong(
                    ring.respond(),
                    NetifAbi.XEN_NETIF_EXTRA_TYPE_HASH
                            | (long) hash.get().type() << 16
                            | (long) NetifAbi.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ << 24
                            | (long) hash.get().value() << 32);
        }
    }

    private void refuse(int pages, int extras) {
        respond(ids[0], 0, NetifAbi.NETIF_RSP_ERROR);
        for (int i = 0; i < extras; i++) {
            respond(ids[pages + i], 0, NetifAbi.NETIF_RSP_ERROR);
        }
        for (int i = 1; i < pages; i++) {
            respond(ids[i], 0, NetifAbi.NETIF_RSP_ERROR);
        }
    }
}
