package org.xenolith.engine.soft;

import java.io.ByteArrayOutputStream;

/// Bytes of guest code, one after the other.
final class Assembler {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final long origin;

    Assembler(long origin) {
        this.origin = origin;
    }

    Assembler bytes(int... values) {
        for (int value : values) {
            bytes.write(value);
        }
        return this;
    }

    Assembler bytes(byte[] values) {
        bytes.writeBytes(values);
        return this;
    }

    Assembler number(long value, int count) {
        for (int index = 0; index < count; index++) {
            bytes.write((int) (value >>> 8 * index));
        }
        return this;
    }

    /// `mov register, value`.
    Assembler load(int register, long value) {
        return bytes(0x48 | register >>> 3, 0xB8 | register & 7).number(value, 8);
    }

    /// `call target`.
    Assembler call(long target) {
        return bytes(0xE8).number(target - (here() + 4), 4);
    }

    /// A jump with a displacement of 32 bits; `opcode` are its bytes.
    Assembler jump(long target, int... opcode) {
        return bytes(opcode).number(target - (here() + 4), 4);
    }

    long here() {
        return origin + bytes.size();
    }

    long origin() {
        return origin;
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }
}
