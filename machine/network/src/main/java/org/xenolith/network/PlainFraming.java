package org.xenolith.network;

import java.nio.ByteBuffer;
import java.util.Optional;

/// Frames on which nothing is left to do behind their lengths, as QEMU's `-netdev stream` and passt
/// speak it.
final class PlainFraming implements Framing {
    @Override
    public int prefixBytes() {
        return LENGTH_BYTES;
    }

    @Override
    public void put(int queue, Frame frame, ByteBuffer target) {
        target.putInt(frame.length()).put(frame.bytes(), 0, frame.length());
    }

    @Override
    public Optional<Queued> get(ByteBuffer source, int length) {
        var bytes = new byte[length];
        source.get(bytes);
        return Optional.of(new Queued(0, Frame.plain(bytes)));
    }
}
