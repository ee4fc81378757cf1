package org.xenolith.x86;

/// The CRC32 instruction: polynomial 11EDC6F41, bit-reflected (SDM vol. 2A, CRC32). Pure.
public final class Crc32c {
    private static final int REFLECTED = 0x82F6_3B78;
    private static final int[] BYTES = new int[256];

    static {
        for (int index = 0; index < 256; index++) {
            int crc = index;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ REFLECTED : crc >>> 1;
            }
            BYTES[index] = crc;
        }
    }

    private Crc32c() {}

    /// `crc` (32 bits) carried on over the low `bits` bits of `value`.
    public static long update(int bits, long crc, long value) {
        int result = (int) crc;
        for (int shift = 0; shift < bits; shift += 8) {
            result = BYTES[(result ^ (int) (value >>> shift)) & 0xFF] ^ result >>> 8;
        }
        return Integer.toUnsignedLong(result);
    }
}
