package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Random;

class AesRoundsTest {
    private static final long SEED = 0x5EED_2202;
    private static final int ROUNDS = 10;

    /// Round keys as the instructions make them: a low and a high half each.
    private static long[] expand(long low, long high) {
        var keys = new long[2 * (ROUNDS + 1)];
        keys[0] = low;
        keys[1] = high;
        int constant = 1;
        for (int round = 1; round <= ROUNDS; round++) {
            // The highest word of AESKEYGENASSIST, to all words of the running sums.
            long word = AesRounds.assistKey(keys[2 * round - 1], constant) >>> 32;
            long sumLow = keys[2 * round - 2] ^ keys[2 * round - 2] << 32;
            long last = sumLow >>> 32;
            long sumHigh = keys[2 * round - 1] ^ keys[2 * round - 1] << 32;
            sumHigh ^= last | last << 32;
            keys[2 * round] = sumLow ^ (word | word << 32);
            keys[2 * round + 1] = sumHigh ^ (word | word << 32);
            constant = constant << 1 ^ (constant >= 0x80 ? 0x11B : 0);
        }
        return keys;
    }

    private static long[] encrypt(long[] keys, long low, long high) {
        long a = low ^ keys[0];
        long b = high ^ keys[1];
        for (int round = 1; round < ROUNDS; round++) {
            long first = AesRounds.encrypt(a, b, 0) ^ keys[2 * round];
            b = AesRounds.encrypt(a, b, 1) ^ keys[2 * round + 1];
            a = first;
        }
        return new long[] {
            AesRounds.encryptLast(a, b, 0) ^ keys[2 * ROUNDS],
            AesRounds.encryptLast(a, b, 1) ^ keys[2 * ROUNDS + 1]
        };
    }

    private static long[] decrypt(long[] keys, long low, long high) {
        long a = low ^ keys[2 * ROUNDS];
        long b = high ^ keys[2 * ROUNDS + 1];
        for (int round = ROUNDS - 1; round > 0; round--) {
            long first = AesRounds.decrypt(a, b, 0) ^ AesRounds.mixInverse(keys[2 * round]);
            b = AesRounds.decrypt(a, b, 1) ^ AesRounds.mixInverse(keys[2 * round + 1]);
            a = first;
        }
        return new long[] {
            AesRounds.decryptLast(a, b, 0) ^ keys[0], AesRounds.decryptLast(a, b, 1) ^ keys[1]
        };
    }

    /// Bytes as they stand in memory, lowest first.
    private static long bytes(long bigEndian) {
        return Long.reverseBytes(bigEndian);
    }

    @Test
    void theExampleOfTheStandardIsEncrypted() {
        // FIPS 197, appendix C.1
        var keys = expand(bytes(0x0001020304050607L), bytes(0x08090A0B0C0D0E0FL));
        var text = encrypt(keys, bytes(0x0011223344556677L), bytes(0x8899AABBCCDDEEFFL));
        assertThat(text).containsExactly(bytes(0x69C4E0D86A7B0430L), bytes(0xD8CDB78070B4C55AL));
    }

    @Test
    void decryptionUndoesEncryption() {
        var random = new Random(SEED);
        for (int round = 0; round < 1000; round++) {
            var keys = expand(random.nextLong(), random.nextLong());
            long low = random.nextLong();
            long high = random.nextLong();
            var text = encrypt(keys, low, high);
            assertThat(decrypt(keys, text[0], text[1]))
                    .as("seed %x", SEED)
                    .containsExactly(low, high);
        }
    }

    @Test
    void productsOfPolynomialsHaveNoCarries() {
        assertThat(CarrylessProduct.low(0b11, 0b11)).isEqualTo(0b101);
        var random = new Random(SEED);
        for (int round = 0; round < 1000; round++) {
            long a = random.nextLong();
            long b = random.nextLong();
            long c = random.nextLong();
            assertThat(CarrylessProduct.low(a, b ^ c))
                    .isEqualTo(CarrylessProduct.low(a, b) ^ CarrylessProduct.low(a, c));
            assertThat(CarrylessProduct.high(a, b)).isEqualTo(CarrylessProduct.high(b, a));
            int shift = random.nextInt(1, 64);
            assertThat(CarrylessProduct.low(a, 1L << shift)).isEqualTo(a << shift);
            assertThat(CarrylessProduct.high(a, 1L << shift)).isEqualTo(a >>> 64 - shift);
        }
    }
}
