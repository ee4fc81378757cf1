package org.xenolith.network;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/// Frames between the processes of a network, with what is still to be done on them:
/// docs/specs/network-socket.md.
///
/// ```
///   0 length | 4 queue | 6 virtio_net_hdr | 16 frame
/// ```
final class PeerFraming implements Framing {
    private static final int PREFIX_BYTES = LENGTH_BYTES + 2 + VirtioHeader.BYTES;

    @Override
    public int prefixBytes() {
        return PREFIX_BYTES;
    }

    @Override
    public void put(int queue, Frame frame, ByteBuffer target) {
        target.putInt(frame.length()).putShort((short) queue).order(ByteOrder.LITTLE_ENDIAN);
        VirtioHeader.put(frame, target);
        target.order(ByteOrder.BIG_ENDIAN);
    }

    @Override
    public Optional<Queued> get(ByteBuffer source, int length) {
        int queue = Short.toUnsignedInt(source.getShort());
        source.order(ByteOrder.LITTLE_ENDIAN);
        var frame = VirtioHeader.get(source, length);
        source.order(ByteOrder.BIG_ENDIAN);
        return frame.map(read -> new Queued(queue, read));
    }
}
