package org.xenolith.x86;

import org.xenolith.ir.Computes;
import org.xenolith.ir.Computes.Operation;
import org.xenolith.ir.Guard;
import org.xenolith.ir.ReadOnly;

import java.math.BigInteger;

/// DIV and IDIV. The dividend is `high` and `low`, each of `bits` bits and zero-extended. The
/// checks raise #DE; the others are pure and are called only after them.
public final class Division {
    private Division() {}

    @ReadOnly
    @Guard(value = "fitsUnsigned", form = Guard.Form.DIVIDES_UNSIGNED)
    public static void checkUnsigned(Cpu cpu, int bits, long high, long low, long divisor) {
        if (!fitsUnsigned(bits, high, low, divisor)) {
            throw Trap.of(Trap.DIVIDE_ERROR);
        }
    }

    /// Whether the quotient fits, which is when the high half is below the divisor.
    public static boolean fitsUnsigned(int bits, long high, long low, long divisor) {
        return Long.compareUnsigned(high, divisor) < 0;
    }

    @Computes(Operation.QUOTIENT_UNSIGNED)
    public static long quotientUnsigned(int bits, long high, long low, long divisor) {
        if (bits < 64) {
            return Long.divideUnsigned(high << bits | low, divisor);
        }
        if (high == 0) {
            return Long.divideUnsigned(low, divisor);
        }
        return wide(high, low).divide(unsigned(divisor)).longValue();
    }

    @Computes(Operation.REMAINDER_UNSIGNED)
    public static long remainderUnsigned(int bits, long high, long low, long divisor) {
        if (bits < 64) {
            return Long.remainderUnsigned(high << bits | low, divisor);
        }
        if (high == 0) {
            return Long.remainderUnsigned(low, divisor);
        }
        return wide(high, low).remainder(unsigned(divisor)).longValue();
    }

    @ReadOnly
    @Guard(value = "fitsSigned", form = Guard.Form.DIVIDES_SIGNED)
    public static void checkSigned(Cpu cpu, int bits, long high, long low, long divisor) {
        if (!fitsSigned(bits, high, low, divisor)) {
            throw Trap.of(Trap.DIVIDE_ERROR);
        }
    }

    public static boolean fitsSigned(int bits, long high, long low, long divisor) {
        return divisor != 0 && quotientFits(bits, high, low, divisor);
    }

    private static boolean quotientFits(int bits, long high, long low, long divisor) {
        if (bits < 64) {
            long dividend = dividend(bits, high, low);
            long by = sign(bits, divisor);
            if (dividend == Long.MIN_VALUE && by == -1) {
                return false;
            }
            long quotient = dividend / by;
            return quotient == sign(bits, quotient);
        }
        if (high == low >> 63) {
            return !(low == Long.MIN_VALUE && divisor == -1);
        }
        var quotient = signedWide(high, low).divide(BigInteger.valueOf(divisor));
        return quotient.bitLength() <= 63;
    }

    @Computes(Operation.QUOTIENT_SIGNED)
    public static long quotientSigned(int bits, long high, long low, long divisor) {
        if (bits < 64) {
            return dividend(bits, high, low) / sign(bits, divisor);
        }
        if (high == low >> 63) {
            return low / divisor;
        }
        return signedWide(high, low).divide(BigInteger.valueOf(divisor)).longValue();
    }

    @Computes(Operation.REMAINDER_SIGNED)
    public static long remainderSigned(int bits, long high, long low, long divisor) {
        if (bits < 64) {
            return dividend(bits, high, low) % sign(bits, divisor);
        }
        if (high == low >> 63) {
            return low % divisor;
        }
        return signedWide(high, low).remainder(BigInteger.valueOf(divisor)).longValue();
    }

    private static long dividend(int bits, long high, long low) {
        int unused = 64 - 2 * bits;
        return (high << bits | low) << unused >> unused;
    }

    private static long sign(int bits, long value) {
        int unused = 64 - bits;
        return value << unused >> unused;
    }

    private static BigInteger unsigned(long value) {
        var number = BigInteger.valueOf(value & Long.MAX_VALUE);
        return value < 0 ? number.setBit(63) : number;
    }

    private static BigInteger wide(long high, long low) {
        return unsigned(high).shiftLeft(64).or(unsigned(low));
    }

    private static BigInteger signedWide(long high, long low) {
        return BigInteger.valueOf(high).shiftLeft(64).or(unsigned(low));
    }
}
