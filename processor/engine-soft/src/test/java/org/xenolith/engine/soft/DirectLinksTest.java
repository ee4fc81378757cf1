package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/// Regions of the upper half that jump straight to each other execute what is there: after page
/// tables have changed and been flushed, after code has been written, and where a second vCPU sees
/// other pages.
///
/// A caller in the upper half calls a function on another page of it, three times in a row: the
/// first call goes by the run loop, the second finds the function's region, the third is a jump.
@Timeout(120)
class DirectLinksTest {
    private static final long UPPER = -1L << 31;
    private static final int PAGE = 4096;
    private static final int CALLER = 0x20000;
    private static final int FUNCTION = 0x22000;
    private static final int[] FORMS = {0x24000, 0x26000};
    private static final int[] VALUES = {1, 1000};
    private static final int[] LONE_CALLERS = {0x28000, 0x2A000, 0x2C000};
    private static final int LONG_FUNCTION = 0x2E000;
    private static final int LOWER_LONG_FUNCTION = 0x27000;
    private static final int REGION_INSTRUCTIONS = 40;

    /// A byte that is set for the guest when it may go on.
    private static final int IS_LINKED = 0x30000;

    /// Executions before a region is made, by which it is known where blocks lead.
    private static final int SEEN_BEFORE = 2;

    private static final int TABLE_3 = 0x70000;
    private static final int TABLE_2 = 0x71000;
    private static final int TABLE_1 = 0x72000;
    private static final int OTHER_TABLE_4 = 0x74000;
    private static final int OTHER_TABLE_3 = 0x75000;
    private static final int OTHER_TABLE_2 = 0x76000;
    private static final int OTHER_TABLE_1 = 0x77000;
    private static final int ENTRY = TABLE_1 + 8 * (FUNCTION >>> 12);
    private static final int PRESENT = 3;
    private static final int GLOBAL = 1 << 8;
    private static final int CALLS = 3;
    private static final int ROUNDS = 200;
    private static final int RAX = 0;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int SLICES_MAX = 100_000;
    private static final int SLICE = 10_000;
    private static final int WAITS_MAX = 20_000;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /// Pages of functions that call each other, and the first of them.
    private static final int PAGES = 200;

    private static final int PAGES_BEGIN = 0x8_0000;

    private static final int CODE_BYTES_OF_A_JUMP = 1 << 10;

    /// The least room for machine code: as much is kept free.
    private static final int CODE_BYTES_MIN = 64 << 10;

    private final Assembler code = new Assembler(TestGuest.CODE);
    private TestGuest guest;
    private int longFunction = LONG_FUNCTION;

    @BeforeEach
    void begin() {
        assumeThat(MachineCodeCompiler.isSupported()).isTrue();
        begin(0, Optional.empty(), Regions.MACHINE_CODE_BYTES);
    }

    private void begin(int compileAfter, Optional<Path> codeStore, int machineCodeBytes) {
        end();
        var backend = SoftEngine.Backend.MACHINE_CODE;
        var options =
                new SoftEngine.Options(SoftEngine.Tier.COMPILER, 0, compileAfter, false, backend);
        guest = new TestGuest(options, Translator.BLOCK_MAX, codeStore, machineCodeBytes);
        map(TestGuest.ROOT_TABLE, TABLE_3, TABLE_2, TABLE_1);
        map(OTHER_TABLE_4, OTHER_TABLE_3, OTHER_TABLE_2, OTHER_TABLE_1);
        guest.memory.writeLong(OTHER_TABLE_4, TestGuest.ROOT_ENTRY);
        for (int form = 0; form < FORMS.length; form++) {
            guest.load(new Assembler(FORMS[form]).bytes(0xB8).number(VALUES[form], 4).bytes(0xC3));
        }
        var caller = new Assembler(UPPER + CALLER);
        for (int call = 0; call < CALLS; call++) {
            caller.call(UPPER + FUNCTION).bytes(0x48, 0x01, 0xC3); // add rbx, rax
        }
        guest.memory.write(CALLER, caller.bytes(0xC3).toBytes());
    }

