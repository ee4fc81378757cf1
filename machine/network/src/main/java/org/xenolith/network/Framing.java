package org.xenolith.network;

import java.nio.ByteBuffer;
import java.util.Optional;

/// How frames follow each other in a stream of bytes. Each begins with its length in four bytes,
/// the highest first; what else stands in front of it is the framing's own.
interface Framing {
    /// Bytes of the length.
    int LENGTH_BYTES = 4;

    /// Bytes in front of a frame, the length included.
    int prefixBytes();

    /// Writes `frame` with what belongs in front of it; there is room for both. A frame that cannot
    /// be sent is dropped.
    void put(int queue, Frame frame, ByteBuffer target);

    /// Reads a frame of `length` bytes; `source` stands behind the length and has all that belongs
    /// to the frame. Nothing if it is none.
    Optional<Queued> get(ByteBuffer source, int length);

    /// A frame and the queue that it came by.
    record Queued(int queue, Frame frame) {}
}
