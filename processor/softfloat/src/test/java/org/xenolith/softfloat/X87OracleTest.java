package org.xenolith.softfloat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/// x87 operations agree with the host's processor in every bit of result and flags, for all
/// rounding and precision modes and all masks.
///
/// `-Dsoftfloat.cases=N` sets the cases for each operation, `-Dsoftfloat.seed=S` the seed.
class X87OracleTest {
    private static final int CASES = Integer.getInteger("softfloat.cases", 3000);
    private static final long SEED = Long.getLong("softfloat.seed", System.nanoTime());
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

    private static Oracle.Case registers(Operands o, int operation) {
        int ae = o.signExponent();
        return new Oracle.Case(
                operation,
                o.controlWord(),
                o.significand(),
                ae,
                o.significand(),
                o.signExponentNear(ae));
    }

    private static Oracle.Case withFloat32(Operands o, int operation) {
        return new Oracle.Case(
                operation, o.controlWord(), o.significand(), o.signExponent(), o.float32(), 0);
    }

    private static Oracle.Case withFloat64(Operands o, int operation) {
        return new Oracle.Case(
                operation, o.controlWord(), o.significand(), o.signExponent(), o.float64(), 0);
    }

    private static Oracle.Case withInteger(Operands o, int operation) {
        return new Oracle.Case(
                operation, o.controlWord(), o.significand(), o.signExponent(), o.pattern(), 0);
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
            String difference = difference(cases.get(i), Oracle.answer(answers, i), statusBits, meaning);
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
        if (r0 == expected.r0()
                && r1 == (expected.r1() & 0xFFFF)
                && status == (expected.status() & statusBits)) {
            return null;
        }
        return String.format(
                "cw %04x  %04x:%016x  %04x:%016x  expected %04x:%016x %04x  but was %04x:%016x %04x %s",
                q.control(), q.a1(), q.a0(), q.b1(), q.b0(),
                expected.r1() & 0xFFFF, expected.r0(), expected.status() & statusBits,
                r1, r0, status, write ? "" : "not written");
    }

    @Test
    void arithmeticOnRegistersAgrees() throws Exception {
        for (int operation : new int[] {0, 1, 4, 5, 6, 7}) {
            agree(
                    operation,
                    ALWAYS,
                    X87OracleTest::registers,
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
                X87OracleTest::registers,
                (c, q) -> Float80Arithmetic.squareRoot(c, q.a0(), (int) q.a1()));
    }

    /// The canary: if the oracle could not tell a sum from a difference, it would tell nothing.
    @Test
    void aWrongMeaningIsNoticed() {
        assertThatThrownBy(
                        () ->
                                agree(
                                        Float80Arithmetic.ADD,
                                        ALWAYS,
                                        X87OracleTest::registers,
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
