package org.xenolith.board;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// An ELF file with a PVH note around a few bytes of 32-bit machine code, written by hand: a guest
/// of our own for tests. It begins as PVH guests do, at [#CODE], flat and unpaged.
final class TinyKernel {
    static final int CODE = 0x10_0000;

    /// A page of free memory for the code's use.
    static final int DATA = 0x20_0000;

    /// Where other vCPUs begin, in real mode.
    private static final int TRAMPOLINE = 0x1_0000;

    private static final int HEADERS_BYTES = 52 + 2 * 32;
    private static final int SERIAL_PORT = 0x3F8;
    private static final int HYPERCALL_SCHED_OP = 29;
    private static final int SCHEDOP_SHUTDOWN = 2;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    TinyKernel bytes(int... values) {
        for (int value : values) {
            code.write(value);
        }
        return this;
    }

    TinyKernel bytes(byte[] values) {
        code.writeBytes(values);
        return this;
    }

    TinyKernel word(int value) {
        return bytes(value, value >>> 8, value >>> 16, value >>> 24);
    }

    byte[] code() {
        return code.toByteArray();
    }

    int length() {
        return code.size();
    }

    /// Where the next byte of code will be.
    int here() {
        return CODE + code.size();
    }

    /// MOV r32, imm32; registers in encoding order.
    TinyKernel load(int register, int value) {
        return bytes(0xB8 + register).word(value);
    }

    /// Writes text to the serial port.
    TinyKernel print(String text) {
        bytes(0x66, 0xBA, SERIAL_PORT, SERIAL_PORT >>> 8); // mov dx, port
        for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
            bytes(0xB0, b, 0xEE); // mov al, b; out dx, al
        }
        return this;
    }

    TinyKernel vmcall() {
        return bytes(0x0F, 0x01, 0xC1);
    }

    /// MOV byte [address], value.
    TinyKernel storeByte(int address, int value) {
        return bytes(0xC6, 0x05).word(address).bytes(value);
    }

    /// MOV dword [address], value.
    TinyKernel storeWord(int address, int value) {
        return bytes(0xC7, 0x05).word(address).word(value);
    }

    /// SCHEDOP_shutdown with a reason.
    TinyKernel shutDown(int reason) {
        return storeWord(DATA, reason)
                .load(0, HYPERCALL_SCHED_OP)
                .load(3, SCHEDOP_SHUTDOWN)
                .load(1, DATA)
                .vmcall();
    }

    /// Starts all other vCPUs, by INIT and a start-up IPI, at `target`: 32-bit code, flat and
    /// unpaged, with data segments that are still to be loaded ([#flatData]).
    TinyKernel startOthers(int target) {
        store(
                TRAMPOLINE,
                new int[] {
                    0xFA, // cli
                    0x2E,
                    0x66,
                    0x0F,
                    0x01,
                    0x16,
                    0x00,
                    0x01, // lgdt cs:[0x100]
                    0x0F,
                    0x20,
                    0xC0,
                    0x0C,
                    0x01,
                    0x0F,
                    0x22,
                    0xC0, // cr0 |= PE
                    0x66,
                    0xEA,
                    target,
                    target >>> 8,
                    target >>> 16,
                    target >>> 24,
                    8,
                    0
                });
        int table = TRAMPOLINE + 0x110;
        storeWord(TRAMPOLINE + 0x100, 0x17 | table << 16)
                .storeWord(TRAMPOLINE + 0x104, table >>> 16);
        storeWord(table + 8, 0x0000_FFFF).storeWord(table + 12, 0x00CF_9A00);
        storeWord(table + 16, 0x0000_FFFF).storeWord(table + 20, 0x00CF_9200);
        return storeWord(0xFEE0_0300, 0xC4500).storeWord(0xFEE0_0300, 0xC4600 | TRAMPOLINE >>> 12);
    }

    private void store(int address, int[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            storeByte(address + i, bytes[i]);
        }
    }

    /// Loads DS and SS on a vCPU that [#startOthers] has started.
    TinyKernel flatData() {
        return bytes(0x66, 0xB8, 0x10, 0, 0x8E, 0xD8, 0x8E, 0xD0);
    }

    /// An instruction with an absolute memory operand: opcode, then register or extension.
    TinyKernel memory(int register, int address, int... opcode) {
        return bytes(opcode).bytes(5 | register << 3).word(address);
    }

    /// Jcc, by its opcode's second byte, to an address in the code.
    TinyKernel jumpIf(int condition, int target) {
        return bytes(0x0F, condition).word(target - (here() + 4));
    }

    /// JMP to an address in the code.
    TinyKernel jump(int target) {
        return bytes(0xE9).word(target - (here() + 4));
    }

    Path write(Path file) throws IOException {
        return Files.write(file, toElf());
    }

    private byte[] toElf() {
        var text = code.toByteArray();
        var note =
                ByteBuffer.allocate(20)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(4)
                        .putInt(4)
                        .putInt(18) // XEN_ELFNOTE_PHYS32_ENTRY
                        .put("Xen\0".getBytes(StandardCharsets.US_ASCII))
                        .putInt(CODE)
                        .array();
        int textAt = HEADERS_BYTES + note.length;
        var file = ByteBuffer.allocate(textAt + text.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
        file.putShort((short) 2).putShort((short) 3).putInt(1).putInt(CODE);
        file.putInt(52).putInt(0).putInt(0);
        file.putShort((short) 52).putShort((short) 32).putShort((short) 2);
        file.putShort((short) 40).putShort((short) 0).putShort((short) 0);
        segment(file, 1, textAt, CODE, text.length, 7); // PT_LOAD
        segment(file, 4, HEADERS_BYTES, 0, note.length, 4); // PT_NOTE
        return file.put(note).put(text).array();
    }

    private static void segment(
            ByteBuffer file, int type, int at, int address, int length, int flags) {
        file.putInt(type).putInt(at).putInt(address).putInt(address);
        file.putInt(length).putInt(length).putInt(flags).putInt(4);
    }
}
