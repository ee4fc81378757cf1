package org.xenolith.softfloat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// x87 operations agree with the host's processor in every bit of result and flags, for all
/// rounding and precision modes and all masks.
///
/// `-Dsoftfloat.cases=N` sets the cases for each operation, `-Dxenolith.seed=S` the seed.
@Tag("fuzz")
class X87OracleTest {
    private static final int CASES = Integer.getInteger("softfloat.cases", 3000);
    private static final long SEED = Long.getLong("xenolith.seed", 1);
    private static final int REPORTED_MAX = 12;

    private final FpuContext context = new FpuContext();

    /// Runs one case in the context; returns whether the result is to be written.
    private interface Operation {
        boolean run(FpuContext c, Oracle.Case q);
    }

    private interface Generator {
        Oracle.Case next(Operands o, int operation);
    }

    private static final int ALWAYS = FloatFlags.EXCEPTIONS | FloatFlags.C1;

    private static Oracle.Case withFloat32(Operands o, int operation) {
        Oracle.Case q = o.registers(operation);
        return new Oracle.Case(operation, q.control(), q.a0(), q.a1(), o.float32(), 0);
    }

    private static Oracle.Case withFloat64(Operands o, int operation) {
        Oracle.Case q = o.registers(operation);
        return new Oracle.Case(operation, q.control(), q.a0(), q.a1(), o.float64(), 0);
    }

    private static Oracle.Case withInteger(Operands o, int operation) {
        Oracle.Case q = o.registers(operation);
        return new Oracle.Case(operation, q.control(), q.a0(), q.a1(), o.pattern(), 0);
    }

