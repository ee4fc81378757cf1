package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

class StringComparisonTest {
    private static final long SEED = 0x5EED_2203;
    private static final int ROUNDS = 5000;
    private static final int EQUAL_ANY = 0;
    private static final int EQUAL_EACH = 8;
    private static final int EQUAL_ORDERED = 12;
    private static final int MASKED_NEGATIVE = 0x30;

    private final Random random = new Random(SEED);

    private String text(int longest) {
        var text = new StringBuilder();
        int length = random.nextInt(longest + 1);
        while (text.length() < length) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }

    private static long[] halves(String text) {
        var bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), 16);
        var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new long[] {buffer.getLong(), buffer.getLong()};
    }

    /// PCMPISTRI.
    private static int index(String first, String second, int control) {
        var a = halves(first);
        var b = halves(second);
        int lengthA = (int) StringComparison.implicitLength(a[0], a[1], control);
        int lengthB = (int) StringComparison.implicitLength(b[0], b[1], control);
        assertThat(lengthA).isEqualTo(first.length());
        assertThat(lengthB).isEqualTo(second.length());
        long result = StringComparison.compare(a[0], a[1], b[0], b[1], lengthA, lengthB, control);
        return (int) StringComparison.index(result, lengthA, lengthB, control);
    }

    @Test
    void equalOrderedFindsASubstringOrItsBeginningAtTheEnd() {
        for (int round = 0; round < ROUNDS; round++) {
            var needle = text(4);
            var hay = text(16);
            int expected = 0;
            while (expected < 16 && !beginsAt(needle, hay, expected)) {
                expected++;
            }
            assertThat(index(needle, hay, EQUAL_ORDERED))
                    .as("%s in %s, seed %x", needle, hay, SEED)
                    .isEqualTo(expected);
        }
    }

    /// What is beyond 16 bytes is not known, and so no difference.
    private static boolean beginsAt(String needle, String hay, int at) {
        int known = Math.min(needle.length(), 16 - at);
        return hay.startsWith(needle.substring(0, known), at);
    }

    @Test
    void equalEachNegatedFindsTheFirstDifference() {
        for (int round = 0; round < ROUNDS; round++) {
            var first = text(16);
            var second = random.nextBoolean() ? first : text(16);
            int difference =
                    Arrays.mismatch(
                            Arrays.copyOf(first.toCharArray(), 16),
                            Arrays.copyOf(second.toCharArray(), 16));
            int expected =
                    difference < 0 || difference >= second.length() && difference >= first.length()
                            ? 16
                            : difference;
            assertThat(index(first, second, EQUAL_EACH | 0x10))
                    .as("%s and %s, seed %x", first, second, SEED)
                    .isEqualTo(expected);
        }
    }

    @Test
    void equalAnyNegatedFindsTheFirstByteThatIsNotInTheSet() {
        assertThat(index("abc", "abcabxab", EQUAL_ANY | MASKED_NEGATIVE)).isEqualTo(5);
        assertThat(index("abc", "abcab", EQUAL_ANY | MASKED_NEGATIVE)).isEqualTo(16);
    }

    @Test
    void explicitLengthsAreAbsoluteAndSaturated() {
        assertThat(StringComparison.explicitLength(-5, 0)).isEqualTo(5);
        assertThat(StringComparison.explicitLength(17, 0)).isEqualTo(16);
        assertThat(StringComparison.explicitLength(17, 1)).isEqualTo(8);
        assertThat(StringComparison.explicitLength(Long.MIN_VALUE, 1)).isEqualTo(8);
    }
}
