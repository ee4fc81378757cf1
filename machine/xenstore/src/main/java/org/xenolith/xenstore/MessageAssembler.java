package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Puts messages together from bytes that arrive in pieces. Holds at most one message. Not
/// thread-safe.
final class MessageAssembler {
    private static final int LENGTH_OFFSET = 12;

    private final byte[] held = new byte[Message.HEADER_BYTES + Message.PAYLOAD_BYTES_MAX];
    private int size;

    /// Takes bytes up to the end of the message that is under way; returns how many. Takes nothing
    /// once the message [#isComplete] or [#isTooLong].
    int feed(byte[] bytes, int from, int length) {
        int taken = 0;
        while (taken < length && !isComplete() && !isTooLong()) {
            int part = Math.min(length - taken, expected() - size);
            System.arraycopy(bytes, from + taken, held, size, part);
            size += part;
            taken += part;
        }
        return taken;
    }

    boolean isComplete() {
        return size >= Message.HEADER_BYTES && !isTooLong() && size == expected();
    }

    /// The header announces a payload that the protocol does not allow. Nothing that follows in the
    /// stream can be understood any more.
    boolean isTooLong() {
        return size >= Message.HEADER_BYTES
                && Integer.compareUnsigned(field(LENGTH_OFFSET), Message.PAYLOAD_BYTES_MAX) > 0;
    }

    /// Takes the complete message out.
    Message take() {
        var payload = Arrays.copyOfRange(held, Message.HEADER_BYTES, size);
        size = 0;
        return new Message(field(0), field(4), field(8), Bytes.of(payload));
    }

    /// The part of a message that has arrived.
    Bytes partial() {
        return Bytes.of(Arrays.copyOf(held, size));
    }

    void clear() {
        size = 0;
    }

    private int expected() {
        return size < Message.HEADER_BYTES
                ? Message.HEADER_BYTES
                : Message.HEADER_BYTES + field(LENGTH_OFFSET);
    }

    private int field(int offset) {
        return ByteBuffer.wrap(held).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
    }
}
