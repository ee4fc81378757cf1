package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Computes;
import org.xenolith.ir.Computes.Operation;
import org.xenolith.ir.Context;
import org.xenolith.ir.Guard;
import org.xenolith.ir.Helper;
import org.xenolith.ir.Op;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;
import org.xenolith.jit.Region;

import java.lang.foreign.Arena;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Divisions in machine code against numbers of any size. A quotient that does not fit would end
/// the process.
class DivisionTest {
    private static final int DIVISIONS = 4000;
    private static final int HIGH = 1;
    private static final int LOW = 2;
    private static final int DIVISOR = 3;
    private static final int QUOTIENT = 4;
    private static final int REMAINDER = 5;

    /// What the helpers compute, only as declarations.
    public static final class Helpers {
        private Helpers() {}

        @Guard(value = "fits", form = Guard.Form.DIVIDES_UNSIGNED)
        public static void check(Context context, int bits, long high, long low, long divisor) {
            throw Abort.restart();
        }

        @Guard(value = "fits", form = Guard.Form.DIVIDES_SIGNED)
        public static void checkSigned(
                Context context, int bits, long high, long low, long divisor) {
            throw Abort.restart();
        }

        public static boolean fits(int bits, long high, long low, long divisor) {
            return false;
        }

        @Computes(Operation.QUOTIENT_UNSIGNED)
        public static long quotient(int bits, long high, long low, long divisor) {
            throw Abort.restart();
        }

        @Computes(Operation.REMAINDER_UNSIGNED)
        public static long remainder(int bits, long high, long low, long divisor) {
            throw Abort.restart();
        }

        @Computes(Operation.QUOTIENT_SIGNED)
        public static long quotientSigned(int bits, long high, long low, long divisor) {
            throw Abort.restart();
        }

        @Computes(Operation.REMAINDER_SIGNED)
        public static long remainderSigned(int bits, long high, long low, long divisor) {
            throw Abort.restart();
        }
    }

    private final SplittableRandom random = new SplittableRandom(11);
    private int divided;

    @Test
    void quotientsThatFitAreComputedAndOthersLeaveTheRegion() throws Exception {
        assumeTrue(MachineCodeCompiler.isSupported());
        for (var width : Width.values()) {
            for (boolean signed : new boolean[] {false, true}) {
                divided = 0;
                compare(width, signed);
                assertThat(divided).as("%s signed %s", width, signed).isGreaterThan(DIVISIONS / 4);
            }
        }
    }

    private void compare(Width width, boolean signed) throws Exception {
        try (var arena = Arena.ofConfined()) {
            var context = new ArenaContext(arena, random);
            try (var compiler = new MachineCodeCompiler(false, 1 << 16)) {
                var region = new Region(List.of(block(width, signed)));
                var code = compiler.compile(region).orElseThrow();
                for (int division = 0; division < DIVISIONS; division++) {
                    chooseNumbers(context, width, signed);
                    int left =
                            code.run(
                                    context,
                                    context.readTags,
                                    context.writeTags,
                                    context.offsets,
                                    10);
                    check(context, width, signed, left < 10);
                }
            }
        }
    }

    /// r4 and r5 become quotient and remainder of r1:r2 and r3.
    private static Region.Block block(Width width, boolean signed) {
        var ops = new ArrayList<Op>();
        ops.add(new Op.Boundary(0x100, 2));
        ops.add(new Op.Const(Width.W32, width.bits()));
        for (int register : new int[] {HIGH, LOW, DIVISOR}) {
            ops.add(new Op.ReadRegister(register));
        }
        for (int value = 2; value < 5; value++) {
            ops.add(new Op.Convert(false, Width.W64, width, value));
        }
        var numbers = List.of(1, 5, 6, 7);
        ops.add(new Op.Call(helper(signed ? "checkSigned" : "check"), numbers));
        ops.add(new Op.Call(helper(signed ? "quotientSigned" : "quotient"), numbers));
        ops.add(new Op.Call(helper(signed ? "remainderSigned" : "remainder"), numbers));
        ops.add(new Op.WriteRegister(QUOTIENT, 9));
        ops.add(new Op.WriteRegister(REMAINDER, 10));
        ops.add(new Op.Jump(0x200));
        return new Region.Block(0x100, new Unit(ops), List.of(), 1);
    }

    private static Helper helper(String name) {
        return Helper.named(Helpers.class, name);
    }

    private void chooseNumbers(ArenaContext context, Width width, boolean signed) {
        long low = number();
        context.registers[LOW] = low;
        context.registers[DIVISOR] = number();
        long sign = signed ? width.signExtend(low) >> 63 : 0;
        context.registers[HIGH] = random.nextInt(3) > 0 ? sign : number();
    }

    private long number() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(-2, 3);
            case 1 -> 1L << random.nextInt(64);
            case 2 -> -1L << random.nextInt(64);
            default -> random.nextLong() >> random.nextInt(64);
        };
    }

    private void check(ArenaContext context, Width width, boolean signed, boolean done) {
        var high = integer(width, signed, context.registers[HIGH]);
        var low = integer(width, false, context.registers[LOW]);
        var dividend = high.shiftLeft(width.bits()).or(low);
        var divisor = integer(width, signed, context.registers[DIVISOR]);
        boolean fits = divisor.signum() != 0 && fits(width, signed, dividend.divide(divisor));
        assertThat(done && !fits).as("%s by %s is divided", dividend, divisor).isFalse();
        assertThat(fits && !done && !signed).as("%s by %s is not", dividend, divisor).isFalse();
        if (done) {
            divided++;
            var results = dividend.divideAndRemainder(divisor);
            assertThat(context.registers[QUOTIENT])
                    .as("%s by %s", dividend, divisor)
                    .isEqualTo(results[0].longValue());
            assertThat(context.registers[REMAINDER])
                    .as("%s by %s", dividend, divisor)
                    .isEqualTo(results[1].longValue());
        }
    }

    private static BigInteger integer(Width width, boolean signed, long value) {
        if (signed) {
            return BigInteger.valueOf(width.signExtend(value));
        }
        var number = BigInteger.valueOf(width.zeroExtend(value));
        return number.signum() < 0 ? number.add(BigInteger.ONE.shiftLeft(64)) : number;
    }

    private static boolean fits(Width width, boolean signed, BigInteger quotient) {
        return signed ? quotient.bitLength() < width.bits() : quotient.bitLength() <= width.bits();
    }
}
