package org.xenolith.state;

import org.xenolith.base.Bug;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// An immutable string of bytes, equal by content; what state records hold instead of arrays.
public final class Bytes {
    public static final Bytes EMPTY = new Bytes(new byte[0]);

    private final byte[] content;

    private Bytes(byte[] content) {
        this.content = content;
    }

    public static Bytes of(byte... content) {
        return content.length == 0 ? EMPTY : new Bytes(content.clone());
    }

    /// A copy of what `content` holds now.
    public static Bytes of(MemorySegment content) {
        return owned(content.toArray(ValueLayout.JAVA_BYTE));
    }

    /// Takes `content` itself, which nobody else may keep.
    static Bytes owned(byte[] content) {
        return content.length == 0 ? EMPTY : new Bytes(content);
    }

    /// The bytes, to be read once.
    public ByteBuffer buffer() {
        return ByteBuffer.wrap(content).asReadOnlyBuffer();
    }

    /// A copy of the bytes.
    public byte[] toArray() {
        return content.clone();
    }

    /// The bytes exclusive-or those of `other`, which has as many.
    public byte[] xor(Bytes other) {
        Bug.check(content.length == other.content.length, "two strings are of one length");
        var result = new byte[content.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (byte) (content[i] ^ other.content[i]);
        }
        return result;
    }

    public int length() {
        return content.length;
    }

    public byte get(int index) {
        return content[index];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(content, bytes.content);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return "Bytes[" + content.length + "]";
    }
}
