package org.xenolith.softfloat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// SSE operations agree with the host's processor in result, MXCSR and trap, for all rounding
/// modes, DAZ, FTZ, masks and sticky flags.
///
/// `-Dsoftfloat.cases=N` sets the cases for each operation, `-Dxenolith.seed=S` the seed.
@Tag("fuzz")
class SseOracleTest {
    private static final int CASES = Integer.getInteger("softfloat.cases", 3000);
    private static final long SEED = Long.getLong("xenolith.seed", 1);
    private static final int REPORTED_MAX = 12;
    private static final int STATUS_FLAGS = 0x8D5;

    /// The destination register, and RAX or the status flags of EFLAGS.
    private record Result(long low, long high, long general) {}

    private interface Meaning {
        Result run(Mxcsr m, Oracle.Case q);
    }

    /// Whether the host's register and ours, which differ, are both right.
    private interface Freedom {
        boolean allows(Oracle.Case q, Oracle.Answer host, Result ours);
    }

    private static final Freedom NONE = (q, host, ours) -> false;

    private interface Half {
        long run(long a, long b, Mxcsr m);
    }

    private static Result vector(long low, long high, Oracle.Case q) {
        return new Result(low, high, q.b0());
    }

    private static Result general(long value, Oracle.Case q) {
        return new Result(q.a0(), q.a1(), value);
    }

    private static long replaceLow(long old, int low) {
        return old & 0xFFFF_FFFF_0000_0000L | Integer.toUnsignedLong(low);
    }

    private static Oracle.Case singles(Operands o, int operation) {
        long a0 = o.float32Pair(0);
        long a1 = o.float32Pair(a0);
        return new Oracle.Case(operation, o.mxcsr(), a0, a1, o.float32Pair(a0), o.float32Pair(a1));
    }

    private static Oracle.Case doubles(Operands o, int operation) {
        long a0 = o.float64();
        long a1 = o.float64Near(a0);
        return new Oracle.Case(operation, o.mxcsr(), a0, a1, o.float64Near(a0), o.float64Near(a1));
    }

    private static Oracle.Case integers(Operands o, int operation) {
        return new Oracle.Case(
                operation, o.mxcsr(), o.float64(), o.float64(), o.pattern(), o.pattern());
    }

    private interface Generator {
        Oracle.Case next(Operands o, int operation);
    }

    private void agree(int operation, Generator generator, Meaning meaning) throws Exception {
        agree(operation, generator, false, NONE, meaning);
    }

    private void agree(
            int operation, Generator generator, boolean setsFlags, Freedom freedom, Meaning meaning)
            throws Exception {
        Operands operands = new Operands(SEED + operation);
        Oracle oracle = new Oracle(CASES);
        List<Oracle.Case> cases = new ArrayList<>(CASES);
        for (int i = 0; i < CASES; i++) {
            Oracle.Case q = generator.next(operands, operation);
            cases.add(q);
            oracle.add(q);
        }
        ByteBuffer answers = oracle.run();
        List<String> wrong = new ArrayList<>();
        int count = 0;
        for (int i = 0; i < CASES; i++) {
            String difference =
                    difference(
                            cases.get(i), Oracle.answer(answers, i), setsFlags, freedom, meaning);
            if (difference != null && ++count <= REPORTED_MAX) {
                wrong.add(difference);
            }
        }
        assertThat(wrong)
                .as("operation %x, seed %d: %d of %d differ", operation, SEED, count, CASES)
                .isEmpty();
    }

    private static String difference(
            Oracle.Case q,
            Oracle.Answer expected,
            boolean setsFlags,
            Freedom freedom,
            Meaning meaning) {
        Mxcsr m = new Mxcsr();
        m.value(q.control());
        Result r = meaning.run(m, q);
        boolean trapped = !m.commit();
        if (trapped) {
            r = new Result(q.a0(), q.a1(), setsFlags ? 0 : q.b0());
        }
        boolean hostTrapped = expected.extra() >>> 16 != 0;
        long hostGeneral =
                setsFlags ? (trapped ? 0 : expected.extra() & STATUS_FLAGS) : expected.s0();
        boolean same = r.low == expected.r0() && r.high == expected.r1();
        if ((same || freedom.allows(q, expected, r))
                && r.general == hostGeneral
                && m.value() == expected.status()
                && trapped == hostTrapped) {
            return null;
        }
        return String.format(
                "mxcsr %04x %016x:%016x %016x:%016x expected %016x:%016x %x %04x %b"
                        + " but was %016x:%016x %x %04x %b",
                q.control(),
                q.a1(),
                q.a0(),
                q.b1(),
                q.b0(),
                expected.r1(),
                expected.r0(),
                hostGeneral,
                expected.status(),
                hostTrapped,
                r.high,
                r.low,
                r.general,
                m.value(),
                trapped);
    }

