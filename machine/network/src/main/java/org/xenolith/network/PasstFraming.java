package org.xenolith.network;

import java.nio.ByteBuffer;
import java.util.Optional;

/// Frames behind their lengths and nothing else, as passt and QEMU's `-netdev stream` speak it.
/// Nothing can be left undone on a frame but the cutting of its segment: passt takes long segments
/// as they are, for it looks at what is in them and makes packets of its own of that.
///
/// What arrives needs not be looked at: passt has ended the connection with the world itself and
/// made the checksum, and nothing is lost between two processes of one host. A guest on a processor
/// of software spends much on sums.
final class PasstFraming implements Framing {
    @Override
    public int prefixBytes() {
        return LENGTH_BYTES;
    }

    /// Writes nothing if the checksum's place is not in the frame.
    @Override
    public void put(int queue, Frame frame, ByteBuffer target) {
        int begin = target.position() + LENGTH_BYTES;
        if (!(frame.checksum() instanceof Frame.Checksum.Partial(int start, int offset))) {
            put(frame, target);
        } else if (start >= 0 && offset >= 0 && start + offset + 2 <= frame.length()) {
            put(frame, target);
            int checksum =
                    InternetChecksum.of(InternetChecksum.sum(frame.bytes(), start, frame.length()));
            // As for UDP, to which zero says that there is none (RFC 768).
            target.putShort(begin + start + offset, (short) (checksum == 0 ? 0xFFFF : checksum));
        }
    }

    private static void put(Frame frame, ByteBuffer target) {
        target.putInt(frame.length()).put(frame.bytes(), 0, frame.length());
    }

    @Override
    public Optional<Queued> get(ByteBuffer source, int length) {
        var bytes = new byte[length];
        source.get(bytes);
        var frame = new Frame(bytes, length, Frame.Checksum.VALID, Frame.Segmentation.NONE);
        return Optional.of(new Queued(0, frame));
    }
}
