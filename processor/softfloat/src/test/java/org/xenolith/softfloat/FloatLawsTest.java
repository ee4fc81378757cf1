package org.xenolith.softfloat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Laws that need no other processor than Java's own arithmetic.
@Tag("fuzz")
class FloatLawsTest {
    private static final long SEED = Long.getLong("xenolith.seed", 1);
    private static final int CASES = 50_000;

    private static Mxcsr mxcsr(int value) {
        Mxcsr m = new Mxcsr();
        m.value(value);
        return m;
    }

    @Test
    void theQuickAndTheExactWayAgree() {
        Operands o = new Operands(SEED);
        for (int i = 0; i < CASES; i++) {
            long a = o.float64();
            long b = o.float64Near(a);
            Mxcsr quick = mxcsr(Mxcsr.INITIAL | FloatFlags.PRECISION);
            Mxcsr exact = mxcsr(Mxcsr.INITIAL | FloatFlags.PRECISION);
            assertThat(Float64.add(a, b, quick)).isEqualTo(BinaryArithmetic.add(exact, 52, a, b));
            assertThat(Float64.multiply(a, b, quick))
                    .isEqualTo(BinaryArithmetic.multiply(exact, 52, a, b));
            assertThat(Float64.divide(a, b, quick))
                    .isEqualTo(BinaryArithmetic.divide(exact, 52, a, b));
            assertThat(Float64.squareRoot(a, quick))
                    .isEqualTo(BinaryArithmetic.squareRoot(exact, 52, a));
            assertThat(quick.commit()).isTrue();
            assertThat(exact.commit()).isTrue();
            assertThat(quick.value()).as("%x %x, seed %d", a, b, SEED).isEqualTo(exact.value());
        }
    }

    @Test
    void doublePrecisionOnX87IsJavasDouble() {
        Operands o = new Operands(SEED);
        FpuContext c = new FpuContext();
        c.controlWord(0x027F);
        for (int i = 0; i < CASES; i++) {
            double a = 1 + o.random.nextDouble();
            double b = (1 + o.random.nextDouble()) * (o.random.nextInt(200) - 100);
            long bBits = Double.doubleToRawLongBits(b);
            loadFloat64(c, a);
            Float80Arithmetic.operateFloat64(
                    c, Float80Arithmetic.MULTIPLY, c.significand, c.signExponent, bBits);
            assertThat(storeFloat64(c)).as("%s %s, seed %d", a, b, SEED).isEqualTo(a * b);
            loadFloat64(c, a);
            Float80Arithmetic.operateFloat64(
                    c, Float80Arithmetic.SUBTRACT, c.significand, c.signExponent, bBits);
            assertThat(storeFloat64(c)).as("%s %s, seed %d", a, b, SEED).isEqualTo(a - b);
        }
    }

    private static void loadFloat64(FpuContext c, double a) {
        Float80Conversion.loadFloat64(c, Double.doubleToRawLongBits(a));
    }

    private static double storeFloat64(FpuContext c) {
        Float80Conversion.storeFloat64(c, c.significand, c.signExponent);
        return Double.longBitsToDouble(c.integer);
    }

    @Test
    void repeatedPartialRemaindersEndInTheRemainder() {
        Operands o = new Operands(SEED);
        FpuContext c = new FpuContext();
        for (int i = 0; i < 2000; i++) {
            double a = Math.scalb(1 + o.random.nextDouble(), o.random.nextInt(2000) - 1000);
            double b = Math.scalb(1 + o.random.nextDouble(), o.random.nextInt(2000) - 1000);
            long divisor = Float80.widen64Significand(Double.doubleToRawLongBits(b));
            int divisorExponent = Float80.widen64SignExponent(Double.doubleToRawLongBits(b));
            boolean nearest = (i & 1) != 0;
            loadFloat64(c, a);
            int steps = 0;
            do {
                Float80Parts.remainder(
                        c, c.significand, c.signExponent, divisor, divisorExponent, nearest);
                assertThat(++steps).isLessThan(70);
            } while ((c.flags & FloatFlags.C2) != 0);
            assertThat(storeFloat64(c))
                    .as("%s %s, seed %d", a, b, SEED)
                    .isEqualTo(nearest ? Math.IEEEremainder(a, b) : a % b);
        }
    }

    /// As on Intel's processors; where the host is another, no oracle tells.
    @Test
    void aLaneOfADotProductPrefersTheNanOfItsNeighbour() {
        long low = 0x7FC0_0002_7FC0_0001L;
        long high = 0x7FC0_0004_7FC0_0003L;
        long one = 0x3F80_0000_3F80_0000L;
        Mxcsr m = mxcsr(Mxcsr.INITIAL);
        assertThat(FloatLanes.dotProduct32(0, low, high, one, one, 0xFF, m))
                .isEqualTo(0x7FC0_0001_7FC0_0002L);
        assertThat(FloatLanes.dotProduct32(1, low, high, one, one, 0xFF, m))
                .isEqualTo(0x7FC0_0003_7FC0_0004L);
        assertThat(m.commit()).isTrue();
        assertThat(m.value()).isEqualTo(Mxcsr.INITIAL);
    }

    /// As on Intel's processors; see [TranscendentalOracleTest].
    @Test
    void aTinyNumberIsItsOwnSineInAllRoundingModes() {
        FpuContext c = new FpuContext();
        for (int rounding = 0; rounding < 4; rounding++) {
            c.controlWord(0x037F | rounding << 10);
            Float80Functions.sine(c, Long.MIN_VALUE, 1);
            assertThat(c.significand).isEqualTo(Long.MIN_VALUE);
            assertThat(c.signExponent).isEqualTo(1);
            assertThat(c.flags).isEqualTo(FloatFlags.PRECISION);
        }
    }

    @Test
    void anUnmaskedExceptionRefusesTheInstructionAndStays() {
        Mxcsr m = mxcsr(Mxcsr.INITIAL & ~(FloatFlags.DIVIDE_BY_ZERO << 7));
        long one = Double.doubleToRawLongBits(1);
        Float64.divide(one, 0, m);
        Float64.divide(one, Double.doubleToRawLongBits(3), m);
        assertThat(m.commit()).isFalse();
        assertThat(m.value() & FloatFlags.EXCEPTIONS).isEqualTo(FloatFlags.DIVIDE_BY_ZERO);
        Float64.add(one, one, m);
        assertThat(m.commit()).isTrue();
    }

    @Test
    void anUnmaskedInvalidOperationOnX87WritesNothing() {
        FpuContext c = new FpuContext();
        c.controlWord(0x037E);
        assertThat(Float80Arithmetic.operate(c, Float80Arithmetic.DIVIDE, 0, 0, 0, 0x8000))
                .isFalse();
        assertThat(c.flags).isEqualTo(FloatFlags.INVALID);
    }
}
