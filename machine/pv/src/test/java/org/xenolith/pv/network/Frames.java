package org.xenolith.pv.network;

import org.xenolith.network.Packet;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Frames for tests, built and judged word by word.
final class Frames {
    static final int TCP = 6;
    static final int UDP = 17;

    private Frames() {}

    /// @param version of IP
    static byte[] tcp(int version, int payloadBytes) {
        return build(version, TCP, 20, payloadBytes);
    }

    static byte[] udp(int version, int payloadBytes) {
        return build(version, UDP, 8, payloadBytes);
    }

    /// With right checksums.
    private static byte[] build(int version, int protocol, int header, int payloadBytes) {
        int ip = version == 4 ? 20 : 40;
        int length = header + payloadBytes;
        var frame = ByteBuffer.allocate(14 + ip + length);
        frame.put(new byte[] {0, 0x16, 0x3E, 1, 2, 3, 0, 0x16, 0x3E, 9, 8, 7});
        if (version == 4) {
            frame.putShort((short) 0x0800);
            frame.put(new byte[] {0x45, 0}).putShort((short) (ip + length));
            frame.putInt(0x12344000).put((byte) 64).put((byte) protocol).putShort((short) 0);
            frame.put(new byte[] {10, 0, 0, 1, 10, 0, 0, 2});
            frame.putShort(24, (short) ~sum(frame.array(), 14, 34, 0));
        } else {
            frame.putShort((short) 0x86DD);
            frame.putInt(0x60000000).putShort((short) length).put((byte) protocol).put((byte) 64);
            frame.put(address(1)).put(address(2));
        }
        int transport = frame.position();
        frame.putShort((short) 4711).putShort((short) 5201);
        if (protocol == TCP) {
            frame.putInt(1).putInt(2).put((byte) 0x50).put((byte) 0x18).putShort((short) 500);
            frame.putInt(0);
        } else {
            frame.putShort((short) length).putShort((short) 0);
        }
        for (int i = 0; frame.hasRemaining(); i++) {
            frame.put((byte) (i * 7 + i / 251));
        }
        var bytes = frame.array();
        int checksum = ~transportSum(bytes, transport) & 0xFFFF;
        frame.putShort(place(bytes), (short) (checksum == 0 ? 0xFFFF : checksum));
        return bytes;
    }

    private static byte[] address(int last) {
        var address = new byte[16];
        address[0] = (byte) 0xFD;
        address[15] = (byte) last;
        return address;
    }

    private static Packet packet(byte[] frame) {
        return Packet.of(frame, frame.length).orElseThrow();
    }

    private static int place(byte[] frame) {
        return packet(frame).transport() + packet(frame).partialChecksum().offset();
    }

    /// The same with the pseudo header's sum in place of the checksum.
    static byte[] blank(byte[] frame) {
        var bytes = frame.clone();
        packet(bytes).putPseudoHeader(bytes);
        return bytes;
    }

    /// Whether the checksums of IP and the transport are right.
    static boolean isRight(byte[] frame) {
        var packet = packet(frame);
        boolean header = packet.version() == 6 || sum(frame, 14, 34, 0) == 0xFFFF;
        return header && transportSum(frame, packet.transport()) == 0xFFFF;
    }

    private static int transportSum(byte[] frame, int transport) {
        boolean ipv4 = frame[12] == 8;
        int protocol = frame[ipv4 ? 23 : 20];
        int addresses = sum(frame, ipv4 ? 26 : 22, transport, 0);
        return sum(frame, transport, frame.length, addresses + protocol + frame.length - transport);
    }

    private static int sum(byte[] bytes, int from, int to, int initial) {
        int sum = initial;
        for (int at = from; at < to; at++) {
            sum += (at - from) % 2 == 0 ? (bytes[at] & 0xFF) << 8 : bytes[at] & 0xFF;
            sum = (sum & 0xFFFF) + (sum >>> 16);
        }
        return sum;
    }

    static byte[] payload(byte[] frame) {
        return Arrays.copyOfRange(frame, packet(frame).payload(), frame.length);
    }
}
