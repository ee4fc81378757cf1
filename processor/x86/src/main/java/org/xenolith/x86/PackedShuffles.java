package org.xenolith.x86;

/// Moves of lanes within and between values of 64 bits: halves of XMM registers or MMX registers.
/// **Hot path.** Pure helpers.
public final class PackedShuffles {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private PackedShuffles() {}

    /// Eight bytes apart: the low four at the even places.
    private static long spreadBytes(long value) {
        long words = value & 0xFFFF | (value & 0xFFFF_0000L) << 16;
        return (words | words << 8) & 0x00FF_00FF_00FF_00FFL;
    }

    private static long spreadWords(long value) {
        return value & 0xFFFF | (value & 0xFFFF_0000L) << 16;
    }

    /// PUNPCKLBW of 64 bits: the low four bytes of each, those of `a` first.
    public static long interleaveLowBytes(long a, long b) {
        return spreadBytes(a) | spreadBytes(b) << 8;
    }

    public static long interleaveHighBytes(long a, long b) {
        return interleaveLowBytes(a >>> 32, b >>> 32);
    }

    public static long interleaveLowWords(long a, long b) {
        return spreadWords(a) | spreadWords(b) << 16;
    }

    public static long interleaveHighWords(long a, long b) {
        return interleaveLowWords(a >>> 32, b >>> 32);
    }

    public static long interleaveLowDoublewords(long a, long b) {
        return a & LOW_32 | b << 32;
    }

    public static long interleaveHighDoublewords(long a, long b) {
        return a >>> 32 | b & ~LOW_32;
    }

    /// PACKSSWB of 64 bits: four signed words of each become signed bytes, saturated.
    public static long packSignedWords(long a, long b) {
        long result = 0;
        for (int lane = 0; lane < 4; lane++) {
            int low = PackedIntegers.saturated8((short) (a >> 16 * lane));
            int high = PackedIntegers.saturated8((short) (b >> 16 * lane));
            result |= (low & 0xFFL) << 8 * lane | (high & 0xFFL) << 8 * lane + 32;
        }
        return result;
    }

    /// PACKUSWB: signed words become unsigned bytes, saturated.
    public static long packUnsignedWords(long a, long b) {
        long result = 0;
        for (int lane = 0; lane < 4; lane++) {
            long low = Math.clamp((short) (a >> 16 * lane), 0, 0xFF);
            long high = Math.clamp((short) (b >> 16 * lane), 0, 0xFF);
            result |= low << 8 * lane | high << 8 * lane + 32;
        }
        return result;
    }

    /// PACKSSDW.
    public static long packSignedDoublewords(long a, long b) {
        return PackedIntegers.saturated16((int) a) & 0xFFFFL
                | (PackedIntegers.saturated16((int) (a >> 32)) & 0xFFFFL) << 16
                | (PackedIntegers.saturated16((int) b) & 0xFFFFL) << 32
                | (long) PackedIntegers.saturated16((int) (b >> 32)) << 48;
    }

    /// PACKUSDW.
    public static long packUnsignedDoublewords(long a, long b) {
        return unsigned16((int) a)
                | unsigned16((int) (a >> 32)) << 16
                | unsigned16((int) b) << 32
                | unsigned16((int) (b >> 32)) << 48;
    }

    private static long unsigned16(int value) {
        return Math.clamp(value, 0, 0xFFFF);
    }

    /// PSHUFB of 64 bits: bytes of `value` as the bytes of `control` say.
    public static long shuffleBytes8(long value, long control) {
        long result = 0;
        for (int at = 0; at < 64; at += 8) {
            int choice = (int) (control >>> at);
            long lane = value >>> 8 * (choice & 7) & 0xFF;
            result |= (choice & 0x80) != 0 ? 0 : lane << at;
        }
        return result;
    }

    /// Half of PSHUFB: bytes of 128 bits as the bytes of `control` say.
    public static long shuffleBytes16(long low, long high, long control) {
        long result = 0;
        for (int at = 0; at < 64; at += 8) {
            int choice = (int) (control >>> at);
            long lane = ((choice & 8) != 0 ? high : low) >>> 8 * (choice & 7) & 0xFF;
            result |= (choice & 0x80) != 0 ? 0 : lane << at;
        }
        return result;
    }

    /// PSHUFW, half of PSHUFLW and PSHUFHW.
    public static long shuffleWords(long value, int control) {
        return value >>> 16 * (control & 3) & 0xFFFF
                | (value >>> 16 * (control >>> 2 & 3) & 0xFFFF) << 16
                | (value >>> 16 * (control >>> 4 & 3) & 0xFFFF) << 32
                | value >>> 16 * (control >>> 6 & 3) << 48;
    }

    /// Half of PSHUFD: the two of four doublewords that the low four bits of `control` name.
    public static long shuffleDoublewords(long low, long high, int control) {
        long first = ((control & 2) != 0 ? high : low) >>> 32 * (control & 1);
        long second = ((control & 8) != 0 ? high : low) >>> 32 * (control >>> 2 & 1);
        return first & LOW_32 | second << 32;
    }

    /// As many low lanes of `from` bits as fit, sign-extended to `to` bits.
    public static long signExtend(long value, int from, int to) {
        long result = 0;
        for (int lane = 0, at = 0; at < 64; lane++, at += to) {
            long extended = value << 64 - from - lane * from >> 64 - from;
            result |= (extended & -1L >>> 64 - to) << at;
        }
        return result;
    }

    public static long zeroExtend(long value, int from, int to) {
        long result = 0;
        for (int lane = 0, at = 0; at < 64; lane++, at += to) {
            result |= (value >>> lane * from & -1L >>> 64 - from) << at;
        }
        return result;
    }
}