    private void agreePacked(int operation, Half singles, Half doubles) throws Exception {
        Half[] halves = {singles, doubles};
        for (int i = 0; i < 2; i++) {
            Half half = halves[i];
            agree(
                    operation + i,
                    i == 0 ? SseOracleTest::singles : SseOracleTest::doubles,
                    (m, q) -> vector(half.run(q.a0(), q.b0(), m), half.run(q.a1(), q.b1(), m), q));
        }
    }

    @Test
    void addSubtractMultiplyAndDivideAgree() throws Exception {
        agreePacked(0x100, FloatLanes::add, Float64::add);
        agreePacked(0x102, FloatLanes::subtract, Float64::subtract);
        agreePacked(0x104, FloatLanes::multiply, Float64::multiply);
        agreePacked(0x106, FloatLanes::divide, Float64::divide);
    }

    @Test
    void squareRootMinimumAndMaximumAgree() throws Exception {
        agreePacked(
                0x108,
                (a, b, m) -> FloatLanes.squareRoot(b, m),
                (a, b, m) -> Float64.squareRoot(b, m));
        agreePacked(0x10A, FloatLanes::minimum, Float64::minimum);
        agreePacked(0x10C, FloatLanes::maximum, Float64::maximum);
    }

    @Test
    void operationsAcrossLanesAgree() throws Exception {
        agree(
                0x10E,
                SseOracleTest::singles,
                (m, q) ->
                        vector(
                                FloatLanes.horizontalAdd(q.a0(), q.a1(), m),
                                FloatLanes.horizontalAdd(q.b0(), q.b1(), m),
                                q));
        agree(
                0x10F,
                SseOracleTest::doubles,
                (m, q) ->
                        vector(Float64.add(q.a0(), q.a1(), m), Float64.add(q.b0(), q.b1(), m), q));
        agree(
                0x110,
                SseOracleTest::singles,
                (m, q) ->
                        vector(
                                FloatLanes.horizontalSubtract(q.a0(), q.a1(), m),
                                FloatLanes.horizontalSubtract(q.b0(), q.b1(), m),
                                q));
        agree(
                0x112,
                SseOracleTest::singles,
                (m, q) ->
                        vector(
                                FloatLanes.addSubtract(q.a0(), q.b0(), m),
                                FloatLanes.addSubtract(q.a1(), q.b1(), m),
                                q));
    }

    @Test
    void dotProductsAgree() throws Exception {
        int[] controls = {0xFF, 0x7F, 0x3F, 0x8F, 0xE5};
        for (int i = 0; i < controls.length; i++) {
            int control = controls[i];
            agree(
                    0x160 + i,
                    SseOracleTest::singles,
                    false,
                    (q, host, ours) -> differInNans(q, host, ours, 23, control),
                    (m, q) -> dotProduct32(q, control, m));
        }
        int[] controls64 = {0x33, 0x13, 0x32};
        for (int i = 0; i < controls64.length; i++) {
            int control = controls64[i];
            agree(
                    0x165 + i,
                    SseOracleTest::doubles,
                    false,
                    (q, host, ours) -> differInNans(q, host, ours, 52, control),
                    (m, q) -> dotProduct64(q, control, m));
        }
    }

    private static Result dotProduct32(Oracle.Case q, int control, Mxcsr m) {
        return vector(
                FloatLanes.dotProduct32(0, q.a0(), q.a1(), q.b0(), q.b1(), control, m),
                FloatLanes.dotProduct32(1, q.a0(), q.a1(), q.b0(), q.b1(), control, m),
                q);
    }

    private static Result dotProduct64(Oracle.Case q, int control, Mxcsr m) {
        return vector(
                FloatLanes.dotProduct64(0, q.a0(), q.a1(), q.b0(), q.b1(), control, m),
                FloatLanes.dotProduct64(1, q.a0(), q.a1(), q.b0(), q.b1(), control, m),
                q);
    }

