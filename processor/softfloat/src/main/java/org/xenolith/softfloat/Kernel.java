package org.xenolith.softfloat;

/// **Hot path.** The four operations and the square root on finite, non-zero, normalized numbers,
/// before rounding. One meaning for all formats: a significand has bit 63 set and stands for
/// `significand · 2^(exponent - 63)`.
final class Kernel {
    private Kernel() {}

    /// Sum of two numbers. An exact zero leaves `high` and `low` zero; its sign is the caller's.
    static void add(Unrounded u, boolean an, int ae, long as, boolean bn, int be, long bs) {
        if (ae > be || (ae == be && Long.compareUnsigned(as, bs) >= 0)) {
            addOrdered(u, an, ae, as, be, bs, an != bn);
        } else {
            addOrdered(u, bn, be, bs, ae, as, an != bn);
        }
    }

    private static void addOrdered(
            Unrounded u,
            boolean negative,
            int e,
            long big,
            int smallExponent,
            long small,
            boolean subtract) {
        int distance = e - smallExponent;
        long high;
        long low;
        if (distance == 0) {
            high = small;
            low = 0;
        } else if (distance < 64) {
            high = small >>> distance;
            low = small << (64 - distance);
        } else if (distance < 128) {
            int n = distance - 64;
            high = 0;
            low = small >>> n | (n != 0 && small << (64 - n) != 0 ? 1 : 0);
        } else {
            high = 0;
            low = 1;
        }
        if (subtract) {
            u.set(negative, e, big - high - (low != 0 ? 1 : 0), -low);
            normalize(u);
            return;
        }
        high += big;
        if (Long.compareUnsigned(high, big) < 0) {
            u.set(negative, e + 1, high >>> 1 | Long.MIN_VALUE, high << 63 | low >>> 1 | low & 1);
        } else {
            u.set(negative, e, high, low);
        }
    }

    /// Shifts left until bit 63 of `high` is set; leaves zero alone.
    static void normalize(Unrounded u) {
        if (u.high < 0) {
            return;
        }
        if (u.high == 0) {
            if (u.low == 0) {
                return;
            }
            u.high = u.low;
            u.low = 0;
            u.exponent -= 64;
        }
        int n = Long.numberOfLeadingZeros(u.high);
        if (n != 0) {
            u.high = u.high << n | u.low >>> (64 - n);
            u.low <<= n;
            u.exponent -= n;
        }
    }

    static void multiply(Unrounded u, boolean negative, int ae, long as, int be, long bs) {
        long high = Math.unsignedMultiplyHigh(as, bs);
        long low = as * bs;
        int e = ae + be + 1;
        if (high >= 0) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            e--;
        }
        u.set(negative, e, high, low);
    }

    static void divide(Unrounded u, boolean negative, int ae, long as, int be, long bs) {
        boolean smaller = Long.compareUnsigned(as, bs) < 0;
        long dividendHigh = smaller ? as : as >>> 1;
        long dividendLow = smaller ? 0 : as << 63;
        long quotient = divide128(dividendHigh, dividendLow, bs);
        long rest = dividendLow - quotient * bs;
        u.set(negative, ae - be - (smaller ? 1 : 0), quotient, fraction(rest, bs));
    }

    /// The place of `rest` in `[0, whole)` as a 64-bit fraction: exact for none and one half.
    private static long fraction(long rest, long whole) {
        if (rest == 0) {
            return 0;
        }
        int side = Long.compareUnsigned(rest, whole - rest);
        return side == 0 ? Long.MIN_VALUE : side > 0 ? 0xC000_0000_0000_0000L : 1;
    }

    static void squareRoot(Unrounded u, int e, long s) {
        boolean odd = (e & 1) != 0;
        long high = odd ? s : s >>> 1;
        long low = odd ? 0 : s << 63;
        long root = root128(high, low);
        long square = root * root;
        long rest = low - square;
        boolean more =
                high
                        != Math.unsignedMultiplyHigh(root, root)
                                + (Long.compareUnsigned(low, square) < 0 ? 1 : 0);
        long fraction;
        if (rest == 0 && !more) {
            fraction = 0;
        } else {
            // (root + 1/2)^2 = root^2 + root + 1/4: a rest above root is above the half.
            fraction = more || Long.compareUnsigned(rest, root) > 0 ? 0xC000_0000_0000_0000L : 1;
        }
        u.set(false, e >> 1, root, fraction);
    }

    /// Floor of the square root of a 128-bit number whose `high` is at least 2^62.
    private static long root128(long high, long low) {
        double scaled = Math.sqrt((high >>> 1) * 2.0 + (high & 1)) * 0x1p32;
        long guess = scaled >= 0x1p64 ? -1L : unsignedLong(scaled);
        if (guess >= 0) {
            guess = Long.MIN_VALUE;
        }
        // One step of Newton's method doubles the 52 good bits: at most one off.
        long quotient = Long.compareUnsigned(high, guess) >= 0 ? -1L : divide128(high, low, guess);
        long root = (quotient >>> 1) + (guess >>> 1) + (quotient & guess & 1);
        if (root >= 0) {
            root = Long.MIN_VALUE;
        }
        while (squareExceeds(root, high, low)) {
            root--;
        }
        while (root != -1L && !squareExceeds(root + 1, high, low)) {
            root++;
        }
        return root;
    }

    private static long unsignedLong(double d) {
        return d >= 0x1p63 ? (long) (d - 0x1p63) + Long.MIN_VALUE : (long) d;
    }

    private static boolean squareExceeds(long root, long high, long low) {
        long squareHigh = Math.unsignedMultiplyHigh(root, root);
        return squareHigh == high
                ? Long.compareUnsigned(root * root, low) > 0
                : Long.compareUnsigned(squareHigh, high) > 0;
    }

    /// Quotient of an unsigned 128-bit number and a divisor above `high` with bit 63 set, by two
    /// digits of 32 bits (Knuth, volume 2, algorithm D).
    static long divide128(long high, long low, long divisor) {
        long divisorHigh = divisor >>> 32;
        long divisorLow = divisor & 0xFFFF_FFFFL;
        long first = digit(high, low >>> 32, divisorHigh, divisorLow);
        long rest = (high << 32 | low >>> 32) - first * divisor;
        long second = digit(rest, low & 0xFFFF_FFFFL, divisorHigh, divisorLow);
        return (first << 32) + second;
    }

    private static long digit(long rest, long next, long divisorHigh, long divisorLow) {
        long digit = Long.divideUnsigned(rest, divisorHigh);
        long left = rest - digit * divisorHigh;
        while (digit >>> 32 != 0
                || Long.compareUnsigned(digit * divisorLow, left << 32 | next) > 0) {
            digit--;
            left += divisorHigh;
            if (left >>> 32 != 0) {
                break;
            }
        }
        return digit;
    }
}
