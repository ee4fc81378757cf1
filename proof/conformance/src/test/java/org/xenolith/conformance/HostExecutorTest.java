package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.xenolith.base.Clock;
import org.xenolith.state.Bytes;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

class HostExecutorTest {
    private static final long SEED = 20260101;
    private static final int CASES = 3000;

    private static HostExecutor host;

    @BeforeAll
    static void start() throws IOException {
        var reason = HostExecutor.unavailable();
        assumeTrue(reason.isEmpty(), () -> "no host executor: " + reason.orElseThrow());
        host = HostExecutor.start();
    }

    @AfterAll
    static void stop() throws IOException {
        if (host != null) {
            host.close();
        }
    }

    private static CpuCase test(CodeMode mode, String code, long rax, long rbx) {
        var registers = new ArrayList<>(Collections.nCopies(16, 0L));
        registers.set(0, rax);
        registers.set(3, rbx);
        registers.set(4, Arena.DATA + 0x100);
        return new CpuCase(
                "test",
                mode,
                Bytes.of(HexFormat.of().parseHex(code)),
                registers,
                Arena.CODE - mode.base() + 0x8000,
                0x202,
                0,
                0,
                List.of(),
                FloatingState.initial(),
                Allowance.NONE);
    }

    private static CpuOutcome run(CpuCase test) throws IOException {
        return host.run(List.of(test)).getFirst();
    }

    /// ADD r/m64, r64 between registers, in Java; `carryIn` is the mistake of the canary.
    private static CpuOutcome add(CpuCase test, CpuOutcome host, long carryIn) {
        int modrm = test.code().get(2);
        int rex = test.code().get(0);
        int destination = modrm & 7 | (rex & 1) << 3;
        long left = test.registers().get(destination);
        long right = test.registers().get(modrm >> 3 & 7 | (rex & 4) << 1);
        long sum = left + right + carryIn;
        var registers = new ArrayList<>(test.registers());
        registers.set(destination, sum);
        long flags =
                test.rflags() & ~UndefinedFlags.STATUS
                        | (sum == 0 ? UndefinedFlags.ZERO : 0)
                        | (sum < 0 ? UndefinedFlags.SIGN : 0)
                        | (Long.bitCount(sum & 0xFF) % 2 == 0 ? UndefinedFlags.PARITY : 0)
                        | (left ^ right ^ sum) & UndefinedFlags.ADJUST
                        | (((left ^ sum) & (right ^ sum)) < 0 ? UndefinedFlags.OVERFLOW : 0)
                        | (Long.compareUnsigned(sum, left) < 0 ? UndefinedFlags.CARRY : 0);
        return new CpuOutcome(
                registers,
                test.rip() + test.code().length() + 1,
                flags,
                host.fsBase(),
                host.gsBase(),
                3,
                0,
                0,
                host.selectors(),
                test.fxsave(),
                List.of());
    }

    private static List<CpuCase> additions() {
        var generator = new CaseGenerator(host.features(), SEED, "ADD 01 /r");
        var cases = new ArrayList<CpuCase>();
        while (cases.size() < CASES) {
            var test = generator.next();
            boolean plain =
                    test.code().length() == 3
                            && (test.code().get(0) & 0xF8) == 0x48
                            && (test.code().get(2) & 0xC0) == 0xC0
                            && (test.rflags() & 0x100) == 0
                            && test.rip() < Arena.CODE + Arena.CODE_BYTES - 64;
            if (plain) {
                cases.add(test);
            }
        }
        return cases;
    }

    @Test
    void additionInJavaAgreesWithTheHost() throws IOException {
        var cases = additions();
        var outcomes = host.run(cases);
        for (int i = 0; i < CASES; i++) {
            var test = cases.get(i);
            var expected = outcomes.get(i);
            assertThat(Comparison.differences(test, expected, add(test, expected, 0)))
                    .as("seed %d case %d: %s", SEED, i, test)
                    .isEmpty();
        }
    }

    @Test
    void aWrongModelIsNoticed() throws IOException {
        var cases = additions();
        var outcomes = host.run(cases);
        for (int i = 0; i < CASES; i++) {
            assertThat(
                            Comparison.differences(
                                    cases.get(i),
                                    outcomes.get(i),
                                    add(cases.get(i), outcomes.get(i), 1)))
                    .isNotEmpty();
        }
    }

    @Test
    void aWriteToTheReadOnlyPageFaultsThere() throws IOException {
        long address = Arena.DATA + Arena.WRITABLE_BYTES + 8;
        var outcome = run(test(CodeMode.LONG, "488903", 1, address)); // mov [rbx], rax
        assertThat(outcome.vector()).isEqualTo(14);
        assertThat(outcome.errorCode()).isEqualTo(7);
        assertThat(outcome.address()).isEqualTo(address);
        assertThat(outcome.rip()).isEqualTo(Arena.CODE + 0x8000);
        assertThat(outcome.changes()).isEmpty();
    }

    @Test
    void aWriteThatCrossesPagesIsSeenInBoth() throws IOException {
        var outcome = run(test(CodeMode.LONG, "488903", 0, Arena.DATA + 0xFFC));
        assertThat(outcome.vector()).isEqualTo(3);
        assertThat(outcome.changes())
                .isEqualTo(
                        CpuOutcome.changes(
                                Arena.background(), zeroed(Arena.background(), 0xFFC, 8)));
    }

