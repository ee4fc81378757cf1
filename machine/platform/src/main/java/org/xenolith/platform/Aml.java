package org.xenolith.platform;

import java.nio.charset.StandardCharsets;

/// A few terms of the ACPI Machine Language, each as its bytes (ACPI specification 6.5, chapter
/// 20). Names are given as in ASL; segments of fewer than four characters are padded.
final class Aml {
    /// The access type of a field: byte by byte, no lock, other bits preserved.
    private static final int BYTE_ACCESS = 0x01;

    private static final int SYSTEM_MEMORY = 0x00;
    private static final int EXTENDED = 0x5B;

    private Aml() {}

    static byte[] scope(String name, byte[]... body) {
        return block(new byte[] {0x10}, name(name), body);
    }

    static byte[] device(String name, byte[]... body) {
        return block(new byte[] {EXTENDED, (byte) 0x82}, name(name), body);
    }

    /// A method without arguments.
    static byte[] method(String name, byte[]... body) {
        return block(new byte[] {0x14}, concatenate(name(name), new byte[] {0}), body);
    }

    static byte[] when(byte[] predicate, byte[]... body) {
        return block(new byte[] {(byte) 0xA0}, predicate, body);
    }

    /// Name (`name`, `value`).
    static byte[] define(String name, byte[] value) {
        return concatenate(new byte[] {0x08}, name(name), value);
    }

    static byte[] returns(byte[] value) {
        return concatenate(new byte[] {(byte) 0xA4}, value);
    }

    /// ToBuffer with no target.
    static byte[] toBuffer(byte[] value) {
        return concatenate(new byte[] {(byte) 0x96}, value, new byte[] {0});
    }

    /// A region of guest-physical memory.
    static byte[] memoryRegion(String name, long address, int bytes) {
        return concatenate(
                new byte[] {EXTENDED, (byte) 0x80},
                name(name),
                new byte[] {SYSTEM_MEMORY},
                integer(address),
                integer(bytes));
    }

    /// One named field of `bits` bits in a region, `offsetBits` from its start.
    static byte[] field(String region, String name, int offsetBits, int bits) {
        var skipped =
                offsetBits == 0
                        ? new byte[0]
                        : concatenate(new byte[] {0}, packageLength(offsetBits, 0));
        return block(
                new byte[] {EXTENDED, (byte) 0x81},
                concatenate(name(region), new byte[] {BYTE_ACCESS}),
                skipped,
                name(name),
                packageLength(bits, 0));
    }

    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return new byte[] {(byte) value};
        }
        if (value >>> 8 == 0) {
            return new LittleEndian().int8(0x0A).int8((int) value).toArray();
        }
        if (value >>> 16 == 0) {
            return new LittleEndian().int8(0x0B).int16((int) value).toArray();
        }
        if (value >>> 32 == 0) {
            return new LittleEndian().int8(0x0C).int32(value).toArray();
        }
        return new LittleEndian().int8(0x0E).int64(value).toArray();
    }

    static byte[] string(String text) {
        return new LittleEndian()
                .int8(0x0D)
                .append(text.getBytes(StandardCharsets.US_ASCII))
                .int8(0)
                .toArray();
    }

    /// A NameString (20.2.2) of one segment, with the root's backslash if it has one.
    static byte[] name(String asl) {
        boolean root = asl.startsWith("\\");
        var segment = root ? asl.substring(1) : asl;
        if (!segment.matches("[A-Z_][A-Z0-9_]{0,3}")) {
            throw new IllegalArgumentException(asl + " is no name of one segment");
        }
        var padded = (segment + "___").substring(0, 4).getBytes(StandardCharsets.US_ASCII);
        return root ? concatenate(new byte[] {'\\'}, padded) : padded;
    }

    static byte[] concatenate(byte[]... parts) {
        var all = new LittleEndian();
        for (var part : parts) {
            all.append(part);
        }
        return all.toArray();
    }

    private static byte[] block(byte[] opcode, byte[] head, byte[]... body) {
        var content = concatenate(head, concatenate(body));
        return concatenate(opcode, packageLength(content.length, 1), content);
    }

    /// PkgLength (20.2.4). `itself` is 1 if the length counts its own bytes, 0 if not.
    private static byte[] packageLength(int length, int itself) {
        if (length + itself < 1 << 6) {
            return new byte[] {(byte) (length + itself)};
        }
        int following = 1;
        while (length + itself * (1 + following) >= 1 << 4 + 8 * following) {
            following++;
        }
        int value = length + itself * (1 + following);
        var bytes = new byte[1 + following];
        bytes[0] = (byte) (following << 6 | value & 0x0F);
        for (int i = 1; i <= following; i++) {
            bytes[i] = (byte) (value >>> 4 + 8 * (i - 1));
        }
        return bytes;
    }
}