    private void agree(int operation, int statusBits, Generator generator, Operation meaning)
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
                    difference(cases.get(i), Oracle.answer(answers, i), statusBits, meaning);
            if (difference != null && ++count <= REPORTED_MAX) {
                wrong.add(difference);
            }
        }
        assertThat(wrong)
                .as("operation %x, seed %d: %d of %d differ", operation, SEED, count, CASES)
                .isEmpty();
    }

    private String difference(
            Oracle.Case q, Oracle.Answer expected, int statusBits, Operation meaning) {
        context.controlWord(q.control());
        boolean write = meaning.run(context, q);
        long r0 = write ? context.significand : q.a0();
        long r1 = write ? context.signExponent & 0xFFFF : q.a1() & 0xFFFF;
        int status = context.flags & statusBits;
        boolean same =
                r0 == expected.r0()
                        && r1 == (expected.r1() & 0xFFFF)
                        && status == (expected.status() & statusBits);
        if (same || write && isUnderflowOfAnOperand(q, expected, status, statusBits)) {
            return null;
        }
        return String.format(
                "cw %04x  %04x:%016x  %04x:%016x  expected %04x:%016x %04x  but was %04x:%016x %04x"
                        + " %s",
                q.control(),
                q.a1(),
                q.a0(),
                q.b1(),
                q.b0(),
                expected.r1() & 0xFFFF,
                expected.r0(),
                expected.status() & statusBits,
                r1,
                r0,
                status,
                write ? "" : "not written");
    }

    /// A denormal number scaled by zero, or divided by infinity, is the result. AMD's processors
    /// take that for an underflow, if it is not masked, and add 24576 to the exponent (SDM vol. 1,
    /// 8.5.5), as everyone does with a denormal result that was computed. Intel's give the operand
    /// as it is, as we do; the tables of FSCALE and FPREM (SDM vol. 2) tell no more. See
    /// docs/quirks.md.
    private static boolean isUnderflowOfAnOperand(
            Oracle.Case q, Oracle.Answer host, int status, int statusBits) {
        int divisor = Float80.classify(q.b0(), (int) q.b1());
        boolean unchanged =
                switch (q.operation()) {
                    case 0x32 -> divisor == Float80.ZERO;
                    case 0x34, 0x35 -> divisor == Float80.INFINITY;
                    default -> false;
                };
        long exponent = 24576 + 1 - Long.numberOfLeadingZeros(q.a0());
        return unchanged
                && (q.a1() & Float80.EXPONENT_MAX) == 0
                && q.a0() > 0
                && (q.control() & FloatFlags.UNDERFLOW) == 0
                && (host.status() & statusBits) == (status | FloatFlags.UNDERFLOW)
                && host.r0() == Float80.normalized(q.a0())
                && (host.r1() & 0xFFFF) == (q.a1() & 0x8000 | exponent);
    }

    @Test
    void arithmeticOnRegistersAgrees() throws Exception {
        for (int operation : new int[] {0, 1, 4, 5, 6, 7}) {
            agree(
                    operation,
                    ALWAYS,
                    Operands::registers,
                    (c, q) ->
                            Float80Arithmetic.operate(
                                    c, operation, q.a0(), (int) q.a1(), q.b0(), (int) q.b1()));
        }
    }

    @Test
    void arithmeticWithMemoryAgrees() throws Exception {
        for (int operation : new int[] {0, 1, 4, 5, 6, 7}) {
            agree(
                    operation | 0x10,
                    ALWAYS,
                    X87OracleTest::withFloat32,
                    (c, q) ->
                            Float80Arithmetic.operateFloat32(
                                    c, operation, q.a0(), (int) q.a1(), (int) q.b0()));
            agree(
                    operation | 0x18,
                    ALWAYS,
                    X87OracleTest::withFloat64,
                    (c, q) ->
                            Float80Arithmetic.operateFloat64(
                                    c, operation, q.a0(), (int) q.a1(), q.b0()));
            agree(
                    operation | 0x20,
                    ALWAYS,
                    X87OracleTest::withInteger,
                    (c, q) ->
                            Float80Arithmetic.operateInteger(
                                    c, operation, q.a0(), (int) q.a1(), (int) q.b0()));
        }
    }

    @Test
    void squareRootAgrees() throws Exception {
        agree(
                0x30,
                ALWAYS,
                Operands::registers,
                (c, q) -> Float80Arithmetic.squareRoot(c, q.a0(), (int) q.a1()));
    }

    private static final int CODES = ALWAYS | FloatFlags.C0 | FloatFlags.C2 | FloatFlags.C3;

    @Test
    void partsAgree() throws Exception {
        agree(
                0x31,
                ALWAYS,
                Operands::registers,
                (c, q) -> Float80Parts.roundToIntegral(c, q.a0(), (int) q.a1()));
        agree(
                0x32,
                ALWAYS,
                Operands::registers,
                (c, q) -> Float80Parts.scale(c, q.a0(), (int) q.a1(), q.b0(), (int) q.b1()));
        agree(
                0x33,
                ALWAYS,
                Operands::registers,
                (c, q) -> pushed(c, q, Float80Parts.extract(c, q.a0(), (int) q.a1())));
    }

    @Test
    void remaindersAgree() throws Exception {
        for (int operation : new int[] {0x34, 0x35}) {
            agree(
                    operation,
                    CODES,
                    Operands::registers,
                    (c, q) ->
                            Float80Parts.remainder(
                                    c,
                                    q.a0(),
                                    (int) q.a1(),
                                    q.b0(),
                                    (int) q.b1(),
                                    operation == 0x35));
        }
    }

    @Test
    void comparisonsAgree() throws Exception {
        agree(0x02, CODES, Operands::registers, (c, q) -> compared(c, q, false));
        agree(0x03, CODES, Operands::registers, (c, q) -> compared(c, q, true));
        agree(
                0x12,
                CODES,
                X87OracleTest::withFloat32,
                (c, q) ->
                        unchanged(
                                Float80Comparison.compareFloat32(
                                        c, q.a0(), (int) q.a1(), (int) q.b0())));
        agree(
                0x1A,
                CODES,
                X87OracleTest::withFloat64,
                (c, q) ->
                        unchanged(
                                Float80Comparison.compareFloat64(c, q.a0(), (int) q.a1(), q.b0())));
        agree(
                0x22,
                CODES,
                X87OracleTest::withInteger,
                (c, q) ->
                        unchanged(
                                Float80Comparison.compareInteger(
                                        c, q.a0(), (int) q.a1(), (int) q.b0())));
        agree(
                0x3F,
                CODES,
                Operands::registers,
                (c, q) -> unchanged(Float80Comparison.compareInteger(c, q.a0(), (int) q.a1(), 0)));
    }

    private static boolean compared(FpuContext c, Oracle.Case q, boolean quiet) {
        return unchanged(
                Float80Comparison.compare(c, q.a0(), (int) q.a1(), q.b0(), (int) q.b1(), quiet));
    }

    private static boolean unchanged(boolean ignored) {
        return false;
    }

    @Test
    void examinationAgrees() throws Exception {
        agree(
                0x3E,
                CODES,
                Operands::registers,
                (c, q) -> {
                    c.flags = Float80.examine(q.a0(), (int) q.a1());
                    return false;
                });
    }

    @Test
    void loadsAgree() throws Exception {
        agree(
                0x40,
                ALWAYS,
                X87OracleTest::withFloat32,
                (c, q) -> Float80Conversion.loadFloat32(c, (int) q.b0()));
        agree(
                0x41,
                ALWAYS,
                X87OracleTest::withFloat64,
                (c, q) -> Float80Conversion.loadFloat64(c, q.b0()));
        agree(
                0x42,
                ALWAYS,
                X87OracleTest::withInteger,
                (c, q) -> Float80Conversion.loadInteger(c, (short) q.b0()));
        agree(
                0x43,
                ALWAYS,
                X87OracleTest::withInteger,
                (c, q) -> Float80Conversion.loadInteger(c, (int) q.b0()));
        agree(
                0x44,
                ALWAYS,
                X87OracleTest::withInteger,
                (c, q) -> Float80Conversion.loadInteger(c, q.b0()));
        agree(
                0x45,
                ALWAYS,
                X87OracleTest::decimal,
                (c, q) -> Float80Conversion.loadDecimal(c, q.b0(), (int) q.b1()));
        for (int i = 0; i < 7; i++) {
            int which = i;
            agree(
                    0x58 + i,
                    ALWAYS,
                    Operands::registers,
                    (c, q) -> {
                        Float80.constant(c, which);
                        return true;
                    });
        }
    }

    private static Oracle.Case decimal(Operands o, int operation) {
        long low = 0;
        for (int i = 0; i < 16; i++) {
            low = low << 4 | o.random.nextInt(10);
        }
        int high = o.random.nextInt(10) << 4 | o.random.nextInt(10) | o.random.nextInt(2) << 15;
        return new Oracle.Case(operation, o.controlWord(), 0, 0, low, high);
    }

    @Test
    void storesAgree() throws Exception {
        agreeStore(0x48, 4, (c, q) -> Float80Conversion.storeFloat32(c, q.a0(), (int) q.a1()));
        agreeStore(0x49, 8, (c, q) -> Float80Conversion.storeFloat64(c, q.a0(), (int) q.a1()));
        for (int i = 0; i < 6; i++) {
            int bits = 16 << i % 3;
            boolean truncate = i >= 3;
            agreeStore(
                    0x4A + i,
                    bits / 8,
                    (c, q) ->
                            Float80Conversion.storeInteger(
                                    c, q.a0(), (int) q.a1(), bits, truncate));
        }
        agreeStore(0x50, 10, (c, q) -> Float80Conversion.storeDecimal(c, q.a0(), (int) q.a1()));
    }

    private void agreeStore(int operation, int bytes, Operation meaning) throws Exception {
        agree(
                operation,
                ALWAYS,
                Operands::registers,
                (c, q) -> {
                    boolean write = meaning.run(c, q);
                    if (bytes < 10) {
                        long mask = bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
                        c.significand = write ? q.b0() & ~mask | c.integer & mask : q.b0();
                        c.signExponent = (int) q.b1();
                    } else if (!write) {
                        c.significand = q.b0();
                        c.signExponent = (int) q.b1();
                    }
                    return true;
                });
    }

    /// What instructions that push leave on top.
    private static boolean pushed(FpuContext c, Oracle.Case q, boolean write) {
        if (write) {
            c.significand = c.secondSignificand;
            c.signExponent = c.secondSignExponent;
        }
        return write;
    }

    /// The canary: if the oracle could not tell a sum from a difference, it would tell nothing.
    @Test
    void aWrongMeaningIsNoticed() {
        assertThatThrownBy(() ->
                        agree(
                                Float80Arithmetic.ADD,
                                ALWAYS,
                                Operands::registers,
                                (c, q) ->
                                        Float80Arithmetic.operate(
                                                c,
                                                Float80Arithmetic.SUBTRACT,
                                                q.a0(),
                                                (int) q.a1(),
                                                q.b0(),
                                                (int) q.b1())))
                .isInstanceOfAny(AssertionError.class, TestAbortedException.class);
    }
}