    private static byte[] zeroed(byte[] bytes, int at, int length) {
        Arrays.fill(bytes, at, at + length, (byte) 0);
        return bytes;
    }

    @Test
    void everyKindOfExceptionIsTold() throws IOException {
        assertThat(run(test(CodeMode.LONG, "48f7f3", 1, 0)).vector()).as("div by zero").isZero();
        assertThat(run(test(CodeMode.LONG, "0f0b", 0, 0)).vector()).as("ud2").isEqualTo(6);
        assertThat(run(test(CodeMode.LONG, "f4", 0, 0)).vector()).as("hlt").isEqualTo(13);
        assertThat(run(test(CodeMode.LONG, "cd03", 0, 0)).vector()).as("int 3").isEqualTo(3);
        assertThat(run(test(CodeMode.LONG, "ebfe", 0, 0)).vector())
                .as("jmp to itself")
                .isEqualTo(CpuOutcome.TIMEOUT);
        var nonCanonical = run(test(CodeMode.LONG, "488b03", 0, Long.MIN_VALUE));
        assertThat(nonCanonical.vector()).isEqualTo(13);
    }

    @Test
    void anOpcodeOfThirtyTwoBitModeRunsInCompatibilityMode() throws IOException {
        var outcome = run(test(CodeMode.COMPATIBILITY_32, "40", 41, 0)); // inc eax
        assertThat(outcome.registers().getFirst()).isEqualTo(42);
        assertThat(outcome.rip()).isEqualTo(Arena.CODE + 0x8002);
        assertThat(outcome.selectors().getFirst()).isEqualTo(0x23);
    }

    @Test
    void anOpcodeOfSixteenBitModeRunsThere() throws IOException {
        assumeTrue(host.features().code16());
        var outcome = run(test(CodeMode.COMPATIBILITY_16, "40", 0x1_FFFF, 0)); // inc ax
        assertThat(outcome.registers().getFirst()).isEqualTo(0x1_0000);
        assertThat(outcome.rip()).isEqualTo(0x8002);
        assertThat(outcome.selectors().getFirst()).isEqualTo(7);
    }

    @Test
    void allFormsRunAndTwiceAlike() throws IOException {
        var generator = new CaseGenerator(host.features(), SEED);
        var clock = Clock.system();
        var cases = new ArrayList<CpuCase>();
        for (int i = 0; i < 20_000; i++) {
            cases.add(generator.next());
        }
        long start = clock.nanos();
        var first = host.run(cases);
        long nanos = clock.nanos() - start;
        var second = host.run(cases);
        System.out.printf(
                "host executor: %d forms, %d cases a second%n",
                generator.formCount(), cases.size() * 1_000_000_000L / nanos);
        long timeouts = first.stream().filter(o -> o.vector() == CpuOutcome.TIMEOUT).count();
        assertThat(timeouts).as("cases that do not end").isZero();
        for (int i = 0; i < cases.size(); i++) {
            assertThat(Comparison.differences(cases.get(i), first.get(i), second.get(i)))
                    .as("seed %d case %d: %s", SEED, i, cases.get(i))
                    .isEmpty();
        }
    }

    @Test
    void mostSequencesRunToTheirEnd() throws IOException {
        var generator = new SequenceGenerator(host.features(), SEED);
        var cases = new ArrayList<CpuCase>();
        for (int i = 0; i < CASES; i++) {
            cases.add(generator.next());
        }
        var outcomes = host.run(cases);
        int complete = 0;
        for (int i = 0; i < CASES; i++) {
            long end = cases.get(i).rip() + cases.get(i).code().length();
            var outcome = outcomes.get(i);
            complete += outcome.vector() == 3 && outcome.rip() > end ? 1 : 0;
        }
        assertThat(complete).isGreaterThan(CASES * 9 / 10);
    }

    @Test
    void mostLoopsTurnToTheirEnd() throws IOException {
        var generator = new LoopGenerator(SEED);
        var cases = new ArrayList<CpuCase>();
        for (int i = 0; i < CASES; i++) {
            cases.add(generator.next());
        }
        var outcomes = host.run(cases);
        long complete =
                outcomes.stream()
                        .filter(o -> o.vector() == 3 && o.registers().get(15) == 0)
                        .count();
        long timeouts = outcomes.stream().filter(o -> o.vector() == CpuOutcome.TIMEOUT).count();
        assertThat(complete).isGreaterThan(CASES * 7 / 10);
        assertThat(timeouts).isZero();
    }

    @Test
    void aFixtureSurvivesItsText() throws IOException {
        var generator = new CaseGenerator(host.features(), SEED);
        for (int i = 0; i < 200; i++) {
            var test = generator.next();
            var fixture = new Fixture(test, run(test));
            var read = Fixture.parse(fixture.format());
            assertThat(read.test()).isEqualTo(test);
            assertThat(read.expected()).isEqualTo(fixture.expected());
        }
    }

    @Test
    void aMinimisedCaseKeepsOnlyWhatMatters() throws IOException {
        var test = additions().getFirst();
        var minimal =
                Minimiser.minimise(
                        test,
                        candidate -> candidate.registers().get(9).equals(test.registers().get(9)));
        assertThat(minimal.registers().get(9)).isEqualTo(test.registers().get(9));
        assertThat(minimal.registers().get(8)).isZero();
        assertThat(minimal.rflags()).isEqualTo(0x202);
    }
}
