package org.xenolith.pv.network;

import org.xenolith.memory.GuestMemory;
import org.xenolith.network.Frame;
import org.xenolith.network.Packet;
import org.xenolith.network.Segmenter;
import org.xenolith.xen.abi.NetifAbi;

import java.util.Optional;

/// A packet of the guest's, as the entries of its ring describe it (netif.h, "Guest transmit"):
/// copied out of the ring, each once, and checked. One object serves all packets of a ring. **Hot
/// path.** Not thread-safe.
final class TransmitPacket {
    /// Entries with data that a packet may have: as many as every back end must take, and Linux'
    /// takes.
    static final int SLOTS_MAX = NetifAbi.XEN_NETIF_NR_SLOTS_MIN;

    /// What is to be done with a packet.
    enum Kind {
        FRAME,
        MULTICAST_ADD,
        MULTICAST_DELETE,
        WRONG
    }

    private static final int PAGE_BYTES = 4096;

    private final GuestMemory memory;
    private final PageRing ring;
    private final int[] references = new int[SLOTS_MAX];
    private final int[] offsets = new int[SLOTS_MAX];
    private final int[] sizes = new int[SLOTS_MAX];

    /// Of all entries but extra infos, which have none.
    private final int[] ids;

    private int slots;
    private int extras;
    private int flags;
    private int total;
    private int segmentType;
    private int segmentBytes;
    private long multicast;
    private Kind kind;

    TransmitPacket(GuestMemory memory, PageRing ring) {
        this.memory = memory;
        this.ring = ring;
        this.ids = new int[ring.entries()];
    }

    /// Takes the next packet out of the ring; returns how many entries that were.
    ///
    /// @param waiting entries of the ring, one or more. A packet that needs more is wrong: front
    ///   ends show packets as a whole.
    int take(int waiting) {
        slots = 0;
        extras = 0;
        kind = Kind.FRAME;
        segmentType = NetifAbi.XEN_NETIF_GSO_TYPE_NONE;
        flags = takeSlot();
        total = sizes[0];
        if ((flags & NetifAbi.NETTXF_extra_info) != 0) {
            takeExtras(waiting);
        }
        int last = flags;
        while ((last & NetifAbi.NETTXF_more_data) != 0) {
            if (slots + extras == waiting) {
                kind = Kind.WRONG;
                break;
            }
            last = takeSlot();
        }
        if (kind == Kind.FRAME && !hasSoundSlots()) {
            kind = Kind.WRONG;
        }
        return slots + extras;
    }

    /// Returns the entry's flags.
    private int takeSlot() {
        long at = ring.take();
        int reference = memory.readInt(at);
        int offsetAndFlags = memory.readInt(at + 4);
        int idAndSize = memory.readInt(at + 8);
        ids[slots] = idAndSize & 0xFFFF;
        if (slots < SLOTS_MAX) {
            references[slots] = reference;
            offsets[slots] = offsetAndFlags & 0xFFFF;
            sizes[slots] = idAndSize >>> 16;
        }
        slots++;
        return offsetAndFlags >>> 16;
    }

    private void takeExtras(int waiting) {
        boolean more = true;
        while (more) {
            if (slots + extras == waiting) {
                kind = Kind.WRONG;
                return;
            }
            long at = ring.take();
            int low = memory.readInt(at);
            int high = memory.readInt(at + 4);
            extras++;
            note(low & 0xFF, low >>> 16, high);
            more = (low >>> 8 & NetifAbi.XEN_NETIF_EXTRA_FLAG_MORE) != 0;
        }
    }

