package org.xenolith.ir;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.UnaryKind;

import java.math.BigInteger;
import java.util.SplittableRandom;

class EvaluatorTest {
    private static final int ROUNDS = 5_000;

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    /// Kinds whose answer is that of unlimited arithmetic, cut to the width.
    private static BigInteger expected(BinaryKind kind, Width width, long left, long right) {
        var l = unsigned(left);
        var r = unsigned(right);
        var signedLeft = BigInteger.valueOf(width.signExtend(left));
        var signedRight = BigInteger.valueOf(width.signExtend(right));
        int bits = width.bits();
        int count = (int) right;
        return switch (kind) {
            case ADD -> l.add(r);
            case SUB -> l.subtract(r);
            case MUL -> l.multiply(r);
            case MUL_HIGH_UNSIGNED -> l.multiply(r).shiftRight(bits);
            case MUL_HIGH_SIGNED -> signedLeft.multiply(signedRight).shiftRight(bits);
            case AND -> l.and(r);
            case OR -> l.or(r);
            case XOR -> l.xor(r);
            case SHIFT_LEFT -> l.shiftLeft(count);
            case SHIFT_RIGHT -> l.shiftRight(count);
            case SHIFT_RIGHT_SIGNED -> signedLeft.shiftRight(count);
            case ROTATE_LEFT -> l.shiftLeft(count).or(l.shiftRight(bits - count));
            case ROTATE_RIGHT -> l.shiftRight(count).or(l.shiftLeft(bits - count));
        };
    }

    @Test
    void binaryOperationsAreUnlimitedArithmeticCutToTheWidth() {
        var random = new SplittableRandom(7);
        for (int round = 0; round < ROUNDS; round++) {
            for (var width : Width.values()) {
                long left = width.zeroExtend(random.nextLong() >>> random.nextInt(64));
                long any = width.zeroExtend(random.nextLong() >>> random.nextInt(64));
                for (var kind : BinaryKind.values()) {
                    long right = Ops.isShift(kind) ? any & (width.bits() - 1) : any;
                    var exact = expected(kind, width, left, right);
                    assertThat(unsigned(Arithmetic.binary(kind, width, left, right)))
                            .as("%s %s %x %x", kind, width, left, right)
                            .isEqualTo(exact.and(unsigned(width.mask())));
                }
            }
        }
    }

    @Test
    void zerosOfZeroAreTheWidth() {
        for (var width : Width.values()) {
            assertThat(Arithmetic.unary(UnaryKind.LEADING_ZEROS, width, 0)).isEqualTo(width.bits());
            assertThat(Arithmetic.unary(UnaryKind.TRAILING_ZEROS, width, 0))
                    .isEqualTo(width.bits());
        }
    }

    @Test
    void conversionsExtendAndCut() {
        assertThat(Arithmetic.convert(true, Width.W8, Width.W32, 0x80)).isEqualTo(0xFFFF_FF80L);
        assertThat(Arithmetic.convert(false, Width.W8, Width.W32, 0x80)).isEqualTo(0x80);
        assertThat(Arithmetic.convert(true, Width.W64, Width.W16, 0x12345)).isEqualTo(0x2345);
    }
}
