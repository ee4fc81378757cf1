package org.xenolith.network;

import org.xenolith.network.Frame.Checksum;
import org.xenolith.network.Frame.Segmentation;

import java.nio.ByteBuffer;
import java.util.Optional;

/// `struct virtio_net_hdr` (include/uapi/linux/virtio_net.h) in front of a frame: what is still to
/// be done on it, as the kernel's taps say it and our networks do.
///
/// ```
///   0 flags | 1 gso_type | 2 hdr_len | 4 gso_size | 6 csum_start | 8 csum_offset
/// ```
final class VirtioHeader {
    static final int BYTES = 10;

    private static final byte F_NEEDS_CSUM = 1;
    private static final byte F_DATA_VALID = 2;

    private static final byte GSO_NONE = 0;
    private static final byte GSO_TCPV4 = 1;
    private static final byte GSO_TCPV6 = 4;

    /// Says that the sender has seen congestion, which the TCP header says as well.
    private static final byte GSO_ECN = (byte) 0x80;

    /// Without options. The kernel only wants to know how much to have in one piece.
    private static final int TCP_HEADER_BYTES = 20;

    private VirtioHeader() {}

    /// Writes the header and the frame, in the order of bytes that the buffer has.
    static void put(Frame frame, ByteBuffer target) {
        byte flags = 0;
        int start = 0;
        int offset = 0;
        switch (frame.checksum()) {
            case Checksum.Partial partial -> {
                flags = F_NEEDS_CSUM;
                start = partial.start();
                offset = partial.offset();
            }
            case Checksum.Valid _ -> flags = F_DATA_VALID;
            case Checksum.Unknown _ -> {}
        }
        int headers =
                frame.segmentation().kind() == Segmentation.Kind.NONE
                        ? 0
                        : Math.min(start + TCP_HEADER_BYTES, frame.length());
        target.put(flags)
                .put(type(frame.segmentation().kind()))
                .putShort((short) headers)
                .putShort((short) frame.segmentation().size())
                .putShort((short) start)
                .putShort((short) offset)
                .put(frame.bytes(), 0, frame.length());
    }

    private static byte type(Segmentation.Kind kind) {
        return switch (kind) {
            case NONE -> GSO_NONE;
            case TCP_IPV4 -> GSO_TCPV4;
            case TCP_IPV6 -> GSO_TCPV6;
        };
    }

    /// The frame of `length` bytes that follows a header; nothing if there is no such frame, or if
    /// the header asks for something that is not in our language. `source` has both.
    static Optional<Frame> get(ByteBuffer source, int length) {
        byte flags = source.get();
        var kind = kind(source.get());
        source.getShort(); // hdr_len is a hint
        int size = Short.toUnsignedInt(source.getShort());
        int start = Short.toUnsignedInt(source.getShort());
        int offset = Short.toUnsignedInt(source.getShort());
        boolean partial = (flags & F_NEEDS_CSUM) != 0;
        boolean segmented = kind.isPresent() && kind.get() != Segmentation.Kind.NONE;
        if (kind.isEmpty()
                || (segmented && (!partial || size == 0))
                || length < Frame.HEADER_BYTES
                || length > Frame.BYTES_MAX) {
            return Optional.empty();
        }
        var bytes = new byte[length];
        source.get(bytes);
        return Optional.of(
                new Frame(
                        bytes,
                        length,
                        partial ? new Checksum.Partial(start, offset) : known(flags),
                        segmented ? new Segmentation(kind.get(), size) : Segmentation.NONE));
    }

    private static Checksum known(byte flags) {
        return (flags & F_DATA_VALID) != 0 ? Checksum.VALID : Checksum.UNKNOWN;
    }

    private static Optional<Segmentation.Kind> kind(byte type) {
        return switch (type & ~GSO_ECN) {
            case GSO_NONE -> Optional.of(Segmentation.Kind.NONE);
            case GSO_TCPV4 -> Optional.of(Segmentation.Kind.TCP_IPV4);
            case GSO_TCPV6 -> Optional.of(Segmentation.Kind.TCP_IPV6);
            default -> Optional.empty();
        };
    }
}
