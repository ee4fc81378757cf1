package org.xenolith.softfloat;

/// A number of 128 significant bits, for functions whose results must hold 64: magnitude
/// `(high·2^64 + low) · 2^(exponent - 127)`, bit 63 of `high` set unless it is zero. Operations cut
/// what does not fit, so each errs by a few units of the last place; no overflow is possible from
/// operands that the x87 knows.
record Wide(boolean negative, int exponent, long high, long low) {
    static final Wide ZERO = new Wide(false, 0, 0, 0);
    static final Wide ONE = of(1);
    static final Wide PI = new Wide(false, 1, 0xC90F_DAA2_2168_C234L, 0xC4C6_628B_80DC_1CD1L);
    static final Wide LN_2 = new Wide(false, -1, 0xB172_17F7_D1CF_79ABL, 0xC9E3_B398_03F2_F6AFL);
    static final Wide LOG2_E = new Wide(false, 0, 0xB8AA_3B29_5C17_F0BBL, 0xBE87_FED0_691D_3E88L);

    static Wide of(long value) {
        return value == 0
                ? ZERO
                : new Wide(
                        value < 0,
                        63 - Long.numberOfLeadingZeros(Math.abs(value)),
                        Float80.normalized(Math.abs(value)),
                        0);
    }

    /// A finite x87 value.
    static Wide of(long significand, int signExponent) {
        return significand == 0
                ? ZERO
                : new Wide(
                        Float80.isNegative(signExponent),
                        Float80.exponent(significand, signExponent),
                        Float80.normalized(significand),
                        0);
    }

    /// Takes any 128-bit magnitude.
    static Wide normalized(boolean negative, int exponent, long high, long low) {
        if (high < 0) {
            return new Wide(negative, exponent, high, low);
        }
        if (high == 0) {
            return low == 0 ? ZERO : normalized(negative, exponent - 64, low, 0);
        }
        int n = Long.numberOfLeadingZeros(high);
        return new Wide(negative, exponent - n, high << n | low >>> (64 - n), low << n);
    }

    boolean isZero() {
        return high == 0;
    }

    Wide negate() {
        return new Wide(!negative, exponent, high, low);
    }

    Wide magnitude() {
        return negative ? negate() : this;
    }

    /// Times a power of two.
    Wide scale(int power) {
        return isZero() ? this : new Wide(negative, exponent + power, high, low);
    }

    /// Less a unit of the last place in magnitude.
    Wide cut() {
        return normalized(negative, exponent, low == 0 ? high - 1 : high, low - 1);
    }

    Wide subtract(Wide other) {
        return add(other.negate());
    }

    Wide add(Wide other) {
        if (isZero()) {
            return other;
        }
        if (other.isZero()) {
            return this;
        }
        return compareMagnitude(other) >= 0 ? addSmaller(other) : other.addSmaller(this);
    }

    int compareMagnitude(Wide other) {
        if (isZero() || other.isZero()) {
            return Boolean.compare(other.isZero(), isZero());
        }
        if (exponent != other.exponent) {
            return Integer.compare(exponent, other.exponent);
        }
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    private Wide addSmaller(Wide other) {
        int distance = exponent - other.exponent;
        long h = distance >= 64 ? 0 : other.high >>> distance;
        long l;
        if (distance == 0) {
            l = other.low;
        } else if (distance < 64) {
            l = other.high << (64 - distance) | other.low >>> distance;
        } else {
            l = distance < 128 ? other.high >>> (distance - 64) : 0;
        }
        if (negative != other.negative) {
            // What was cut off makes the difference smaller, if only in the last place.
            l = distance >= 128 ? 1 : l;
            long difference = low - l;
            long borrow = Long.compareUnsigned(low, l) < 0 ? 1 : 0;
            return normalized(negative, exponent, high - h - borrow, difference);
        }
        long sumLow = low + l;
        long carry = Long.compareUnsigned(sumLow, l) < 0 ? 1 : 0;
        long sum = high + h + carry;
        // With bit 63 of `high` set, a sum without it has lost a carry; two such always have.
        return sum >= 0 || h < 0
                ? new Wide(
                        negative,
                        exponent + 1,
                        sum >>> 1 | Long.MIN_VALUE,
                        sum << 63 | sumLow >>> 1)
                : new Wide(negative, exponent, sum, sumLow);
    }

    Wide multiply(Wide other) {
        if (isZero() || other.isZero()) {
            return ZERO;
        }
        long middle = Math.unsignedMultiplyHigh(high, other.low);
        long second = Math.unsignedMultiplyHigh(low, other.high);
        long productLow = high * other.high;
        long productHigh = Math.unsignedMultiplyHigh(high, other.high);
        long sum = productLow + middle;
        productHigh += Long.compareUnsigned(sum, middle) < 0 ? 1 : 0;
        long total = sum + second;
        productHigh += Long.compareUnsigned(total, second) < 0 ? 1 : 0;
        return normalized(
                negative != other.negative, exponent + other.exponent + 1, productHigh, total);
    }

    /// The quotient by a number that is not zero.
    Wide divide(Wide other) {
        if (isZero()) {
            return this;
        }
        Wide first = quotient(other);
        Wide rest = subtract(first.multiply(other));
        return rest.isZero() ? first : first.add(rest.quotient(other));
    }

    /// A quotient good to 62 bits.
    private Wide quotient(Wide other) {
        boolean smaller = Long.compareUnsigned(high, other.high) < 0;
        long h = smaller ? high : high >>> 1;
        long l = smaller ? low : high << 63 | low >>> 1;
        long digits = Kernel.divide128(h, l, other.high);
        return new Wide(
                negative != other.negative,
                exponent - other.exponent - (smaller ? 1 : 0),
                digits,
                0);
    }
}
