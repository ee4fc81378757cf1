package org.xenolith.network;

/// Spreads what comes in one stream over the queues of a guest: the frames of one flow stay on one
/// queue and in order. **Hot path.**
final class Flows {
    /// The golden ratio's fraction, so that neighbouring ports end up apart.
    private static final int MIX = 0x9E37_79B9;

    private Flows() {}

    /// The queue of a frame's flow, which TCP's and UDP's addresses and ports make; 0 for all else.
    static int queue(Frame frame, int queues) {
        if (queues == 1) {
            return 0;
        }
        return Packet.of(frame.bytes(), frame.length())
                .map(packet -> (int) ((hash(frame.bytes(), packet) >>> 16) % queues))
                .orElse(0);
    }

    private static long hash(byte[] bytes, Packet packet) {
        int addressBytes = packet.version() == 4 ? 8 : 32;
        // Either IP header has its addresses at the end, IPv6's before its extensions.
        int addresses = packet.network() + (packet.version() == 4 ? 12 : 8);
        int hash =
                Packet.u16(bytes, packet.transport()) * 31
                        + Packet.u16(bytes, packet.transport() + 2);
        for (int at = addresses; at < addresses + addressBytes; at += 2) {
            hash = hash * 31 + Packet.u16(bytes, at);
        }
        return hash * MIX & 0xFFFF_FFFFL;
    }
}