    /// The upper 2 GiB begin with all memory, and FUNCTION there is the first form.
    private void map(int table4, int table3, int table2, int table1) {
        var memory = guest.memory;
        memory.writeLong(table4 + 8 * 511, table3 | PRESENT);
        memory.writeLong(table3 + 8 * 510, table2 | PRESENT);
        memory.writeLong(table2, table1 | PRESENT);
        for (int page = 0; page < 512; page++) {
            memory.writeLong(table1 + 8L * page, (long) page << 12 | PRESENT);
        }
        memory.writeLong(table1 + 8L * (FUNCTION >>> 12), FORMS[0] | PRESENT);
    }

    @AfterEach
    void end() {
        if (guest != null) {
            guest.close();
        }
    }

    private void callCaller() {
        code.load(RDX, UPPER + CALLER).bytes(0xFF, 0xD2);
    }

    /// `body` and a call of the caller so many times, counted in ecx.
    private void loop(Runnable body) {
        code.bytes(0x31, 0xDB); // xor ebx, ebx
        repeat(
                ROUNDS,
                () -> {
                    body.run();
                    callCaller();
                });
    }

    /// What is done so many times, counted in ecx.
    private void repeat(int rounds, Runnable body) {
        code.bytes(0xB9).number(rounds, 4);
        long top = code.here();
        body.run();
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85); // dec ecx; jnz
    }

    private void runAndExpect(long sum) {
        guest.load(code.bytes(0xF4));
        guest.runToHalt(SLICES_MAX);
        assertThat(guest.register(RBX)).isEqualTo(sum);
    }

    private static long alternating() {
        return (long) CALLS * ROUNDS / 2 * (VALUES[0] + VALUES[1]);
    }

    @Test
    void regionsAreLinked() {
        loop(() -> {});
        runAndExpect((long) CALLS * ROUNDS * VALUES[0]);
        assertThat(guest.engine.directLinks()).isBetween(1, 2 * CALLS);
    }

    /// Whatever ends what the vCPU knows of a page's address.
    private enum Flush {
        INVLPG(0, (code, address) -> code.load(RDX, address).bytes(0x0F, 0x01, 0x3A)),

        CR3(0, (code, _) -> code.bytes(0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8)),

        GLOBAL_INVLPG(GLOBAL, INVLPG.emits),

        PGE(
                GLOBAL,
                (code, _) -> {
                    for (int turn = 0; turn < 2; turn++) {
                        code.bytes(0x0F, 0x20, 0xE0, 0x34, 0x80, 0x0F, 0x22, 0xE0);
                    }
                });

        private final int flags;
        private final BiConsumer<Assembler, Long> emits;

        Flush(int flags, BiConsumer<Assembler, Long> emits) {
            this.flags = flags;
            this.emits = emits;
        }
    }

    @ParameterizedTest
    @EnumSource(Flush.class)
    void aFunctionIsExecutedAsMappedAfterAFlush(Flush flush) {
        loopWithOtherForms(flush);
        runAndExpect(alternating());
    }

    @ParameterizedTest
    @EnumSource(Flush.class)
    void aJumpWithAConditionLeadsToWhatIsMappedAfterAFlush(Flush flush) {
        var caller = new Assembler(UPPER + CALLER);
        for (int call = 1; call <= CALLS; call++) {
            long jump = UPPER + CALLER + call * PAGE / 4;
            caller.call(jump).bytes(0x48, 0x01, 0xC3); // add rbx, rax
            var way = new Assembler(jump).bytes(0x31, 0xC0); // xor eax, eax
            way.jump(UPPER + FUNCTION, 0x0F, 0x84).bytes(0xC3); // je function; ret
            guest.memory.write(jump - UPPER, way.toBytes());
        }
        guest.memory.write(CALLER, caller.bytes(0xC3).toBytes());
        loopWithOtherForms(flush);
        runAndExpect(alternating());
    }

    /// The caller is called again and again, each time with the other form as the function.
    private void loopWithOtherForms(Flush flush) {
        code.bytes(0x0F, 0x20, 0xE0, 0x0C, 0x80, 0x0F, 0x22, 0xE0); // CR4.PGE
        for (int form = 0; form < FORMS.length; form++) {
            code.load(8 + form, FORMS[form] | PRESENT | flush.flags);
        }
        loop(() -> {
            code.bytes(0x4C, 0x89, 0x04, 0x25).number(ENTRY, 4); // mov [entry], r8
            code.bytes(0x4D, 0x87, 0xC8); // xchg r8, r9
            flush.emits.accept(code, UPPER + FUNCTION);
        });
    }

    // ---------------------------------------------------------------- returns

    /// Code at `place`, to be executed at another of the upper half, that calls the function once
    /// and adds so many times what that answers.
    private void loadLoneCaller(int place, int shownAt, int times) {
        var caller = new Assembler(shownAt);
        fill(caller);
        caller.call(longFunction);
        for (int time = 0; time < times; time++) {
            caller.bytes(0x48, 0x01, 0xC3); // add rbx, rax
        }
        fill(caller);
        guest.memory.write(place, caller.bytes(0xC3).toBytes());
    }

    private void beginWithLongFunction() {
        begin(SEEN_BEFORE, Optional.empty(), Regions.MACHINE_CODE_BYTES);
        var function = new Assembler(longFunction);
        fill(function);
        guest.load(function.bytes(0xB8).number(VALUES[0], 4).bytes(0xC3));
    }

    /// So much that a block with it has no room for another in its region.
    private static void fill(Assembler code) {
        for (int more = 0; more < REGION_INSTRUCTIONS; more++) {
            code.bytes(0x48, 0xF7, 0xD7); // not rdi
        }
    }

    private void callLoneCallers(int... places) {
        for (int place : places) {
            code.load(RDX, UPPER + place).bytes(0xFF, 0xD2);
        }
    }

    /// What is done until it has been seen to be linked; behind it rbx is 0.
    private void repeatUntilLinked(Runnable body) {
        long top = code.here();
        body.run();
        code.bytes(0x80, 0x3C, 0x25).number(IS_LINKED, 4).bytes(0); // cmp byte [linked], 0
        code.jump(top, 0x0F, 0x84).bytes(0x31, 0xDB); // je top; xor ebx, ebx
    }

    /// Runs until there are so many links, and then to the end.
    private void awaitLinksAndExpect(int links, long sum) {
        guest.load(code.bytes(0xF4));
        for (int slice = 0; guest.engine.directLinks() < links; slice++) {
            assertThat(slice).isLessThan(10 * SLICES_MAX);
            guest.vcpu.run(10_000);
        }
        guest.memory.write(IS_LINKED, new byte[] {1});
        guest.runToHalt(SLICES_MAX);
        assertThat(guest.register(RBX)).isEqualTo(sum);
    }

    /// The calls of caller and function are, and the function's return; not the caller's, to the
    /// lower half.
    @Test
    void aReturnToTheOnlyPlaceKnownIsLinked() {
        beginWithLongFunction();
        loadLoneCaller(LONE_CALLERS[0], LONE_CALLERS[0], 1);
        repeatUntilLinked(() -> callLoneCallers(LONE_CALLERS[0]));
        awaitLinksAndExpect(3, 0);
    }

    /// Of three callers two are there when the function's region is made.
    @Test
    void aFunctionReturnsToWhoeverCallsIt() {
        beginWithLongFunction();
        for (int caller = 0; caller < LONE_CALLERS.length; caller++) {
            loadLoneCaller(LONE_CALLERS[caller], LONE_CALLERS[caller], 1 + caller);
        }
        repeatUntilLinked(() -> callLoneCallers(LONE_CALLERS[0], LONE_CALLERS[1]));
        repeat(ROUNDS, () -> callLoneCallers(LONE_CALLERS));
        awaitLinksAndExpect(6, (long) ROUNDS * (1 + 2 + 3) * VALUES[0]);
    }

    /// Where the function returns to there is one code or another.
    @ParameterizedTest
    @EnumSource(Flush.class)
    void whatAFunctionReturnsToIsExecutedAsMappedAfterAFlush(Flush flush) {
        expectReturnsAsMapped(flush);
    }

    /// The same forwards.
    @ParameterizedTest
    @EnumSource(Flush.class)
    void whatALowerFunctionReturnsToIsExecutedAsMappedAfterAFlush(Flush flush) {
        longFunction = LOWER_LONG_FUNCTION;
        expectReturnsAsMapped(flush);
    }

    private void expectReturnsAsMapped(Flush flush) {
        beginWithLongFunction();
        int shown = LONE_CALLERS[0];
        for (int form = 0; form < 2; form++) {
            loadLoneCaller(LONE_CALLERS[form], shown, 1 + form);
        }
        code.bytes(0x0F, 0x20, 0xE0, 0x0C, 0x80, 0x0F, 0x22, 0xE0); // CR4.PGE
        repeatUntilLinked(() -> callLoneCallers(shown));
        for (int form = 0; form < 2; form++) {
            code.load(8 + form, LONE_CALLERS[form] | PRESENT | flush.flags);
        }
        int entry = TABLE_1 + 8 * (shown >>> 12);
        repeat(
                ROUNDS,
                () -> {
                    code.bytes(0x4C, 0x89, 0x04, 0x25).number(entry, 4); // mov [entry], r8
                    code.bytes(0x4D, 0x87, 0xC8); // xchg r8, r9
                    flush.emits.accept(code, UPPER + shown);
                    callLoneCallers(shown, shown, shown);
                });
        awaitLinksAndExpect(3, 3L * ROUNDS / 2 * (1 + 2) * VALUES[0]);
    }

    // ---------------------------------------------------------------- writes

    /// The number in the function's `mov` is written, by another address.
    @Test
    void aFunctionIsExecutedAsWritten() {
        code.load(8, VALUES[0]).load(9, VALUES[1]);
        loop(() -> {
            code.bytes(0x44, 0x89, 0x04, 0x25).number(FORMS[0] + 1, 4); // mov [form + 1], r8d
            code.bytes(0x4D, 0x87, 0xC8); // xchg r8, r9
        });
        runAndExpect(alternating());
    }

    @Test
    void aFunctionIsExecutedAsWrittenFromOutside() {
        loop(() -> {});
        code.bytes(0xE6, 0x80); // out 0x80, al
        loop(() -> {});
        guest.load(code.bytes(0xF4));
        for (int slice = 0; !(guest.vcpu.run(10_000) instanceof Exit.PortWrite); slice++) {
            assertThat(slice).isLessThan(SLICES_MAX);
        }
        assertThat(guest.register(RBX)).isEqualTo((long) CALLS * ROUNDS * VALUES[0]);
        assertThat(guest.engine.directLinks()).isPositive();
        guest.memory.write(FORMS[0] + 1, new byte[] {7, 0, 0, 0});
        guest.runToHalt(SLICES_MAX);
        assertThat(guest.register(RBX)).isEqualTo((long) CALLS * ROUNDS * 7);
    }

    private void restart() {
        guest.vcpu.restore(guest.vcpu.capture().withActivity(VcpuState.Activity.RUNNING));
        guest.moveTo(TestGuest.CODE - guest.vcpu.capture().general().rip());
    }

    /// The same, where other runs have left machine code of all that it has been: a region that has
    /// gone is not used again, though its code is what is wanted.
    @Test
    void aFunctionIsExecutedAsWrittenWithCodeOfEarlierRuns(@TempDir Path directory) {
        code.load(8, VALUES[0]).load(9, VALUES[1]);
        loop(() -> {
            code.bytes(0x44, 0x89, 0x04, 0x25).number(FORMS[0] + 1, 4);
            code.bytes(0x4D, 0x87, 0xC8);
        });
        code.bytes(0xF4);
        for (int run = 0; run < 2; run++) {
            begin(0, Optional.of(directory.resolve("code")), Regions.MACHINE_CODE_BYTES);
            guest.load(code);
            guest.runToHalt(SLICES_MAX);
            assertThat(guest.register(RBX)).isEqualTo(alternating());
            assertThat(guest.engine.revivedRegions()).isPositive();
            assertThat(guest.engine.directLinks()).isPositive();
        }
    }

    /// The vCPU calls the function until that answers something else, which comes from outside
    /// while it does.
    @Test
    void aFunctionIsExecutedAsWrittenMeanwhile() throws Exception {
        long top = code.here();
        callCaller();
        code.bytes(0x83, 0xF8, VALUES[0]).jump(top, 0x0F, 0x84).bytes(0xF4); // cmp eax; je
        guest.load(code);
        var ending = new AtomicBoolean();
        var vcpu =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!ending.get()
                                    && !(guest.vcpu.run(10_000) instanceof Exit.Halted)) {}
                        });
        try {
            for (int wait = 0; wait < WAITS_MAX && guest.engine.directLinks() == 0; wait++) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThat(guest.engine.directLinks()).isPositive();
            guest.memory.write(FORMS[0] + 1, new byte[] {7, 0, 0, 0});
            assertThat(vcpu.join(LIMIT)).isTrue();
            assertThat(guest.register(RAX)).isEqualTo(7);
        } finally {
            ending.set(true);
            vcpu.join();
        }
    }

    // ---------------------------------------------------------------- many

    /// Functions on pages of their own, each of which calls the next and counts, and whose lengths
    /// differ; `chains` of them.
    private void loadChains(int chains) {
        for (int chain = 0; chain < chains; chain++) {
            for (int page = 0; page < PAGES; page++) {
                var function = new Assembler(place(chain, page));
                for (int more = 0; more < page % 3; more++) {
                    function.bytes(0x48, 0xF7, 0xD7); // not rdi
                }
                if (page + 1 < PAGES) {
                    function.call(place(chain, page + 1));
                }
                guest.load(function.bytes(0x48, 0xFF, 0xC3, 0xC3)); // inc rbx; ret
            }
        }
    }

    private static long place(int chain, int page) {
        return PAGES_BEGIN + ((long) page << 12) + 32L * chain;
    }

    /// Calls all of them so many times, and then does what `body` says, again and again.
    private void callChains(int chains, int rounds, Runnable body) {
        code.bytes(0x31, 0xDB); // xor ebx, ebx
        repeat(
                rounds,
                () -> {
                    for (int chain = 0; chain < chains; chain++) {
                        code.bytes(0xBE).number(CALLS, 4); // mov esi, calls
                        long again = code.here();
                        code.load(RDX, UPPER + place(chain, 0)).bytes(0xFF, 0xD2);
                        code.bytes(0xFF, 0xCE).jump(again, 0x0F, 0x85); // dec esi; jnz
                    }
                    body.run();
                });
    }

    /// Where there is no room for more jumps to be listed, regions are found as before.
    @Test
    void moreWaysOutThanCanBeListedLeadWhereTheyShould() {
        int bytes = 3 * CODE_BYTES_MIN;
        begin(0, Optional.empty(), bytes);
        int chains = 2;
        loadChains(chains);
        callChains(chains, ROUNDS, () -> {});
        runAndExpect((long) chains * PAGES * CALLS * ROUNDS);
        assertThat(guest.engine.directLinks()).isEqualTo(bytes / CODE_BYTES_OF_A_JUMP);
    }

    /// All code goes again and again, and others take its place, while addresses change.
    @Test
    void jumpsOfCodeThatIsGoneAreNotWrittenTo() {
        begin(2, Optional.empty(), CODE_BYTES_MIN + (CODE_BYTES_MIN >>> 2));
        loadChains(1);
        int rounds = 5 * ROUNDS;
        callChains(
                1,
                rounds,
                () -> {
                    code.bytes(0xF6, 0xC1, 0x3F, 0x75, 13); // test cl, 63; jnz behind
                    code.load(RDX, UPPER + PAGES_BEGIN).bytes(0x0F, 0x01, 0x3A);
                });
        guest.load(code.bytes(0xF4));
        int links = 0;
        while (!(guest.vcpu.run(SLICE) instanceof Exit.Halted)) {
            links = Math.max(links, guest.engine.directLinks());
        }
        assertThat(guest.register(RBX)).isEqualTo((long) PAGES * CALLS * rounds);
        assertThat(links).isPositive();
        assertThat(guest.engine.regionsInUse()).isLessThan(guest.engine.compiledRegions());
    }

    // ---------------------------------------------------------------- the budget

    /// Functions in a loop, each on the page that a digit says. Were a loop of their regions to go
    /// on however long it has been executed, the guest would halt in a few slices.
    @ParameterizedTest
    @ValueSource(strings = {"01", "10", "0123", "3210", "0213", "2031", "1302"})
    void aLoopOfRegionsStopsWhenItsTimeIsUp(String order) {
        loopOfRegions(order, 0xE9);
    }

    /// Where each goes on with the next by a condition.
    @ParameterizedTest
    @ValueSource(strings = {"01", "10", "0123", "3210", "0213", "2031", "1302"})
    void aLoopOfConditionsStopsWhenItsTimeIsUp(String order) {
        loopOfRegions(order, 0x0F, 0x85); // jnz
    }

    private void loopOfRegions(String order, int... jump) {
        int rounds = 20_000;
        for (int place = 0; place < order.length(); place++) {
            var function = new Assembler(page(order, place));
            fill(function);
            if (place == 0) {
                function.bytes(0xFF, 0xC9, 0x75, 1, 0xC3); // dec ecx; jnz behind; ret
            }
            guest.load(function.jump(page(order, (place + 1) % order.length()), jump));
        }
        code.bytes(0xB9).number(rounds, 4).load(RDX, UPPER + page(order, 0)).bytes(0xFF, 0xD2);
        guest.load(code.bytes(0xF4));
        int slices = 0;
        while (!(guest.vcpu.run(SLICE) instanceof Exit.Halted)) {
            slices++;
        }
        assertThat(guest.engine.directLinks()).isGreaterThanOrEqualTo(order.length());
        int instructions = rounds * order.length() * REGION_INSTRUCTIONS;
        assertThat(slices).isGreaterThan(instructions / (SLICE + SLICE / 2));
    }

    private static long page(String order, int place) {
        return PAGES_BEGIN + ((order.charAt(place) - (long) '0') << 12);
    }

    // ---------------------------------------------------------------- several

    /// A second vCPU sees another form at the function's address.
    @Test
    void twoVcpusExecuteWhatEachSees() {
        loop(() -> {});
        runAndExpect((long) CALLS * ROUNDS * VALUES[0]);
        guest.memory.writeLong(OTHER_TABLE_1 + 8L * (FUNCTION >>> 12), FORMS[1] | PRESENT);
        int other = 0x18000;
        var switching = new Assembler(other).load(RAX, OTHER_TABLE_4).bytes(0x0F, 0x22, 0xD8);
        guest.load(switching.jump(TestGuest.CODE, 0xE9));
        try (var second = guest.addVcpu(1, other)) {
            assertThat(guest.engine.directLinks()).isZero();
            for (int round = 0; round < 3; round++) {
                restart();
                guest.runToHalt(SLICES_MAX);
                assertThat(guest.register(RBX)).isEqualTo((long) CALLS * ROUNDS * VALUES[0]);
                if (round == 0) {
                    for (int slice = 0; !(second.run(10_000) instanceof Exit.Halted); slice++) {
                        assertThat(slice).isLessThan(SLICES_MAX);
                    }
                    assertThat(second.capture().general().registers().get(RBX))
                            .isEqualTo((long) CALLS * ROUNDS * VALUES[1]);
                }
            }
            assertThat(guest.engine.directLinks()).isZero();
        }
    }
}