    /// Which of several NaNs DPPS and DPPD propagate to which lane is implementation dependent (SDM
    /// vol. 2, DPPS). Every NaN must be that of a product that the immediate names, or the default
    /// one if something was invalid; all lanes that are not NaNs must be equal.
    ///
    /// On Intel's processors every lane adds its neighbours to itself, as here; AMD's add once and
    /// give all lanes that sum. See docs/quirks.md.
    private static boolean differInNans(
            Oracle.Case q, Oracle.Answer host, Result ours, int fractionBits, int control) {
        Set<Long> nans = new HashSet<>();
        if ((host.status() & FloatFlags.INVALID) != 0) {
            nans.add(Binary.defaultNan(fractionBits));
        }
        int lanes = fractionBits == 52 ? 2 : 4;
        for (int i = 0; i < lanes; i++) {
            long a = lane(q.a0(), q.a1(), lanes, i);
            long b = lane(q.b0(), q.b1(), lanes, i);
            // Of two NaNs, a product is the first (SDM vol. 1, table 4-7).
            long first = Binary.isNan(a, fractionBits) ? a : b;
            if ((control >>> 4 + i & 1) != 0 && Binary.isNan(first, fractionBits)) {
                nans.add(Binary.quiet(first, fractionBits));
            }
        }
        for (int i = 0; i < lanes; i++) {
            long theirs = lane(host.r0(), host.r1(), lanes, i);
            long own = lane(ours.low, ours.high, lanes, i);
            if (theirs != own && !(nans.contains(theirs) && nans.contains(own))) {
                return false;
            }
        }
        return true;
    }

    private static long lane(long low, long high, int lanes, int i) {
        if (lanes == 2) {
            return i == 0 ? low : high;
        }
        return (i < 2 ? low : high) >>> 32 * (i & 1) & 0xFFFF_FFFFL;
    }

    /// The canary: a NaN that no operand is must be noticed, however free the choice of one.
    @Test
    void aNanFromElsewhereIsNoticed() {
        int control = 0xFF;
        assertThatThrownBy(() ->
                        agree(
                                0x160,
                                SseOracleTest::singles,
                                false,
                                (q, host, ours) -> differInNans(q, host, ours, 23, control),
                                (m, q) -> {
                                    Result r = dotProduct32(q, control, m);
                                    boolean nan = Float.isNaN(Float.intBitsToFloat((int) r.low));
                                    return vector(nan ? r.low ^ 0x10 : r.low, r.high, q);
                                }))
                .isInstanceOfAny(AssertionError.class, TestAbortedException.class);
    }

    @Test
    void comparisonsAgree() throws Exception {
        for (int p = 0; p < 8; p++) {
            int predicate = p;
            agreePacked(
                    0x120 + 2 * p,
                    (a, b, m) -> FloatLanes.compare(a, b, predicate, m),
                    (a, b, m) -> Float64.compare(a, b, predicate, m));
        }
        agree(
                0x130,
                SseOracleTest::singles,
                true,
                NONE,
                (m, q) -> general(Float32.compareOrdered((int) q.a0(), (int) q.b0(), m), q));
        agree(
                0x131,
                SseOracleTest::doubles,
                true,
                NONE,
                (m, q) -> general(Float64.compareOrdered(q.a0(), q.b0(), m), q));
        agree(
                0x132,
                SseOracleTest::singles,
                true,
                NONE,
                (m, q) -> general(Float32.compareUnordered((int) q.a0(), (int) q.b0(), m), q));
        agree(
                0x133,
                SseOracleTest::doubles,
                true,
                NONE,
                (m, q) -> general(Float64.compareUnordered(q.a0(), q.b0(), m), q));
    }

    @Test
    void conversionsFromIntegersAgree() throws Exception {
        agree(
                0x138,
                SseOracleTest::integers,
                (m, q) ->
                        vector(
                                replaceLow(q.a0(), Float32.fromInteger((int) q.b0(), m)),
                                q.a1(),
                                q));
        agree(
                0x139,
                SseOracleTest::integers,
                (m, q) -> vector(replaceLow(q.a0(), Float32.fromInteger(q.b0(), m)), q.a1(), q));
        agree(
                0x13A,
                SseOracleTest::integers,
                (m, q) -> vector(Float64.fromInteger((int) q.b0(), m), q.a1(), q));
        agree(
                0x13B,
                SseOracleTest::integers,
                (m, q) -> vector(Float64.fromInteger(q.b0(), m), q.a1(), q));
        agree(
                0x146,
                SseOracleTest::integers,
                (m, q) ->
                        vector(
                                FloatLanes.fromInt32(q.b0(), m),
                                FloatLanes.fromInt32(q.b1(), m),
                                q));
        agree(
                0x14B,
                SseOracleTest::integers,
                (m, q) ->
                        vector(
                                Float64.fromInteger((int) q.b0(), m),
                                Float64.fromInteger((int) (q.b0() >> 32), m),
                                q));
    }

    private interface ToInteger32 {
        int run(long a, Mxcsr m);
    }

