package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Random;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

class PackedIntegersTest {
    private static final long SEED = 0x5EED_2201;
    private static final int ROUNDS = 20_000;

    private final Random random = new Random(SEED);

    /// Random lanes, every second time near the ends of their range.
    private long lanes() {
        long value = random.nextLong();
        return random.nextBoolean() ? value : value & 0x8181_8181_8181_8181L;
    }

    /// An operation does in every lane what `lane` does to two sign-extended numbers.
    private void signed(int bits, LongBinaryOperator operation, LongBinaryOperator lane) {
        each(bits, true, operation, lane);
    }

    private void unsigned(int bits, LongBinaryOperator operation, LongBinaryOperator lane) {
        each(bits, false, operation, lane);
    }

    private void each(
            int bits, boolean signed, LongBinaryOperator operation, LongBinaryOperator lane) {
        for (int round = 0; round < ROUNDS; round++) {
            long a = lanes();
            long b = round % 7 == 0 ? a : lanes();
            long expected = 0;
            for (int at = 0; at < 64; at += bits) {
                long result =
                        lane.applyAsLong(part(a, at, bits, signed), part(b, at, bits, signed));
                expected |= (result & -1L >>> 64 - bits) << at;
            }
            assertThat(operation.applyAsLong(a, b))
                    .as("lanes of %d bits of %x and %x, seed %x", bits, a, b, SEED)
                    .isEqualTo(expected);
        }
    }

    private static long part(long value, int at, int bits, boolean signed) {
        long top = value << 64 - bits - at;
        return signed ? top >> 64 - bits : top >>> 64 - bits;
    }

    private static LongUnaryOperator clampTo(long least, long most) {
        return value -> Math.clamp(value, least, most);
    }

    @Test
    void sumsAndDifferencesStayInTheirLanes() {
        signed(8, PackedIntegers::addBytes, Long::sum);
        signed(16, PackedIntegers::addWords, Long::sum);
        signed(32, PackedIntegers::addDoublewords, Long::sum);
        signed(8, PackedIntegers::subtractBytes, (a, b) -> a - b);
        signed(16, PackedIntegers::subtractWords, (a, b) -> a - b);
        signed(32, PackedIntegers::subtractDoublewords, (a, b) -> a - b);
        unsigned(8, PackedIntegers::averageBytes, (a, b) -> a + b + 1 >> 1);
        unsigned(16, PackedIntegers::averageWords, (a, b) -> a + b + 1 >> 1);
    }

    @Test
    void saturatedSumsStopAtTheEndsOfTheirRange() {
        var unsigned8 = clampTo(0, 0xFF);
        var unsigned16 = clampTo(0, 0xFFFF);
        var signed8 = clampTo(-0x80, 0x7F);
        var signed16 = clampTo(-0x8000, 0x7FFF);
        unsigned(
                8,
                PackedIntegers::addUnsignedSaturatedBytes,
                (a, b) -> unsigned8.applyAsLong(a + b));
        unsigned(
                16,
                PackedIntegers::addUnsignedSaturatedWords,
                (a, b) -> unsigned16.applyAsLong(a + b));
        unsigned(
                8,
                PackedIntegers::subtractUnsignedSaturatedBytes,
                (a, b) -> unsigned8.applyAsLong(a - b));
        unsigned(
                16,
                PackedIntegers::subtractUnsignedSaturatedWords,
                (a, b) -> unsigned16.applyAsLong(a - b));
        signed(8, PackedIntegers::addSignedSaturatedBytes, (a, b) -> signed8.applyAsLong(a + b));
        signed(16, PackedIntegers::addSignedSaturatedWords, (a, b) -> signed16.applyAsLong(a + b));
        signed(
                8,
                PackedIntegers::subtractSignedSaturatedBytes,
                (a, b) -> signed8.applyAsLong(a - b));
        signed(
                16,
                PackedIntegers::subtractSignedSaturatedWords,
                (a, b) -> signed16.applyAsLong(a - b));
    }

