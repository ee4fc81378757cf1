package org.xenolith.ir;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.UnaryKind;
import org.xenolith.ir.testing.FakeContext;

import java.math.BigInteger;
import java.util.List;
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
    void flagsStayWhereTheirConditionDoesNotHold() {
        var unit =
                new Unit(
                        List.of(
                                new Op.Boundary(0, 1),
                                new Op.ReadRegister(0),
                                new Op.Const(Width.W8, 0),
                                new Op.SetFlagsIf(1, FlagRule.LOGIC, Width.W8, 2, 2, 2)));
        var context = FakeContext.random(new SplittableRandom(1));
        for (long condition = 0; condition < 3; condition++) {
            context.setStatusFlags(Flags.CF | Flags.OF);
            context.registers[0] = condition;
            new Evaluator(unit).execute(context);
            assertThat(context.statusFlags())
                    .isEqualTo(condition == 0 ? Flags.CF | Flags.OF : Flags.ZF | Flags.PF);
        }
    }

    @Test
    void carryAloneKeepsTheOverflowOfARotation() {
        var context = FakeContext.random(new SplittableRandom(1));
        for (var rotation : new CarryRule[] {CarryRule.ROTATE_LEFT, CarryRule.ROTATE_RIGHT}) {
            for (long value : new long[] {0x80, 0xC0, 0x40, 0x81, 0x01}) {
                context.setStatusFlags(Flags.ZF);
                context.setCarry(rotation.ordinal(), 8, value);
                int before = context.statusFlags();
                context.setCarry(CarryRule.VALUE.ordinal(), 8, ~before & Flags.CF);
                assertThat(context.statusFlags()).isEqualTo(before ^ Flags.CF);
            }
        }
    }

    @Test
    void conversionsExtendAndCut() {
        assertThat(Arithmetic.convert(true, Width.W8, Width.W32, 0x80)).isEqualTo(0xFFFF_FF80L);
        assertThat(Arithmetic.convert(false, Width.W8, Width.W32, 0x80)).isEqualTo(0x80);
        assertThat(Arithmetic.convert(true, Width.W64, Width.W16, 0x12345)).isEqualTo(0x2345);
    }
}