    /// @param low the first 16 bits behind type and flags
    private void note(int type, int low, int high) {
        switch (type) {
            case NetifAbi.XEN_NETIF_EXTRA_TYPE_GSO -> {
                segmentBytes = low;
                segmentType = high & 0xFF;
                boolean known =
                        segmentType == NetifAbi.XEN_NETIF_GSO_TYPE_TCPV4
                                || segmentType == NetifAbi.XEN_NETIF_GSO_TYPE_TCPV6;
                kind = known && segmentBytes > 0 ? kind : Kind.WRONG;
            }
            case NetifAbi.XEN_NETIF_EXTRA_TYPE_MCAST_ADD -> amend(Kind.MULTICAST_ADD, low, high);
            case NetifAbi.XEN_NETIF_EXTRA_TYPE_MCAST_DEL -> amend(Kind.MULTICAST_DELETE, low, high);
            // How the guest has spread its packets; nobody here needs it.
            case NetifAbi.XEN_NETIF_EXTRA_TYPE_HASH -> {}
            default -> kind = Kind.WRONG;
        }
    }

    private void amend(Kind change, int low, int high) {
        if (kind != Kind.WRONG) {
            kind = change;
            multicast = MulticastFilter.address(low, high);
        }
    }

    /// Whether the entries' sizes agree. The first one's is that of the packet and becomes that of
    /// its own part.
    private boolean hasSoundSlots() {
        if (slots > SLOTS_MAX || total < Frame.HEADER_BYTES) {
            return false;
        }
        int rest = 0;
        for (int i = 1; i < slots; i++) {
            rest += sizes[i];
        }
        sizes[0] = total - rest;
        boolean sound = sizes[0] >= 0;
        for (int i = 0; i < slots; i++) {
            sound &= offsets[i] + sizes[i] <= PAGE_BYTES;
        }
        return sound;
    }

    Kind kind() {
        return kind;
    }

    /// Bytes of the frame.
    int total() {
        return total;
    }

    /// The address of a change of the multicast filter.
    long multicast() {
        return multicast;
    }

    /// Copies the frame's bytes out of the guest's pages; null if it has not granted them, or has
    /// no such memory.
    byte[] copy(GrantCopier copier) {
        var bytes = new byte[total];
        return copier.read(references, offsets, sizes, slots, bytes) ? bytes : null;
    }

    /// The frame with these bytes, which may be changed. Empty if its headers are not what is asked
    /// to be done with them.
    Optional<Frame> frame(byte[] bytes) {
        boolean blank = (flags & NetifAbi.NETTXF_csum_blank) != 0;
        if (!blank && segmentType == NetifAbi.XEN_NETIF_GSO_TYPE_NONE) {
            boolean validated = (flags & NetifAbi.NETTXF_data_validated) != 0;
            var checksum = validated ? Frame.Checksum.VALID : Frame.Checksum.UNKNOWN;
            return Optional.of(new Frame(bytes, total, checksum, Frame.Segmentation.NONE));
        }
        return Packet.of(bytes, total).flatMap(packet -> unfinished(bytes, packet, blank));
    }

    private Optional<Frame> unfinished(byte[] bytes, Packet packet, boolean blank) {
        var segmentation = Frame.Segmentation.NONE;
        if (segmentType != NetifAbi.XEN_NETIF_GSO_TYPE_NONE) {
            var way =
                    segmentType == NetifAbi.XEN_NETIF_GSO_TYPE_TCPV4
                            ? Frame.Segmentation.Kind.TCP_IPV4
                            : Frame.Segmentation.Kind.TCP_IPV6;
            if (!Segmenter.canCut(packet, way)) {
                return Optional.empty();
            }
            if (packet.end() - packet.payload() > segmentBytes) {
                segmentation = new Frame.Segmentation(way, segmentBytes);
            }
        }
        if (!blank) {
            packet.putPseudoHeader(bytes);
        }
        return Optional.of(new Frame(bytes, packet.end(), packet.partialChecksum(), segmentation));
    }

    /// Answers every entry of the packet.
    ///
    /// @param status `NETIF_RSP_*`
    void respond(int status) {
        for (int i = 0; i < slots; i++) {
            memory.writeInt(ring.respond(), ids[i] | status << 16);
            for (int extra = 0; i == 0 && extra < extras; extra++) {
                memory.writeInt(ring.respond(), NetifAbi.NETIF_RSP_NULL << 16);
            }
        }
    }
}
