package org.xenolith.x86;

/// MASKMOVDQU: stores those of 16 bytes whose mask byte has its highest bit set.
public final class MaskedStore {
    private MaskedStore() {}

    public static void store(
            Cpu cpu, long address, long low, long high, long lowMask, long highMask) {
        long wrap = cpu.is64() ? -1 : 0xFFFF_FFFFL;
        for (int pass = 0; pass < 2; pass++) {
            for (int index = 0; index < 16; index++) {
                int shift = 8 * (index & 7);
                if (((index < 8 ? lowMask : highMask) >>> shift & 0x80) == 0) {
                    continue;
                }
                long at = address + index & wrap;
                if (pass == 0) {
                    cpu.probeWrite(at, 1);
                } else {
                    cpu.store8(at, (index < 8 ? low : high) >>> shift & 0xFF);
                }
            }
        }
    }
}