    private interface ToInteger64 {
        long run(long a, Mxcsr m);
    }

    private void agree32(int operation, Generator generator, ToInteger32 meaning) throws Exception {
        agree(
                operation,
                generator,
                (m, q) -> general(Integer.toUnsignedLong(meaning.run(q.b0(), m)), q));
    }

    private void agree64(int operation, Generator generator, ToInteger64 meaning) throws Exception {
        agree(operation, generator, (m, q) -> general(meaning.run(q.b0(), m), q));
    }

    @Test
    void conversionsToIntegersAgree() throws Exception {
        agree32(0x13C, SseOracleTest::singles, (a, m) -> Float32.toInt32((int) a, m));
        agree64(0x13D, SseOracleTest::singles, (a, m) -> Float32.toInt64((int) a, m));
        agree32(0x13E, SseOracleTest::doubles, Float64::toInt32);
        agree64(0x13F, SseOracleTest::doubles, Float64::toInt64);
        agree32(0x140, SseOracleTest::singles, (a, m) -> Float32.truncateToInt32((int) a, m));
        agree64(0x141, SseOracleTest::singles, (a, m) -> Float32.truncateToInt64((int) a, m));
        agree32(0x142, SseOracleTest::doubles, Float64::truncateToInt32);
        agree64(0x143, SseOracleTest::doubles, Float64::truncateToInt64);
        agree(
                0x147,
                SseOracleTest::singles,
                (m, q) -> vector(FloatLanes.toInt32(q.b0(), m), FloatLanes.toInt32(q.b1(), m), q));
        agree(
                0x148,
                SseOracleTest::singles,
                (m, q) ->
                        vector(
                                FloatLanes.truncateToInt32(q.b0(), m),
                                FloatLanes.truncateToInt32(q.b1(), m),
                                q));
        agree(
                0x149,
                SseOracleTest::doubles,
                (m, q) -> vector(FloatLanes.float64ToInt32(q.b0(), q.b1(), m), 0, q));
        agree(
                0x14A,
                SseOracleTest::doubles,
                (m, q) -> vector(FloatLanes.float64TruncateToInt32(q.b0(), q.b1(), m), 0, q));
    }

    @Test
    void conversionsBetweenFormatsAgree() throws Exception {
        agree(
                0x144,
                SseOracleTest::singles,
                (m, q) ->
                        vector(
                                Float32.toFloat64((int) q.b0(), m),
                                Float32.toFloat64((int) (q.b0() >>> 32), m),
                                q));
        agree(
                0x145,
                SseOracleTest::doubles,
                (m, q) -> vector(FloatLanes.fromFloat64(q.b0(), q.b1(), m), 0, q));
    }

    @Test
    void roundingToIntegralValuesAgrees() throws Exception {
        int[] controls = {0, 1, 2, 3, 4, 9, 12};
        for (int i = 0; i < controls.length; i++) {
            int control = controls[i];
            agreePacked(
                    0x150 + 2 * i,
                    (a, b, m) -> FloatLanes.round(b, control, m),
                    (a, b, m) -> Float64.round(b, control, m));
        }
    }

    /// The tables of RCPPS and RSQRTPS differ between models: numbers need only be near, all else
    /// must be equal.
    @Test
    void approximationsAreWithinTheManualsError() throws Exception {
        for (int operation : new int[] {0x11E, 0x11F}) {
            Operands operands = new Operands(SEED + operation);
            Oracle oracle = new Oracle(CASES);
            int[] inputs = new int[CASES];
            for (int i = 0; i < CASES; i++) {
                inputs[i] = operands.float32();
                oracle.add(new Oracle.Case(operation, 0x1F80, 0, 0, inputs[i], 0));
            }
            ByteBuffer answers = oracle.run();
            for (int i = 0; i < CASES; i++) {
                int expected = (int) Oracle.answer(answers, i).r0();
                int actual =
                        operation == 0x11E
                                ? Float32.approximateReciprocal(inputs[i])
                                : Float32.approximateReciprocalRoot(inputs[i]);
                double x = Float.intBitsToFloat(inputs[i]);
                double exact = operation == 0x11E ? 1 / x : 1 / Math.sqrt(x);
                float number = Float.intBitsToFloat(actual);
                boolean near =
                        Math.abs(exact) >= Float.MIN_NORMAL
                                && Float.isFinite(number)
                                && Math.abs(number / exact - 1) < 1.5 / 4096;
                assertThat(near || actual == expected)
                        .as("%x of %08x: %08x, %08x", operation, inputs[i], actual, expected)
                        .isTrue();
            }
        }
    }
}
