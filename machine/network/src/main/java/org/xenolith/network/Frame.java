package org.xenolith.network;

import java.util.Objects;

/// An Ethernet frame without its check sequence, and what is still to be done on it.
///
/// The bytes belong to the frame: nobody changes them once it has been offered to a [FrameSink].
/// What the headers inside say is not checked here; a guest may have written anything.
///
/// @param bytes holds the frame in its first `length` bytes
/// @param length [#HEADER_BYTES] to [#BYTES_MAX]
/// @param segmentation only with a [Checksum.Partial]
public record Frame(byte[] bytes, int length, Checksum checksum, Segmentation segmentation) {
    /// Two addresses and a type.
    public static final int HEADER_BYTES = 14;

    /// An Ethernet header, a VLAN tag and the longest IP packet.
    public static final int BYTES_MAX = HEADER_BYTES + 4 + 65_535;

    public Frame {
        Objects.checkIndex(length, bytes.length + 1);
        if (length < HEADER_BYTES || length > BYTES_MAX) {
            throw new IllegalArgumentException("a frame of " + length + " bytes");
        }
        if (segmentation.kind() != Segmentation.Kind.NONE
                && !(checksum instanceof Checksum.Partial)) {
            throw new IllegalArgumentException("segmentation without a checksum to be made");
        }
    }

    /// A frame on which nothing is left to do and of which nothing is known.
    public static Frame plain(byte[] bytes) {
        return new Frame(bytes, bytes.length, Checksum.UNKNOWN, Segmentation.NONE);
    }

    /// What is known of the TCP or UDP checksum.
    public sealed interface Checksum {
        Checksum UNKNOWN = new Unknown();
        Checksum VALID = new Valid();

        /// It must be looked at.
        record Unknown() implements Checksum {}

        /// Somebody has looked.
        record Valid() implements Checksum {}

        /// It is still to be made: the one's complement sum from `start` to the frame's end goes to
        /// `start + offset`, where the pseudo header's sum stands now. Both in bytes, as in
        /// virtio's header; not checked against the frame.
        record Partial(int start, int offset) implements Checksum {}
    }

    /// Into what pieces a long TCP segment is still to be cut.
    ///
    /// @param size bytes of payload of each piece, 1 to 65,535; 0 for [Kind#NONE]
    public record Segmentation(Kind kind, int size) {
        public static final Segmentation NONE = new Segmentation(Kind.NONE, 0);

        public enum Kind {
            NONE,
            TCP_IPV4,
            TCP_IPV6
        }

        public Segmentation {
            if (size < 0 || size > 0xFFFF || (size == 0) != (kind == Kind.NONE)) {
                throw new IllegalArgumentException(kind + " in pieces of " + size);
            }
        }
    }
}
