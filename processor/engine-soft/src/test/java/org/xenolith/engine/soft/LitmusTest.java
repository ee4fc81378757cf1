package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.Litmus.X;
import static org.xenolith.engine.soft.Litmus.Y;
import static org.xenolith.engine.soft.Litmus.loadFirst;
import static org.xenolith.engine.soft.Litmus.loadSecond;
import static org.xenolith.engine.soft.Litmus.store;
import static org.xenolith.engine.soft.ParallelGuest.RSI;
import static org.xenolith.engine.soft.ParallelGuest.memory;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.testkit.Fuzz;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// x86's memory order (SDM vol. 3A, 9.2.3), with vCPUs on threads of their own: what it forbids is
/// never seen. What it allows and a strong order would not is: so the tests can see a difference.
class LitmusTest {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    /// Rounds of each test in each way of execution; together more than ten million.
    private static final int ROUNDS = Integer.getInteger("xenolith.litmus.rounds", 300_000);

    private static final Execution[] EXECUTIONS = {
        Execution.HANDLERS, Execution.BYTECODE_SOON, Execution.MACHINE_CODE, Execution.BOTH_SOON
    };

    private static Litmus storeBuffering(Consumer<Assembler> between) {
        return new Litmus()
                .vcpu(code -> {
                    store(code, X);
                    between.accept(code);
                    loadFirst(code, Y);
                })
                .vcpu(code -> {
                    store(code, Y);
                    between.accept(code);
                    loadFirst(code, X);
                })
                .misses(0, 0)
                .misses(1, 0);
    }

    /// Stores by XCHG, which is locked.
    private static Litmus exchanging() {
        return new Litmus()
                .vcpu(code -> {
                    exchange(code, X);
                    loadFirst(code, Y);
                })
                .vcpu(code -> {
                    exchange(code, Y);
                    loadFirst(code, X);
                })
                .misses(0, 0)
                .misses(1, 0);
    }

    /// mov rbx, rsi; xchg [address], rbx
    private static void exchange(Assembler code, long address) {
        code.bytes(0x48, 0x89, 0xF3);
        memory(code, 3, address, 0x48, 0x87);
    }

    private static Litmus messagePassing() {
        return new Litmus()
                .vcpu(code -> {
                    loadFirst(code, Y);
                    loadSecond(code, X);
                })
                .vcpu(code -> {
                    store(code, X);
                    store(code, Y);
                })
                .sees(0, 0)
                .misses(0, 1);
    }

    private static Litmus loadBuffering() {
        return new Litmus()
                .vcpu(code -> {
                    loadFirst(code, X);
                    store(code, Y);
                })
                .vcpu(code -> {
                    loadFirst(code, Y);
                    store(code, X);
                })
                .sees(0, 0)
                .sees(1, 0);
    }

    private static Litmus sameLocation() {
        return new Litmus()
                .vcpu(code -> {
                    loadFirst(code, X);
                    loadSecond(code, X);
                })
                .vcpu(code -> store(code, X))
                .sees(0, 0)
                .misses(0, 1);
    }

    /// A vCPU sees its own stores at once.
    private static Litmus forwarding() {
        return new Litmus()
                .vcpu(code -> {
                    store(code, X);
                    loadFirst(code, X);
                })
                .vcpu(code -> loadFirst(code, X))
                .misses(0, 0);
    }

    private static Litmus independentReads() {
        return new Litmus()
                .vcpu(code -> {
                    loadFirst(code, X);
                    loadSecond(code, Y);
                })
                .vcpu(code -> {
                    loadFirst(code, Y);
                    loadSecond(code, X);
                })
                .vcpu(code -> store(code, X))
                .vcpu(code -> store(code, Y))
                .sees(0, 0)
                .misses(0, 1)
                .sees(1, 0)
                .misses(1, 1);
    }

    /// mov rax, rsi - 1; lock cmpxchg [X], rsi: only one of two gets it.
    private static void claim(Assembler code) {
        code.bytes(0x48, 0x8D, 0x46, 0xFF);
        memory(code, RSI, X, 0xF0, 0x48, 0x0F, 0xB1);
        code.bytes(0xB8).number(0, 4).bytes(0x75, 3, 0x48, 0x89, 0xF0); // mov eax, 0; jne; mov
    }

    private static Litmus claiming() {
        return new Litmus().vcpu(LitmusTest::claim).vcpu(LitmusTest::claim).sees(0, 0).sees(1, 0);
    }

    private static Litmus claimingInVain() {
        return new Litmus()
                .vcpu(LitmusTest::claim)
                .vcpu(LitmusTest::claim)
                .misses(0, 0)
                .misses(1, 0);
    }

    static Stream<Arguments> forbidden() {
        Map<String, Litmus> tests = new LinkedHashMap<>();
        tests.put("store buffering, MFENCE", storeBuffering(Litmus::fence));
        tests.put("store buffering, LOCK ADD", storeBuffering(LitmusTest::lockedAdd));
        tests.put("store buffering, XCHG", exchanging());
        tests.put("message passing", messagePassing());
        tests.put("load buffering", loadBuffering());
        tests.put("two loads of one place", sameLocation());
        tests.put("a load of one's own store", forwarding());
        tests.put("CMPXCHG, both succeed", claiming());
        tests.put("CMPXCHG, neither succeeds", claimingInVain());
        return tests.entrySet().stream()
                .flatMap(test ->
                        Stream.of(EXECUTIONS)
                                .map(way -> Arguments.of(test.getKey(), test.getValue(), way)));
    }

    /// lock add dword [rsp-4], 0: what compilers use as a fence.
    private static void lockedAdd(Assembler code) {
        code.bytes(0xF0, 0x83, 0x44, 0x24, 0xFC, 0);
    }

    @ParameterizedTest(name = "{0}, {2}")
    @MethodSource("forbidden")
    void whatX86ForbidsIsNotSeen(String name, Litmus test, Execution execution) throws Exception {
        assertThat(test.run(execution, ROUNDS, LIMIT)).as(name).isZero();
    }

    @Test
    @Tag("fuzz")
    void whatX86ForbidsIsNotSeenForLonger() throws Exception {
        var tests = forbidden().toList();
        var fuzz = new Fuzz(51, 1);
        while (fuzz.goesOn()) {
            var test = tests.get((int) Math.floorMod(fuzz.seed(), (long) tests.size())).get();
            long seen = ((Litmus) test[1]).run((Execution) test[2], ROUNDS, LIMIT);
            assertThat(seen).as(test[0] + " " + fuzz).isZero();
        }
    }

    /// Four vCPUs: where the host has fewer processors, most rounds are not at the same time.
    @Test
    void storesOfTwoAreSeenInOneOrderByAll() throws Exception {
        for (var execution : EXECUTIONS) {
            assertThat(independentReads().run(execution, ROUNDS / 20, LIMIT)).isZero();
        }
    }

    /// The canary: without a fence a load may come before an earlier store of the same vCPU.
    @Test
    void aStoreMayBeSeenLateWithoutAFence() throws Exception {
        long seen = 0;
        for (int tries = 0; tries < 20 && seen == 0; tries++) {
            seen =
                    storeBuffering(_ -> {})
                            .run(EXECUTIONS[tries % EXECUTIONS.length], ROUNDS / 4, LIMIT);
        }
        System.out.println("A store was seen late " + seen + " times");
        assertThat(seen).isPositive();
    }
}