    @Test
    void comparisonsFillTheLanesInWhichTheyHold() {
        signed(8, PackedIntegers::equalBytes, (a, b) -> a == b ? -1 : 0);
        signed(16, PackedIntegers::equalWords, (a, b) -> a == b ? -1 : 0);
        signed(32, PackedIntegers::equalDoublewords, (a, b) -> a == b ? -1 : 0);
        signed(8, PackedIntegers::greaterSignedBytes, (a, b) -> a > b ? -1 : 0);
        signed(16, PackedIntegers::greaterSignedWords, (a, b) -> a > b ? -1 : 0);
        signed(32, PackedIntegers::greaterSignedDoublewords, (a, b) -> a > b ? -1 : 0);
    }

    @Test
    void extremesAreOfTheirLaneAndSign() {
        unsigned(8, PackedIntegers::minimumUnsignedBytes, Math::min);
        unsigned(16, PackedIntegers::minimumUnsignedWords, Math::min);
        unsigned(32, PackedIntegers::minimumUnsignedDoublewords, Math::min);
        unsigned(8, PackedIntegers::maximumUnsignedBytes, Math::max);
        unsigned(16, PackedIntegers::maximumUnsignedWords, Math::max);
        unsigned(32, PackedIntegers::maximumUnsignedDoublewords, Math::max);
        signed(8, PackedIntegers::minimumSignedBytes, Math::min);
        signed(16, PackedIntegers::minimumSignedWords, Math::min);
        signed(32, PackedIntegers::minimumSignedDoublewords, Math::min);
        signed(8, PackedIntegers::maximumSignedBytes, Math::max);
        signed(16, PackedIntegers::maximumSignedWords, Math::max);
        signed(32, PackedIntegers::maximumSignedDoublewords, Math::max);
    }

    @Test
    void signsAreTakenFromTheSecondOperand() {
        signed(8, PackedIntegers::signBytes, (a, b) -> a * Long.signum(b));
        signed(16, PackedIntegers::signWords, (a, b) -> a * Long.signum(b));
        signed(32, PackedIntegers::signDoublewords, (a, b) -> a * Long.signum(b));
        signed(8, (a, _) -> PackedIntegers.absoluteBytes(a), (a, _) -> Math.abs(a));
        signed(16, (a, _) -> PackedIntegers.absoluteWords(a), (a, _) -> Math.abs(a));
        signed(32, (a, _) -> PackedIntegers.absoluteDoublewords(a), (a, _) -> Math.abs(a));
    }

    @Test
    void aCountOfTheWidthOrMoreShiftsEverythingOut() {
        for (long count : new long[] {0, 1, 7, 15, 16, 31, 32, 63, 64, 1L << 40, -1}) {
            int amount = (int) Math.clamp(count < 0 ? 64 : count, 0, 64);
            unsigned(16, (a, _) -> PackedShifts.leftWords(a, count), (a, _) -> left(a, amount));
            unsigned(16, (a, _) -> PackedShifts.rightWords(a, count), (a, _) -> right(a, amount));
            signed(
                    16,
                    (a, _) -> PackedShifts.rightSignedWords(a, count),
                    (a, _) -> a >> Math.min(amount, 63));
            unsigned(
                    32,
                    (a, _) -> PackedShifts.leftDoublewords(a, count),
                    (a, _) -> left(a, amount));
            unsigned(
                    32,
                    (a, _) -> PackedShifts.rightDoublewords(a, count),
                    (a, _) -> right(a, amount));
            signed(
                    32,
                    (a, _) -> PackedShifts.rightSignedDoublewords(a, count),
                    (a, _) -> a >> Math.min(amount, 63));
            unsigned(64, (a, _) -> PackedShifts.leftQuadwords(a, count), (a, _) -> left(a, amount));
            unsigned(
                    64,
                    (a, _) -> PackedShifts.rightQuadwords(a, count),
                    (a, _) -> right(a, amount));
        }
    }

    private static long left(long value, int amount) {
        return amount > 63 ? 0 : value << amount;
    }

    private static long right(long value, int amount) {
        return amount > 63 ? 0 : value >>> amount;
    }
}
