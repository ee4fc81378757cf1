package org.xenolith.state;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The bytes of a state on their way out, growing.
final class StateOutput {
    private static final int FIRST_BYTES = 1024;

    private ByteBuffer bytes = ByteBuffer.allocate(FIRST_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    void putByte(int value) {
        room(1).put((byte) value);
    }

    void putInt(int value) {
        room(Integer.BYTES).putInt(value);
    }

    void putLong(long value) {
        room(Long.BYTES).putLong(value);
    }

    void putBytes(Bytes value) {
        room(value.length()).put(value.buffer());
    }

    Bytes written() {
        var content = new byte[bytes.position()];
        bytes.get(0, content);
        return Bytes.owned(content);
    }

    private ByteBuffer room(int more) {
        if (bytes.remaining() < more) {
            int needed = Math.addExact(bytes.position(), more);
            bytes =
                    ByteBuffer.allocate(Math.max(needed, 2 * bytes.capacity()))
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .put(bytes.flip());
        }
        return bytes;
    }
}
