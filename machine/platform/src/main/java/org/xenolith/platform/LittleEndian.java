package org.xenolith.platform;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Collects little-endian numbers and text into bytes.
final class LittleEndian {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    LittleEndian int8(int value) {
        bytes.write(value);
        return this;
    }

    LittleEndian int16(int value) {
        return int8(value).int8(value >>> 8);
    }

    LittleEndian int32(long value) {
        return int16((int) value).int16((int) (value >>> 16));
    }

    LittleEndian int64(long value) {
        return int32(value).int32(value >>> 32);
    }

    LittleEndian zeros(int count) {
        bytes.writeBytes(new byte[count]);
        return this;
    }

    /// ASCII, padded with zeros to `length`.
    LittleEndian text(String text, int length) {
        var ascii = text.getBytes(StandardCharsets.US_ASCII);
        bytes.write(ascii, 0, Math.min(ascii.length, length));
        return zeros(Math.max(0, length - ascii.length));
    }

    LittleEndian append(byte[] more) {
        bytes.writeBytes(more);
        return this;
    }

    /// Zeros up to a multiple of `alignment`.
    LittleEndian align(int alignment) {
        return zeros(Math.floorMod(-size(), alignment));
    }

    int size() {
        return bytes.size();
    }

    byte[] toArray() {
        return bytes.toByteArray();
    }
}
