package org.xenolith.ir;

/// The width of a value. A value of any width lives in a `long`, zero-extended.
public enum Width {
    W8(8),
    W16(16),
    W32(32),
    W64(64);

    private final int bits;

    Width(int bits) {
        this.bits = bits;
    }

    public int bits() {
        return bits;
    }

    public int bytes() {
        return bits >>> 3;
    }

    /// Ones where a value of this width may have bits.
    public long mask() {
        return -1L >>> (64 - bits);
    }

    /// Only the highest bit of this width.
    public long signBit() {
        return 1L << (bits - 1);
    }

    public long zeroExtend(long value) {
        return value & mask();
    }

    public long signExtend(long value) {
        int unused = 64 - bits;
        return value << unused >> unused;
    }

    public static Width ofBits(int bits) {
        return switch (bits) {
            case 8 -> W8;
            case 16 -> W16;
            case 32 -> W32;
            case 64 -> W64;
            default -> throw new IllegalArgumentException("no width of " + bits + " bits");
        };
    }

    public static Width ofBytes(int bytes) {
        return ofBits(bytes * 8);
    }
}
