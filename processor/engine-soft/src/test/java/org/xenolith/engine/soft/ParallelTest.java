package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.ParallelGuest.RAX;
import static org.xenolith.engine.soft.ParallelGuest.RBX;
import static org.xenolith.engine.soft.ParallelGuest.RCX;
import static org.xenolith.engine.soft.ParallelGuest.RDX;
import static org.xenolith.engine.soft.ParallelGuest.await;
import static org.xenolith.engine.soft.ParallelGuest.memory;
import static org.xenolith.engine.soft.ParallelGuest.read;
import static org.xenolith.engine.soft.ParallelGuest.repeat;
import static org.xenolith.engine.soft.ParallelGuest.write;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Several vCPUs at the same time, on threads of their own.
@Timeout(120)
class ParallelTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int FLAG = TestGuest.DATA;
    private static final int ANSWER = TestGuest.DATA + 0x100;
    private static final int ERRORS = TestGuest.DATA + 0x200;
    private static final int COUNTERS = TestGuest.DATA + 0x1000;
    private static final int FUNCTION = 0x30000;

    @ParameterizedTest
    @EnumSource(Execution.class)
    void lockedInstructionsLoseNothing(Execution execution) throws Exception {
        int rounds = 20_000;
        int vcpus = 3;
        try (var parallel = new ParallelGuest(execution)) {
            for (int id = 0; id < vcpus; id++) {
                var code = parallel.vcpu();
                repeat(
                        code,
                        rounds,
                        () -> {
                            memory(code, 0, COUNTERS, 0xF0, 0x48, 0xFF); // lock inc qword
                            memory(code, 0, COUNTERS + 0x41, 0xF0, 0xFE); // lock inc byte
                            memory(code, 0, COUNTERS + 0x42, 0xF0, 0x66, 0xFF); // lock inc word
                            memory(code, 0, COUNTERS + 0x44, 0xF0, 0xFF); // lock inc dword
                            code.bytes(0xBA).number(3, 4); // mov edx, 3
                            memory(code, RDX, COUNTERS + 0x80, 0xF0, 0x48, 0x0F, 0xC1); // xadd
                        });
            }
            parallel.run(LIMIT);

            long total = (long) rounds * vcpus;
            assertThat(parallel.word(COUNTERS)).isEqualTo(total);
            assertThat(parallel.word(COUNTERS + 0x41) & 0xFF).isEqualTo(total & 0xFF);
            assertThat(parallel.word(COUNTERS + 0x42) & 0xFFFF).isEqualTo(total & 0xFFFF);
            assertThat(parallel.word(COUNTERS + 0x44) & 0xFFFF_FFFFL).isEqualTo(total);
            assertThat(parallel.word(COUNTERS + 0x80)).isEqualTo(3 * total);
        }
    }

    @ParameterizedTest
    @EnumSource(Execution.class)
    void lockedOperandsThatTheHostCannotReplaceAtOnceLoseNothing(Execution execution)
            throws Exception {
        int rounds = 3_000;
        int vcpus = 3;
        int pair = COUNTERS + 0x100;
        int acrossWords = COUNTERS + 0x204;
        int acrossPages = COUNTERS + 0xFFE;
        try (var parallel = new ParallelGuest(execution)) {
            for (int id = 0; id < vcpus; id++) {
                var code = parallel.vcpu();
                repeat(
                        code,
                        rounds,
                        () -> {
                            memory(code, 0, acrossWords, 0xF0, 0x48, 0xFF);
                            memory(code, 0, acrossPages, 0xF0, 0xFF);
                            incrementPair(code, pair);
                        });
            }
            parallel.run(LIMIT);

            long total = (long) rounds * vcpus;
            assertThat(parallel.word(acrossWords)).isEqualTo(total);
            assertThat(parallel.word(acrossPages) & 0xFFFF_FFFFL).isEqualTo(total);
            assertThat(parallel.word(pair)).isEqualTo(total);
            assertThat(parallel.word(pair + 8)).isEqualTo(-total);
        }
    }

    /// The low half one up, the high half one down, by lock cmpxchg16b.
    private static void incrementPair(Assembler code, long pair) {
        read(code, RAX, pair);
        read(code, RDX, pair + 8);
        long again = code.here();
        code.bytes(0x48, 0x8D, 0x58, 1); // lea rbx, [rax+1]
        code.bytes(0x48, 0x8D, 0x4A, 0xFF); // lea rcx, [rdx-1]
        memory(code, 1, pair, 0xF0, 0x48, 0x0F, 0xC7);
        code.jump(again, 0x0F, 0x85);
    }

    @ParameterizedTest
    @EnumSource(Execution.class)
    void codeThatAnotherVcpuHasRewrittenRunsAsRewritten(Execution execution) throws Exception {
        int rounds = 1_000;
        try (var parallel = new ParallelGuest(execution)) {
            var writer = parallel.vcpu();
            writer.bytes(0x31, 0xC0); // xor eax, eax
            repeat(
                    writer,
                    rounds,
                    () -> {
                        writer.bytes(0xFF, 0xC0); // inc eax
                        memory(writer, RAX, FUNCTION + 4, 0x89); // the function's value
                        write(writer, FLAG, RAX);
                        await(writer, RAX, ANSWER);
                    });
            var caller = parallel.vcpu();
            caller.bytes(0x31, 0xF6); // xor esi, esi
            repeat(
                    caller,
                    rounds,
                    () -> {
                        caller.bytes(0xFF, 0xC6); // inc esi
                        await(caller, 6, FLAG);
                        caller.bytes(0x31, 0xC0, 0x0F, 0xA2); // xor eax, eax; cpuid
                        caller.call(FUNCTION + 3);
                        caller.bytes(0x39, 0xF0, 0x74, 9); // cmp eax, esi; je
                        memory(caller, 0, ERRORS, 0x48, 0xFF); // inc qword
                        caller.bytes(0x90);
                        write(caller, ANSWER, 6);
                    });
            parallel.guest.load(new Assembler(FUNCTION + 3).bytes(0xB8).number(0, 4).bytes(0xC3));
            parallel.run(LIMIT);

            assertThat(parallel.word(ANSWER)).isEqualTo(rounds);
            assertThat(parallel.word(ERRORS)).isZero();
        }
    }

    /// All execute the same blocks while they are translated, settled and compiled.
    @ParameterizedTest
    @EnumSource(Execution.class)
    void vcpusThatShareTheirCodeComputeTheSame(Execution execution) throws Exception {
        int vcpus = 3;
        try (var parallel = new ParallelGuest(execution)) {
            var code = parallel.vcpu();
            code.bytes(0xB8).number(8, 4);
            memory(code, RAX, COUNTERS, 0xF0, 0x48, 0x0F, 0xC1); // lock xadd
            code.bytes(0x48, 0x89, 0xC3, 0x31, 0xF6); // mov rbx, rax; xor esi, esi
            repeat(
                    code,
                    300_000,
                    () -> {
                        code.bytes(0x48, 0x8D, 0x74, 0x37, 3); // lea rsi, [rdi+rsi+3]
                        code.bytes(0x48, 0xC1, 0xC6, 7); // rol rsi, 7
                        code.bytes(0x40, 0xF6, 0xC6, 1, 0x74, 3); // test sil, 1; jz
                        code.bytes(0x48, 0xF7, 0xD6); // not rsi
                        code.bytes(0x56, 0x5A); // push rsi; pop rdx
                    });
            code.bytes(0x48, 0x89, 0x93).number(COUNTERS + 0x100, 4); // mov [rbx+...], rdx
            for (int id = 1; id < vcpus; id++) {
                parallel.shares(code);
            }
            parallel.run(LIMIT);

            long result = parallel.word(COUNTERS + 0x100);
            assertThat(result).isNotZero();
            assertThat(parallel.word(COUNTERS + 0x108)).isEqualTo(result);
            assertThat(parallel.word(COUNTERS + 0x110)).isEqualTo(result);
        }
    }

    /// A function is rewritten while it is being called: it never goes back to an older form.
    @ParameterizedTest
    @EnumSource(Execution.class)
    void codeThatIsRewrittenWhileItRunsOnlyGetsNewer(Execution execution) throws Exception {
        int rounds = 20_000;
        try (var parallel = new ParallelGuest(execution)) {
            var writer = parallel.vcpu();
            writer.bytes(0x31, 0xC0);
            repeat(
                    writer,
                    rounds,
                    () -> {
                        writer.bytes(0xFF, 0xC0);
                        memory(writer, RAX, FUNCTION + 4, 0x89);
                    });
            var caller = parallel.vcpu();
            caller.bytes(0x31, 0xF6);
            long top = caller.here();
            caller.call(FUNCTION + 3);
            caller.bytes(0x39, 0xF0, 0x73, 9); // cmp eax, esi; jae
            memory(caller, 0, ERRORS, 0x48, 0xFF);
            caller.bytes(0x90, 0x89, 0xC6); // mov esi, eax
            caller.bytes(0x3D).number(rounds, 4).jump(top, 0x0F, 0x85);
            parallel.shares(caller);
            parallel.guest.load(new Assembler(FUNCTION + 3).bytes(0xB8).number(0, 4).bytes(0xC3));
            parallel.run(LIMIT);

            assertThat(parallel.word(ERRORS)).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Execution.class)
    void aPageThatAnotherVcpuHasRemappedIsSeenAsRemapped(Execution execution) throws Exception {
        int rounds = 5_000;
        int page = 0x60000;
        int other = 0x61000;
        int entry = TestGuest.PAGE_TABLE + 8 * (page >>> 12);
        try (var parallel = new ParallelGuest(execution)) {
            var changer = parallel.vcpu();
            changer.bytes(0x31, 0xC0);
            repeat(
                    changer,
                    rounds,
                    () -> {
                        changer.bytes(0xFF, 0xC0);
                        memory(changer, 6, entry, 0x48, 0x81).number(page ^ other, 4); // xor
                        write(changer, FLAG, RAX);
                        await(changer, RAX, ANSWER);
                    });
            var user = parallel.vcpu();
            user.bytes(0x31, 0xF6);
            repeat(
                    user,
                    rounds,
                    () -> {
                        user.bytes(0xFF, 0xC6);
                        await(user, 6, FLAG);
                        memory(user, 7, page, 0x0F, 0x01); // invlpg
                        read(user, RAX, page);
                        user.bytes(0x31, 0xF0, 0xA8, 1, 0x74, 9); // xor eax, esi; test al, 1; je
                        memory(user, 0, ERRORS, 0x48, 0xFF);
                        user.bytes(0x90);
                        write(user, ANSWER, 6);
                    });
            parallel.guest.memory.writeLong(page, 0);
            parallel.guest.memory.writeLong(other, 1);
            parallel.run(LIMIT);

            assertThat(parallel.word(ANSWER)).isEqualTo(rounds);
            assertThat(parallel.word(ERRORS)).isZero();
        }
    }

    /// One changes bits of a page-table entry, the other makes the processor set those that are the
    /// processor's.
    @ParameterizedTest
    @EnumSource(Execution.class)
    void settingAccessedAndDirtyLosesNoOtherChangeOfTheEntry(Execution execution) throws Exception {
        int rounds = 20_000;
        int page = 0x60000;
        int entry = TestGuest.PAGE_TABLE + 8 * (page >>> 12);
        try (var parallel = new ParallelGuest(execution)) {
            var changer = parallel.vcpu();
            repeat(
                    changer,
                    rounds,
                    () -> {
                        // lock add qword, 0x200: counts in the bits from 9 on, read as an address
                        // only with the count's lower bits
                        memory(changer, 7, entry, 0xF0, 0x48, 0x0F, 0xBA).bytes(9); // btc
                        memory(changer, 6, entry, 0xF0, 0x48, 0x0F, 0xBA).bytes(5); // btr
                        memory(changer, 6, entry, 0xF0, 0x48, 0x0F, 0xBA).bytes(6);
                        memory(changer, 7, COUNTERS, 0x48, 0x0F, 0xBA).bytes(9);
                        read(changer, RAX, entry);
                        read(changer, RCX, COUNTERS);
                        changer.bytes(0x31, 0xC8, 0xF6, 0xC4, 2, 0x74, 9); // test ah, 2; je
                        memory(changer, 0, ERRORS, 0x48, 0xFF);
                        changer.bytes(0x90);
                    });
            changer.bytes(0xB8).number(1, 4);
            write(changer, FLAG, RAX);
            var user = parallel.vcpu();
            user.bytes(0xBB).number(1, 4);
            long top = user.here();
            memory(user, 7, page, 0x0F, 0x01);
            write(user, page, RBX);
            memory(user, RBX, FLAG, 0x48, 0x3B);
            user.jump(top, 0x0F, 0x85);
            parallel.run(LIMIT);

            assertThat(parallel.word(ERRORS)).isZero();
            assertThat(parallel.word(entry) & ~0x60L).isEqualTo(page | 3);
        }
    }

    @ParameterizedTest
    @EnumSource(Execution.class)
    void aFrameThatHasGoneFromTheMapIsNotWrittenAnyMore(Execution execution) throws Exception {
        int rounds = 300;
        int gfn = 0x60;
        try (var parallel = new ParallelGuest(execution)) {
            for (int id = 0; id < 2; id++) {
                var code = parallel.vcpu();
                long top = code.here();
                memory(code, 0, ((long) gfn << 12) + 8 * id, 0x48, 0xFF); // inc qword
                read(code, RAX, FLAG);
                code.bytes(0x48, 0x85, 0xC0).jump(top, 0x0F, 0x84); // test rax, rax; jz
            }
            var memory = parallel.guest.memory;
            int[] frames = {memory.frameAt(gfn), memory.frameAt(gfn + 1)};
            memory.unmap(gfn + 1);
            var all = parallel.start();
            for (int round = 0; round < rounds; round++) {
                int gone = frames[round & 1];
                memory.map(gfn, frames[~round & 1]);
                long place = (long) gone << 12;
                long first = HostAccess.get64(memory.segment(), place);
                long second = HostAccess.get64(memory.segment(), place + 8);
                TimeUnit.MICROSECONDS.sleep(50);
                assertThat(HostAccess.get64(memory.segment(), place)).isEqualTo(first);
                assertThat(HostAccess.get64(memory.segment(), place + 8)).isEqualTo(second);
            }
            memory.writeLong(FLAG, 1);
            all.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }
}
