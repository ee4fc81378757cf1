package org.xenolith.state;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The bytes of a state on their way in. Nothing is allocated that the bytes do not pay for.
final class StateInput {
    private final ByteBuffer bytes;

    StateInput(Bytes encoded) {
        this.bytes = encoded.buffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    int nextByte() {
        try {
            return bytes.get() & 0xFF;
        } catch (BufferUnderflowException e) {
            throw tooShort(e);
        }
    }

    int nextInt() {
        try {
            return bytes.getInt();
        } catch (BufferUnderflowException e) {
            throw tooShort(e);
        }
    }

    long nextLong() {
        try {
            return bytes.getLong();
        } catch (BufferUnderflowException e) {
            throw tooShort(e);
        }
    }

    /// A count of things, each of which takes at least `leastBytes` of what follows.
    int nextCount(int leastBytes) {
        int count = nextInt();
        if (count < 0 || (long) count * leastBytes > bytes.remaining()) {
            throw new StateException("a state counts more than it holds");
        }
        return count;
    }

    Bytes nextBytes(int length) {
        var content = new byte[length];
        bytes.get(content);
        return Bytes.owned(content);
    }

    void requireEnd() {
        StateException.require(!bytes.hasRemaining(), "a state is longer than its kind");
    }

    private static StateException tooShort(BufferUnderflowException cause) {
        return new StateException("a state is shorter than its kind", cause);
    }
}
