package org.xenolith.network;

import java.util.Optional;

/// Where the headers of a frame are that carries TCP or UDP in IP, with or without a VLAN tag.
/// Whatever is behind [#of] has been checked against the frame's length; what the headers mean has
/// not.
///
/// @param version of IP, 4 or 6
/// @param network offset of the IP header
/// @param protocol [#TCP] or [#UDP]
/// @param transport offset of its header
/// @param payload offset of what follows that header
/// @param end where the IP packet ends: the frame may be longer, for short ones are padded
public record Packet(int version, int network, int protocol, int transport, int payload, int end) {
    public static final int TCP = 6;
    public static final int UDP = 17;

    /// Offset of the checksum in either header.
    private static final int TCP_CHECKSUM = 16;

    private static final int UDP_CHECKSUM = 6;

    private static final int TYPE = 12;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86DD;
    private static final int VLAN_BYTES = 4;

    private static final int IPV4_HEADER_BYTES = 20;
    private static final int IPV4_FRAGMENT_MASK = 0x3FFF;
    private static final int IPV4_ADDRESSES = 12;

    private static final int IPV6_HEADER_BYTES = 40;
    private static final int IPV6_ADDRESSES = 8;
    private static final int IPV6_HOP_BY_HOP = 0;
    private static final int IPV6_ROUTING = 43;
    private static final int IPV6_DESTINATION = 60;

    /// Extension headers before the transport's; real packets have one or two.
    private static final int IPV6_EXTENSIONS_MAX = 8;

    private static final int TCP_HEADER_BYTES = 20;
    private static final int UDP_HEADER_BYTES = 8;

    /// Empty if the frame carries something else, a fragment, or headers that do not fit.
    public static Optional<Packet> of(byte[] bytes, int length) {
        int network = Frame.HEADER_BYTES;
        int type = u16(bytes, TYPE);
        if (type == TYPE_VLAN && length >= network + VLAN_BYTES) {
            type = u16(bytes, TYPE + VLAN_BYTES);
            network += VLAN_BYTES;
        }
        return switch (type) {
            case TYPE_IPV4 -> ipv4(bytes, network, length);
            case TYPE_IPV6 -> ipv6(bytes, network, length);
            default -> Optional.empty();
        };
    }

    private static Optional<Packet> ipv4(byte[] bytes, int network, int length) {
        if (length - network < IPV4_HEADER_BYTES || bytes[network] >>> 4 != 4) {
            return Optional.empty();
        }
        int header = (bytes[network] & 0xF) * 4;
        int end = network + u16(bytes, network + 2);
        boolean fragment = (u16(bytes, network + 6) & IPV4_FRAGMENT_MASK) != 0;
        if (header < IPV4_HEADER_BYTES || end > length || fragment) {
            return Optional.empty();
        }
        return transport(4, bytes, network, bytes[network + 9] & 0xFF, network + header, end);
    }

    private static Optional<Packet> ipv6(byte[] bytes, int network, int length) {
        if (length - network < IPV6_HEADER_BYTES || (bytes[network] & 0xF0) >>> 4 != 6) {
            return Optional.empty();
        }
        int end = network + IPV6_HEADER_BYTES + u16(bytes, network + 4);
        int next = bytes[network + 6] & 0xFF;
        int at = network + IPV6_HEADER_BYTES;
        if (end > length) {
            return Optional.empty();
        }
        for (int count = 0; isExtension(next) && count < IPV6_EXTENSIONS_MAX; count++) {
            if (end - at < 8) {
                return Optional.empty();
            }
            next = bytes[at] & 0xFF;
            at += ((bytes[at + 1] & 0xFF) + 1) * 8;
        }
        return transport(6, bytes, network, next, at, end);
    }

    private static boolean isExtension(int header) {
        return header == IPV6_HOP_BY_HOP || header == IPV6_ROUTING || header == IPV6_DESTINATION;
    }

    private static Optional<Packet> transport(
            int version, byte[] bytes, int network, int protocol, int at, int end) {
        int least =
                switch (protocol) {
                    case TCP -> TCP_HEADER_BYTES;
                    case UDP -> UDP_HEADER_BYTES;
                    default -> Integer.MAX_VALUE;
                };
        if (end - at < least) {
            return Optional.empty();
        }
        int header = protocol == TCP ? (bytes[at + 12] >>> 4 & 0xF) * 4 : UDP_HEADER_BYTES;
        return header >= least && header <= end - at
                ? Optional.of(new Packet(version, network, protocol, at, at + header, end))
                : Optional.empty();
    }

    /// What is to be said of a frame whose transport checksum is only the pseudo header's yet.
    public Frame.Checksum.Partial partialChecksum() {
        return new Frame.Checksum.Partial(transport, checksumOffset());
    }

    /// From the start of the transport's header.
    private int checksumOffset() {
        return protocol == TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
    }

    /// Puts the pseudo header's sum where the checksum will be.
    public void putPseudoHeader(byte[] bytes) {
        InternetChecksum.put(
                bytes,
                transport + checksumOffset(),
                InternetChecksum.fold(pseudoHeader(bytes, end - transport)));
    }

    /// The pseudo header's sum for `length` bytes behind the IP header.
    long pseudoHeader(byte[] bytes, int length) {
        int addresses = network + (version == 4 ? IPV4_ADDRESSES : IPV6_ADDRESSES);
        int addressBytes = version == 4 ? 8 : 32;
        return InternetChecksum.pseudoHeader(bytes, addresses, addressBytes, protocol, length);
    }

    static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
    }
}
