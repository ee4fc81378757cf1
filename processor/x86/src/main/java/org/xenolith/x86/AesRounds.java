package org.xenolith.x86;

/// Rounds of the Advanced Encryption Standard (FIPS 197), for AESENC and its kin. Pure helpers:
/// each answers one half (0 low, 1 high) of the state. A column of the state is 32 bits, its first
/// byte lowest. Round keys are the caller's to add.
public final class AesRounds {
    private static final int POLYNOMIAL = 0x11B;

    private static final int[] SUBSTITUTED = new int[256];
    private static final int[] INVERSE_SUBSTITUTED = new int[256];

    /// By byte: its substitute, times the column (2, 1, 1, 3).
    private static final int[] MIXED = new int[256];

    /// By byte: its inverse substitute, times the column (14, 9, 13, 11).
    private static final int[] INVERSE_MIXED = new int[256];

    static {
        int power = 1;
        int inverse = 1;
        do {
            // 3 generates all non-zero elements, 0xF6 is its inverse.
            power = product(power, 3);
            inverse = product(inverse, 0xF6);
            substitute(power, inverse);
        } while (power != 1);
        substitute(0, 0);
        for (int value = 0; value < 256; value++) {
            MIXED[value] = column(SUBSTITUTED[value], 2, 1, 1, 3);
            INVERSE_MIXED[value] = column(INVERSE_SUBSTITUTED[value], 14, 9, 13, 11);
        }
    }

    private AesRounds() {}

    private static void substitute(int value, int inverse) {
        int repeated = inverse * 0x0101;
        int result = 0x63 ^ inverse;
        for (int turn = 1; turn <= 4; turn++) {
            result ^= repeated >>> 8 - turn & 0xFF;
        }
        SUBSTITUTED[value] = result;
        INVERSE_SUBSTITUTED[result] = value;
    }

    private static int product(int a, int b) {
        int result = 0;
        for (int bit = 0; bit < 8; bit++) {
            result ^= (b >>> bit & 1) != 0 ? a << bit : 0;
        }
        for (int bit = 14; bit >= 8; bit--) {
            result ^= (result >>> bit & 1) != 0 ? POLYNOMIAL << bit - 8 : 0;
        }
        return result;
    }

    private static int column(int value, int a, int b, int c, int d) {
        return product(value, a)
                | product(value, b) << 8
                | product(value, c) << 16
                | product(value, d) << 24;
    }

    /// Byte `row` of column `column`, counted round.
    private static int at(long low, long high, int column, int row) {
        int place = column & 3;
        return (int) ((place < 2 ? low : high) >>> 32 * (place & 1) + 8 * row) & 0xFF;
    }

    private static long pair(int first, int second) {
        return Integer.toUnsignedLong(first) | (long) second << 32;
    }

    /// AESENC without the round key.
    public static long encrypt(long low, long high, int half) {
        return pair(encrypted(low, high, 2 * half), encrypted(low, high, 2 * half + 1));
    }

    private static int encrypted(long low, long high, int column) {
        int result = 0;
        for (int row = 0; row < 4; row++) {
            int mixed = MIXED[at(low, high, column + row, row)];
            result ^= Integer.rotateLeft(mixed, 8 * row);
        }
        return result;
    }

    /// AESENCLAST without the round key.
    public static long encryptLast(long low, long high, int half) {
        return pair(
                substituted(SUBSTITUTED, low, high, 2 * half, 1),
                substituted(SUBSTITUTED, low, high, 2 * half + 1, 1));
    }

    /// AESDEC without the round key.
    public static long decrypt(long low, long high, int half) {
        return pair(decrypted(low, high, 2 * half), decrypted(low, high, 2 * half + 1));
    }

    private static int decrypted(long low, long high, int column) {
        int result = 0;
        for (int row = 0; row < 4; row++) {
            int mixed = INVERSE_MIXED[at(low, high, column - row, row)];
            result ^= Integer.rotateLeft(mixed, 8 * row);
        }
        return result;
    }

    /// AESDECLAST without the round key.
    public static long decryptLast(long low, long high, int half) {
        return pair(
                substituted(INVERSE_SUBSTITUTED, low, high, 2 * half, -1),
                substituted(INVERSE_SUBSTITUTED, low, high, 2 * half + 1, -1));
    }

    private static int substituted(int[] table, long low, long high, int column, int direction) {
        int result = 0;
        for (int row = 0; row < 4; row++) {
            result |= table[at(low, high, column + direction * row, row)] << 8 * row;
        }
        return result;
    }

    /// Half of AESIMC.
    public static long mixInverse(long value) {
        return pair(mixedInverse((int) value), mixedInverse((int) (value >>> 32)));
    }

    private static int mixedInverse(int column) {
        int result = 0;
        for (int row = 0; row < 4; row++) {
            int substitute = SUBSTITUTED[column >>> 8 * row & 0xFF];
            result ^= Integer.rotateLeft(INVERSE_MIXED[substitute], 8 * row);
        }
        return result;
    }

    /// Half of AESKEYGENASSIST, of the high 32 bits of a half.
    public static long assistKey(long value, int constant) {
        int word = (int) (value >>> 32);
        int result = 0;
        for (int row = 0; row < 4; row++) {
            result |= SUBSTITUTED[word >>> 8 * row & 0xFF] << 8 * row;
        }
        return pair(result, Integer.rotateRight(result, 8) ^ constant);
    }
}
