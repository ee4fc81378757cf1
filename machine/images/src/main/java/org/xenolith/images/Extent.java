package org.xenolith.images;

import java.util.OptionalLong;

/// `length` bytes from `start` of a virtual disk, all kept in one way.
///
/// @param depth how many images of the backing chain are above the one that decides the content: 0
///   is the image itself
/// @param hostOffset where in that image's file the bytes are, if they are there as they are read
public record Extent(long start, long length, Kind kind, int depth, OptionalLong hostOffset) {
    /// What decides the content.
    public enum Kind {
        /// Bytes that are kept in the file.
        DATA,
        /// Bytes that are kept in the file, compressed.
        COMPRESSED,
        /// The file says that the range is zeros.
        ZERO,
        /// No image of the chain knows the range: it reads as zeros.
        ABSENT
    }

    public long end() {
        return start + length;
    }

    public boolean readsAsZeros() {
        return kind == Kind.ZERO || kind == Kind.ABSENT;
    }

    /// Whether `next` begins where this ends and is kept in the same way.
    public boolean continues(Extent next) {
        return next.start == end()
                && next.kind == kind
                && next.depth == depth
                && next.hostOffset.isPresent() == hostOffset.isPresent()
                && (hostOffset.isEmpty()
                        || hostOffset.getAsLong() + length == next.hostOffset.getAsLong());
    }

    public Extent with(long newLength) {
        return new Extent(start, newLength, kind, depth, hostOffset);
    }

    Extent deeper() {
        return new Extent(start, length, kind, depth + 1, hostOffset);
    }
}
