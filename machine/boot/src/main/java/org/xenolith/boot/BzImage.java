package org.xenolith.boot;

import java.lang.foreign.MemorySegment;

/// The real-mode header of a Linux bzImage, as far as it tells where the packed kernel is (Linux'
/// Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
///
/// @param protocol the boot protocol's version, major in the upper byte
/// @param payload the packed kernel, its trailing length word included
record BzImage(int protocol, MemorySegment payload) {
    private static final long SETUP_SECTORS = 0x1F1;
    private static final long BOOT_FLAG = 0x1FE;
    private static final long HEADER_MAGIC = 0x202;
    private static final long PROTOCOL = 0x206;
    private static final long PAYLOAD_OFFSET = 0x248;
    private static final long PAYLOAD_LENGTH = 0x24C;

    private static final int BOOT_FLAG_VALUE = 0xAA55;
    private static final long HEADER_MAGIC_VALUE = 0x5372_6448; // "HdrS"

    /// The first version whose header tells where the payload is.
    private static final int PROTOCOL_WITH_PAYLOAD = 0x208;

    private static final int SECTOR_BYTES = 512;

    static boolean hasMagic(MemorySegment content) {
        try {
            var reader = reader(content);
            return reader.u16(BOOT_FLAG) == BOOT_FLAG_VALUE
                    && reader.u32(HEADER_MAGIC) == HEADER_MAGIC_VALUE;
        } catch (BootException _) {
            return false;
        }
    }

    static BzImage parse(MemorySegment content) throws BootException {
        var reader = reader(content);
        int protocol = reader.u16(PROTOCOL);
        if (protocol < PROTOCOL_WITH_PAYLOAD) {
            throw new BootException(
                    "the bzImage has boot protocol %d.%02d; 2.08 or newer is needed"
                            .formatted(protocol >> 8, protocol & 0xFF));
        }
        int sectors = reader.u8(SETUP_SECTORS);
        long setupBytes = (long) ((sectors == 0 ? 4 : sectors) + 1) * SECTOR_BYTES;
        var payload =
                reader.slice(setupBytes + reader.u32(PAYLOAD_OFFSET), reader.u32(PAYLOAD_LENGTH));
        return new BzImage(protocol, payload);
    }

    private static ByteReader reader(MemorySegment content) {
        return new ByteReader(content, "the bzImage");
    }
}
