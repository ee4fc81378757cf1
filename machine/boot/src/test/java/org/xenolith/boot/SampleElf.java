package org.xenolith.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Builds small kernels, so that tests need no files from outside.
final class SampleElf {
    static final long ADDRESS = 0x10_0000;
    static final int ENTRY = (int) ADDRESS + 0x40;
    static final int CODE_BYTES = 0x300;
    static final long MEMORY_BYTES = 0x1800;

    private static final int NOTE_BYTES = 20;

    private SampleElf() {}

    /// One loadable part of recognisable bytes, and a PHYS32_ENTRY and a PHYS32_RELOC note.
    static byte[] kernel(boolean wide) {
        int headers = wide ? 64 + 2 * 56 : 52 + 2 * 32;
        int notesAt = headers;
        int notesBytes = NOTE_BYTES + 16 + 12;
        int codeAt = notesAt + notesBytes;
        var elf = ByteBuffer.allocate(codeAt + CODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0x464C457F).put((byte) (wide ? 2 : 1)).put((byte) 1).put((byte) 1);
        elf.position(16);
        elf.putShort((short) 2).putShort((short) (wide ? 62 : 3)).putInt(1);
        if (wide) {
            elf.putLong(ADDRESS).putLong(64).putLong(0).putInt(0);
            elf.putShort((short) 64).putShort((short) 56).putShort((short) 2);
        } else {
            elf.putInt((int) ADDRESS).putInt(52).putInt(0).putInt(0);
            elf.putShort((short) 52).putShort((short) 32).putShort((short) 2);
        }
        elf.position(wide ? 64 : 52);
        programHeader(elf, wide, 1, codeAt, ADDRESS, CODE_BYTES, MEMORY_BYTES);
        programHeader(elf, wide, 4, notesAt, 0, notesBytes, notesBytes);
        note(elf, 18, ENTRY);
        note(elf, 19, 0x20_0000, 0x100_0000, 0x3FFF_FFFF);
        for (int i = 0; i < CODE_BYTES; i++) {
            elf.put(codeByte(i));
        }
        return elf.array();
    }

    static byte codeByte(int index) {
        return (byte) (index * 7 + 1);
    }

    private static void programHeader(
            ByteBuffer elf,
            boolean wide,
            int type,
            int offset,
            long address,
            long fileBytes,
            long memoryBytes) {
        if (wide) {
            elf.putInt(type).putInt(7).putLong(offset).putLong(address).putLong(address);
            elf.putLong(fileBytes).putLong(memoryBytes).putLong(4);
        } else {
            elf.putInt(type).putInt(offset).putInt((int) address).putInt((int) address);
            elf.putInt((int) fileBytes).putInt((int) memoryBytes).putInt(7).putInt(4);
        }
    }

    private static void note(ByteBuffer elf, int type, int... words) {
        elf.putInt(4).putInt(4 * words.length).putInt(type).put("Xen\0".getBytes());
        for (int word : words) {
            elf.putInt(word);
        }
    }

    /// A bzImage around a packed kernel, whose last four bytes must be the unpacked length.
    static byte[] bzImage(byte[] payload) {
        int setupBytes = 2 * 512;
        int payloadOffset = 0x100;
        var image =
                ByteBuffer.allocate(setupBytes + payloadOffset + payload.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1F1, (byte) 1)
                .putShort(0x1FE, (short) 0xAA55)
                .putInt(0x202, 0x53726448)
                .putShort(0x206, (short) 0x20F)
                .putInt(0x248, payloadOffset)
                .putInt(0x24C, payload.length)
                .put(setupBytes + payloadOffset, payload);
        return image.array();
    }
}
