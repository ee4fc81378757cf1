package org.xenolith.x86;

/// MASKMOVDQU: stores those of 16 bytes whose mask byte has its highest bit set. All 16 must be
/// writable, whatever the mask; the high half is looked at first, as Intel's processors do.
public final class MaskedStore {
    private MaskedStore() {}

    public static void store(
            Cpu cpu, long address, long low, long high, long lowMask, long highMask) {
        long wrap = cpu.is64() ? -1 : 0xFFFF_FFFFL;
        cpu.probeWrite(address + 8 & wrap, 8);
        cpu.probeWrite(address, 8);
        storeHalf(cpu, address, wrap, low, lowMask);
        storeHalf(cpu, address + 8, wrap, high, highMask);
    }

    private static void storeHalf(Cpu cpu, long address, long wrap, long value, long mask) {
        for (int index = 0; index < 8; index++) {
            int shift = 8 * index;
            if ((mask >>> shift & 0x80) != 0) {
                cpu.store8(address + index & wrap, value >>> shift & 0xFF);
            }
        }
    }
}
