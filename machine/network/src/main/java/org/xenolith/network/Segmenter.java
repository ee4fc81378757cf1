package org.xenolith.network;

import org.xenolith.base.Bug;

import java.util.Arrays;
import java.util.Optional;

/// Does in software what a frame leaves undone and its receiver cannot do: cuts a long TCP segment
/// into frames of their own, and finishes checksums.
///
/// The pieces are made one by one, when they are asked for: a guest that wants its segment in
/// pieces of one byte gets what it wants, and takes no more memory than the segment. Not
/// thread-safe.
public final class Segmenter {
    private static final int FIN = 0x01;
    private static final int PUSH = 0x08;

    /// Congestion window reduced: said once (RFC 3168 section 6.1.2).
    private static final int CONGESTION_WINDOW_REDUCED = 0x80;

    private static final int TCP_SEQUENCE = 4;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_CHECKSUM = 16;
    private static final int IPV4_LENGTH = 2;
    private static final int IPV4_IDENTIFICATION = 4;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV6_LENGTH = 4;
    private static final int IPV6_HEADER_BYTES = 40;

    private final byte[] whole;
    private final Packet packet;
    private final int size;

    /// Bytes of payload that are in pieces already.
    private int done;

    private int pieces;

    private Segmenter(byte[] whole, Packet packet, int size) {
        this.whole = whole;
        this.packet = packet;
        this.size = size;
    }

    /// Whether the headers are what [Frame#segmentation] says, so that [#cut] can cut it.
    public static boolean canCut(Packet packet, Frame.Segmentation.Kind kind) {
        int version =
                switch (kind) {
                    case NONE -> 0;
                    case TCP_IPV4 -> 4;
                    case TCP_IPV6 -> 6;
                };
        return packet.version() == version
                && packet.protocol() == Packet.TCP
                && packet.payload() < packet.end();
    }

    /// The pieces of a frame that has a [Frame.Segmentation]; empty if its headers are not what
    /// that says.
    public static Optional<Segmenter> cut(Frame frame) {
        return Packet.of(frame.bytes(), frame.length())
                .filter(packet -> canCut(packet, frame.segmentation().kind()))
                .map(packet -> new Segmenter(frame.bytes(), packet, frame.segmentation().size()));
    }

    /// The same frame with its checksum done, in bytes of its own; itself if nothing is left to do.
    /// Empty if the checksum's place is not in the frame.
    ///
    /// @param frame without segmentation
    public static Optional<Frame> finishChecksum(Frame frame) {
        return finishChecksum(frame, true);
    }

    /// The same for one whose bytes nobody else has seen: they are changed.
    public static Optional<Frame> finishChecksumInPlace(Frame frame) {
        return finishChecksum(frame, false);
    }

    private static Optional<Frame> finishChecksum(Frame frame, boolean copy) {
        if (!(frame.checksum() instanceof Frame.Checksum.Partial(int start, int offset))) {
            return Optional.of(frame);
        }
        if (start < 0 || offset < 0 || (long) start + offset + 2 > frame.length()) {
            return Optional.empty();
        }
        var bytes = copy ? Arrays.copyOf(frame.bytes(), frame.length()) : frame.bytes();
        InternetChecksum.complete(bytes, start, start + offset, frame.length());
        return Optional.of(
                new Frame(bytes, frame.length(), Frame.Checksum.VALID, Frame.Segmentation.NONE));
    }

    /// How many pieces there are in all.
    public int count() {
        return (payloadBytes() + size - 1) / size;
    }

    /// Bytes of the longest piece.
    public int pieceBytes() {
        return packet.payload() + Math.min(size, payloadBytes());
    }

    private int payloadBytes() {
        return packet.end() - packet.payload();
    }

    public boolean hasNext() {
        return done < payloadBytes();
    }

    /// The next piece, with all its checksums.
    public Frame next() {
        Bug.check(hasNext(), "a segmenter is asked for pieces that there are");
        int headers = packet.payload();
        int part = Math.min(size, payloadBytes() - done);
        var piece = new byte[headers + part];
        System.arraycopy(whole, 0, piece, 0, headers);
        System.arraycopy(whole, headers + done, piece, headers, part);
        boolean first = done == 0;
        putTcp(piece, first, done + part == payloadBytes());
        putIp(piece);
        int transport = packet.transport();
        InternetChecksum.put(piece, transport + TCP_CHECKSUM, 0);
        long sum =
                packet.pseudoHeader(piece, piece.length - transport)
                        + InternetChecksum.sum(piece, transport, piece.length);
        InternetChecksum.put(piece, transport + TCP_CHECKSUM, InternetChecksum.of(sum));
        done += part;
        pieces++;
        return new Frame(piece, piece.length, Frame.Checksum.VALID, Frame.Segmentation.NONE);
    }

    private void putTcp(byte[] piece, boolean first, boolean last) {
        int at = packet.transport();
        int sequence =
                Packet.u16(whole, at + TCP_SEQUENCE) << 16
                        | Packet.u16(whole, at + TCP_SEQUENCE + 2);
        int moved = sequence + done;
        InternetChecksum.put(piece, at + TCP_SEQUENCE, moved >>> 16);
        InternetChecksum.put(piece, at + TCP_SEQUENCE + 2, moved);
        int notHere = (first ? 0 : CONGESTION_WINDOW_REDUCED) | (last ? 0 : FIN | PUSH);
        piece[at + TCP_FLAGS] &= (byte) ~notHere;
    }

    private void putIp(byte[] piece) {
        int at = packet.network();
        if (packet.version() == 4) {
            int identification = Packet.u16(whole, at + IPV4_IDENTIFICATION) + pieces;
            InternetChecksum.put(piece, at + IPV4_LENGTH, piece.length - at);
            InternetChecksum.put(piece, at + IPV4_IDENTIFICATION, identification);
            InternetChecksum.put(piece, at + IPV4_CHECKSUM, 0);
            int header = (piece[at] & 0xF) * 4;
            long sum = InternetChecksum.sum(piece, at, at + header);
            InternetChecksum.put(piece, at + IPV4_CHECKSUM, InternetChecksum.of(sum));
        } else {
            InternetChecksum.put(piece, at + IPV6_LENGTH, piece.length - at - IPV6_HEADER_BYTES);
        }
    }
}
