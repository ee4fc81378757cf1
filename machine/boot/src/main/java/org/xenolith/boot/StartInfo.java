package org.xenolith.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// `struct hvm_start_info`, version 1, with all that it points to in one block of memory behind it
/// (xen/include/public/arch-x86/hvm/start_info.h). Addresses are guest-physical.
record StartInfo(
        List<Module> modules, String commandLine, long rsdp, List<MemoryMapEntry> memoryMap) {
    static final int MAGIC = 0x336E_C578;
    static final int VERSION = 1;

    private static final int HEADER_BYTES = 56;
    private static final int MODULE_BYTES = 32;
    private static final int MEMORY_MAP_ENTRY_BYTES = 24;

    /// A module where it was placed; `commandLine` is empty for none.
    record Module(long address, long bytes, String commandLine) {}

    StartInfo {
        modules = List.copyOf(modules);
        memoryMap = List.copyOf(memoryMap);
    }

    /// Bytes of the whole block. Refuses command lines that a guest could not read.
    int byteLength() throws BootException {
        int length = stringsAt() + ended(commandLine).length;
        for (var module : modules) {
            length += module.commandLine.isEmpty() ? 0 : ended(module.commandLine).length;
        }
        return length;
    }

    /// The block, to be put at `address`.
    byte[] encode(long address) throws BootException {
        var block = ByteBuffer.allocate(byteLength()).order(ByteOrder.LITTLE_ENDIAN);
        var strings = new Strings(block, address, stringsAt());
        long commandLineAt = strings.add(commandLine);
        block.putInt(MAGIC)
                .putInt(VERSION)
                .putInt(0)
                .putInt(modules.size())
                .putLong(modules.isEmpty() ? 0 : address + HEADER_BYTES)
                .putLong(commandLineAt)
                .putLong(rsdp)
                .putLong(memoryMap.isEmpty() ? 0 : address + memoryMapAt())
                .putInt(memoryMap.size())
                .putInt(0);
        for (var module : modules) {
            block.putLong(module.address)
                    .putLong(module.bytes)
                    .putLong(module.commandLine.isEmpty() ? 0 : strings.add(module.commandLine))
                    .putLong(0);
        }
        for (var entry : memoryMap) {
            block.putLong(entry.address())
                    .putLong(entry.bytes())
                    .putInt(entry.type().number())
                    .putInt(0);
        }
        return block.array();
    }

    private int memoryMapAt() {
        return HEADER_BYTES + modules.size() * MODULE_BYTES;
    }

    private int stringsAt() {
        return memoryMapAt() + memoryMap.size() * MEMORY_MAP_ENTRY_BYTES;
    }

    private static byte[] ended(String commandLine) throws BootException {
        var bytes = (commandLine + '\0').getBytes(StandardCharsets.UTF_8);
        if (commandLine.indexOf('\0') >= 0) {
            throw new BootException("the kernel's command line holds a zero byte");
        }
        if (bytes.length > PvhBoot.COMMAND_LINE_BYTES_MAX + 1) {
            throw new BootException(
                    "the kernel's command line is longer than %d bytes"
                            .formatted(PvhBoot.COMMAND_LINE_BYTES_MAX));
        }
        return bytes;
    }

    /// Lays strings behind the tables.
    private static final class Strings {
        private final ByteBuffer block;
        private final long address;
        private int next;

        Strings(ByteBuffer block, long address, int next) {
            this.block = block;
            this.address = address;
            this.next = next;
        }

        long add(String commandLine) throws BootException {
            var bytes = ended(commandLine);
            int at = next;
            block.put(at, bytes);
            next += bytes.length;
            return address + at;
        }
    }
}
