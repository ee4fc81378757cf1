package org.xenolith.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Values that are likely to find mistakes.
final class Values {
    private static final long[] EDGES = {
        0,
        1,
        2,
        -1,
        -2,
        0x7F,
        0x80,
        0xFF,
        0x100,
        0x7FFF,
        0x8000,
        0xFFFF,
        0x1_0000,
        0x7FFF_FFFF,
        0x8000_0000L,
        0xFFFF_FFFFL,
        0x1_0000_0000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0xFFFF_FFFF_8000_0000L,
        0xFFFF_FFFF_7FFF_FFFFL,
        -128,
        -129,
        -32768,
        0x5555_5555_5555_5555L,
        0x0F0F_0F0F_0F0F_0F0FL,
        0x9999,
        0x9A,
        0x99
    };
    private static final int[] FLOATS = {
        0,
        0x8000_0000,
        0x3F80_0000,
        0xBF80_0000,
        1,
        0x8000_0001,
        0x007F_FFFF,
        0x0080_0000,
        0x7F7F_FFFF,
        0xFF7F_FFFF,
        0x7F80_0000,
        0xFF80_0000,
        0x7FC0_0000,
        0xFFC0_0000,
        0x7F80_0001,
        0xFFBF_FFFF,
        0x3F00_0000,
        0x4F00_0000,
        0xCF00_0000,
        0x5F00_0000,
        0xDF00_0000,
        0x3F80_0001,
        0x4EFF_FFFF,
        0x4B00_0001,
        0x3FC0_0000,
        0x4020_0000
    };
    private static final long[] DOUBLES = {
        0,
        Long.MIN_VALUE,
        0x3FF0_0000_0000_0000L,
        0xBFF0_0000_0000_0000L,
        1,
        0x000F_FFFF_FFFF_FFFFL,
        0x0010_0000_0000_0000L,
        0x7FEF_FFFF_FFFF_FFFFL,
        0x7FF0_0000_0000_0000L,
        0xFFF0_0000_0000_0000L,
        0x7FF8_0000_0000_0000L,
        0xFFF8_0000_0000_0000L,
        0x7FF0_0000_0000_0001L,
        0x3FE0_0000_0000_0000L,
        0x41E0_0000_0000_0000L,
        0xC1E0_0000_0000_0000L,
        0x43E0_0000_0000_0000L,
        0xC3E0_0000_0000_0000L,
        0x47EF_FFFF_E000_0000L,
        0x47EF_FFFF_F000_0000L,
        0x36A0_0000_0000_0000L,
        0x3690_0000_0000_0000L,
        0x3810_0000_0000_0000L,
        0x41DF_FFFF_FFC0_0000L,
        0x4330_0000_0000_0001L,
        0x3FF8_0000_0000_0000L
    };

    private final Dice dice;

    Values(Dice dice) {
        this.dice = dice;
    }

    /// An integer of up to 64 bits.
    long integer() {
        return switch (dice.below(8)) {
            case 0, 1, 2 -> dice.anyLong();
            case 3 -> dice.between(-20, 20);
            case 4 -> 1L << dice.below(64);
            case 5 -> (1L << dice.below(64)) - 1;
            case 6 -> dice.pick(EDGES);
            default -> dice.anyLong() >> dice.below(64);
        };
    }

    int float32() {
        return switch (dice.below(6)) {
            case 0 -> (int) dice.anyLong();
            case 1, 2 -> FLOATS[dice.below(FLOATS.length)];
            case 3 -> Float.floatToRawIntBits(dice.between(-100_000, 100_000));
            case 4 -> Float.floatToRawIntBits((float) dice.between(-100_000, 100_000) / 64);
            default -> (int) dice.anyLong() & 0x807F_FFFF | dice.between(100, 160) << 23;
        };
    }

    long float64() {
        return switch (dice.below(6)) {
            case 0 -> dice.anyLong();
            case 1, 2 -> dice.pick(DOUBLES);
            case 3 -> Double.doubleToRawLongBits(dice.between(-100_000, 100_000));
            case 4 -> Double.doubleToRawLongBits((float) dice.between(-100_000, 100_000) / 64);
            default ->
                    dice.anyLong() & 0x800F_FFFF_FFFF_FFFFL
                            | (long) dice.between(1023 - 70, 1023 + 70) << 52;
        };
    }

    /// Sixteen bytes: integers, floats or doubles.
    byte[] vector() {
        var buffer = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        int kind = dice.below(7);
        while (buffer.hasRemaining()) {
            switch (kind) {
                case 0 -> buffer.putLong(dice.anyLong());
                case 1 -> buffer.putLong(integer());
                case 2 -> buffer.putShort((short) integer());
                case 3 -> buffer.putInt((int) integer());
                case 4 -> buffer.putInt(float32());
                // strings in which something is found
                case 5 -> buffer.put((byte) dice.pick(1, 1, 2, 2, 0x80, dice.below(4), 0xFF));
                default -> buffer.putLong(float64());
            }
        }
        return buffer.array();
    }

    /// Ten bytes: a double-extended number of any class (SDM vol. 1, table 8-3).
    byte[] extended() {
        var buffer = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        long integerBit = Long.MIN_VALUE;
        long fraction =
                switch (dice.below(4)) {
                    case 0 -> dice.pick(0, 1, 1L << 62, Long.MAX_VALUE, 3L << 61);
                    case 1 -> dice.anyLong() << dice.below(63);
                    default -> dice.anyLong();
                };
        int exponent =
                switch (dice.below(8)) {
                    case 0 -> 0;
                    case 1 -> 0x7FFF;
                    case 2 -> dice.below(0x8000);
                    case 3 -> 0x3FFF;
                    case 4 ->
                            (int)
                                    dice.pick(
                                            1, 2, 0x7FFE, 0x3C00, 0x3C01, 0x43FE, 0x43FF, 0x3F80,
                                            0x407E, 0x407F, 0x3F81, 0x403E, 0x403D, 0x401E, 0x400E);
                    default -> 0x3FFF + dice.between(-68, 68);
                };
        long significand =
                switch (exponent) {
                    case 0 ->
                            dice.chance(20)
                                    ? fraction
                                    : dice.chance(50) ? 0 : fraction & Long.MAX_VALUE;
                    default -> dice.chance(2) ? fraction & Long.MAX_VALUE : fraction | integerBit;
                };
        buffer.putLong(significand);
        buffer.putShort((short) (exponent | (dice.chance(40) ? 0x8000 : 0)));
        return buffer.array();
    }
}
