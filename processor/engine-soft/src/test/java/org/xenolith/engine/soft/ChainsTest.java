package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.baseline.Links;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Regions that go on with each other by themselves follow the page tables as they are after each
/// flush, in both halves of the addresses, in several address spaces and modes.
///
/// The kernel's code and the page tables are in the lower half; [#FUNCTION] is seen in the upper
/// one as well, at [#UPPER], with page-table entries of its own.
@ParameterizedClass
@MethodSource("ways")
@Timeout(120)
class ChainsTest {
    /// From the first execution, or after some of them.
    record Way(SoftEngine.Backend backend, int compileAfter) {
        SoftEngine.Options options() {
            return new SoftEngine.Options(
                    SoftEngine.Tier.COMPILER, 0, compileAfter, false, backend);
        }
    }

    static Stream<Way> ways() {
        return Arrays.stream(SoftEngine.Backend.values())
                .flatMap(backend -> Stream.of(new Way(backend, 0), new Way(backend, 3)));
    }

    private static final int FUNCTION = 0x20000;
    private static final long UPPER = 0xFFFF_FF80_0000_0000L;

    /// Three frames of which one is to be seen at FUNCTION.
    private static final int[] FORMS = {0x24000, 0x25000, 0x26000};

    private static final int[] VALUES = {1, 100, 10_000};

    // Tables of the upper half, and of another address space.
    private static final int UPPER_TABLE_3 = 0x70000;
    private static final int UPPER_TABLE_2 = 0x71000;
    private static final int UPPER_TABLE_1 = 0x72000;
    private static final int OTHER_TABLE_4 = 0x74000;
    private static final int OTHER_TABLE_3 = 0x75000;
    private static final int OTHER_TABLE_2 = 0x76000;
    private static final int OTHER_TABLE_1 = 0x77000;
    private static final int TABLE_4 = 0x1000;

    private static final int PRESENT = 3;
    private static final int GLOBAL = 1 << 8;
    private static final int IDT = 0x5000;
    private static final int HANDLER = 0x28000;

    private static final int RBX = 3;
    private static final int ROUNDS = 300;
    private static final int SLICES_MAX = 100_000;

    @Parameter private Way way;
    private Assembler code;

    @BeforeEach
    void begin() {
        code = new Assembler(TestGuest.CODE);
    }

    /// `body` so many times, counted in ecx; rbx adds up eax.
    private void loop(int times, Runnable body) {
        code.bytes(0x31, 0xDB, 0xB9).number(times, 4);
        long top = code.here();
        body.run();
        code.bytes(0x48, 0x01, 0xC3, 0xFF, 0xC9).jump(top, 0x0F, 0x85);
    }

    private void callFunction(boolean upper) {
        code.load(2, upper ? UPPER + FUNCTION : FUNCTION).bytes(0xFF, 0xD2); // call rdx
    }

    /// `invlpg` of an address.
    private void invalidate(long address) {
        code.load(2, address).bytes(0x0F, 0x01, 0x3A);
    }

    private void reloadTables() {
        code.bytes(0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8); // mov rax, cr3; mov cr3, rax
    }

    /// Switches CR4.PGE, which flushes global pages too; rax is lost.
    private void switchGlobalPages() {
        code.bytes(0x0F, 0x20, 0xE0, 0x34, 0x80, 0x0F, 0x22, 0xE0);
    }

    private static int entry(boolean upper) {
        return (upper ? UPPER_TABLE_1 : TestGuest.PAGE_TABLE) + 8 * (FUNCTION >>> 12);
    }

    /// The next form of FUNCTION: r8, r9 and r10 hold entries, and change places.
    private void mapNextForm(boolean upper) {
        code.bytes(0x4C, 0x89, 0x04, 0x25).number(entry(upper), 4); // mov [entry], r8
        code.bytes(0x4D, 0x87, 0xC8, 0x4D, 0x87, 0xD1); // xchg r8, r9; xchg r9, r10
    }

    private void loadForms(int flags) {
        for (int form = 0; form < FORMS.length; form++) {
            code.load(8 + form, FORMS[form] | flags);
        }
    }

    private static int sum(int rounds) {
        int sum = 0;
        for (int round = 0; round < rounds; round++) {
            sum += VALUES[round % VALUES.length];
        }
        return sum;
    }

    private void runAndExpect(int sum, Consumer<TestGuest> prepare) {
        try (var guest = new TestGuest(way.options(), Translator.BLOCK_MAX)) {
            guest.load(code.bytes(0xF4));
            mapMore(guest);
            for (int form = 0; form < FORMS.length; form++) {
                var function = new Assembler(FORMS[form]).bytes(0xB8).number(VALUES[form], 4);
                guest.load(function.bytes(0xC3));
            }
            prepare.accept(guest);
            guest.runToHalt(SLICES_MAX);
            assertThat(guest.register(RBX)).isEqualTo(sum);
            if (way.compileAfter == 0) {
                assertThat(guest.engine.compiledRegions()).isPositive();
            }
        }
    }

    private void runAndExpect(int sum) {
        runAndExpect(sum, _ -> {});
    }

    private static void mapMore(TestGuest guest) {
        var memory = guest.memory;
        memory.writeLong(TABLE_4 + 8 * 511, UPPER_TABLE_3 | PRESENT);
        memory.writeLong(UPPER_TABLE_3, UPPER_TABLE_2 | PRESENT);
        memory.writeLong(UPPER_TABLE_2, UPPER_TABLE_1 | PRESENT);
        memory.writeLong(OTHER_TABLE_4, OTHER_TABLE_3 | PRESENT);
        memory.writeLong(OTHER_TABLE_4 + 8 * 511, UPPER_TABLE_3 | PRESENT);
        memory.writeLong(OTHER_TABLE_3, OTHER_TABLE_2 | PRESENT);
        memory.writeLong(OTHER_TABLE_2, OTHER_TABLE_1 | PRESENT);
        for (int page = 0; page < 512; page++) {
            memory.writeLong(UPPER_TABLE_1 + 8L * page, (long) page << 12 | PRESENT);
            memory.writeLong(OTHER_TABLE_1 + 8L * page, (long) page << 12 | PRESENT);
        }
    }

    // ---------------------------------------------------------------- one page, two halves

    private void remapAndFlush(boolean upper, int flags, Runnable flush) {
        loadForms(flags);
        loop(
                ROUNDS,
                () -> {
                    mapNextForm(upper);
                    flush.run();
                    callFunction(upper);
                });
        runAndExpect(sum(ROUNDS));
    }

    @Test
    void aPageOfTheLowerHalfIsExecutedAsMappedAfterInvlpg() {
        remapAndFlush(false, PRESENT, () -> invalidate(FUNCTION));
    }

    @Test
    void aPageOfTheUpperHalfIsExecutedAsMappedAfterInvlpg() {
        remapAndFlush(true, PRESENT, () -> invalidate(UPPER + FUNCTION + 0xFFF));
    }

    @Test
    void aPageOfTheLowerHalfIsExecutedAsMappedAfterTheTablesWereLoaded() {
        remapAndFlush(false, PRESENT, this::reloadTables);
    }

    @Test
    void aPageOfTheUpperHalfIsExecutedAsMappedAfterTheTablesWereLoaded() {
        remapAndFlush(true, PRESENT, this::reloadTables);
    }

    @Test
    void aGlobalPageIsExecutedAsMappedAfterInvlpg() {
        switchGlobalPages();
        remapAndFlush(true, PRESENT | GLOBAL, () -> invalidate(UPPER + FUNCTION));
    }

    @Test
    void aGlobalPageIsExecutedAsMappedAfterGlobalPagesWereSwitched() {
        remapAndFlush(
                true,
                PRESENT | GLOBAL,
                () -> {
                    switchGlobalPages();
                    switchGlobalPages();
                });
    }

    /// One page of the upper half is global, so that a load of CR3 leaves its half alone if the
    /// other is forgotten.
    @Test
    void aPageBesideGlobalOnesIsExecutedAsMappedAfterTheTablesWereLoaded() {
        int global = FUNCTION + 0x1000;
        switchGlobalPages();
        loadForms(PRESENT);
        loop(
                ROUNDS,
                () -> {
                    mapNextForm(true);
                    reloadTables();
                    callFunction(true);
                    code.bytes(0x50).load(2, UPPER + global).bytes(0xFF, 0xD2, 0x58);
                });
        runAndExpect(
                sum(ROUNDS),
                guest -> {
                    guest.memory.writeLong(
                            UPPER_TABLE_1 + 8L * (global >>> 12), global | PRESENT | GLOBAL);
                    guest.load(new Assembler(global).bytes(0xC3));
                });
    }

    /// INVLPG of any address in a large page forgets all of it.
    @Test
    void aLargePageThatBecomesATableIsExecutedAsMapped() {
        code.load(8, UPPER_TABLE_1 | PRESENT).load(9, 0x80 | PRESENT); // 2 MiB at 0
        loop(
                ROUNDS,
                () -> {
                    code.bytes(0x4C, 0x89, 0x0C, 0x25).number(UPPER_TABLE_2, 4); // mov [], r9
                    invalidate(UPPER + FUNCTION);
                    callFunction(true);
                    code.bytes(0x48, 0x01, 0xC3);
                    code.bytes(0x4C, 0x89, 0x04, 0x25).number(UPPER_TABLE_2, 4); // mov [], r8
                    invalidate(UPPER + 0x1F_F000);
                    callFunction(true);
                });
        runAndExpect(
                ROUNDS * (7 + VALUES[0]),
                guest -> {
                    guest.memory.writeLong(entry(true), FORMS[0] | PRESENT);
                    guest.load(new Assembler(FUNCTION).bytes(0xB8).number(7, 4).bytes(0xC3));
                });
    }

    // ---------------------------------------------------------------- salts that come round

    /// As many flushes as there are salts, so that links have the salt again under which another
    /// form of the function was put in.
    @Test
    void linksOfWhenSaltsWereTheSameBeforeAreNotFollowed() {
        int calls = 2 * FORMS.length; // the first of each fills caches
        loadForms(PRESENT);
        loop(
                calls,
                () -> {
                    mapNextForm(false);
                    code.bytes(0xBE).number(Links.SALTS, 4); // mov esi, salts
                    long top = code.here();
                    code.bytes(0x0F, 0x01, 0x3C, 0x25).number(TestGuest.CODE, 4); // invlpg
                    code.bytes(0xFF, 0xCE).jump(top, 0x0F, 0x85); // dec esi; jnz
                    callFunction(false);
                });
        runAndExpect(sum(calls));
    }

    /// `jmp` from the last byte of the lower half to the first address that is not canonical, at
    /// every salt: #GP, never a link.
    @Test
    void aJumpOutOfTheLowerHalfFaultsAtEverySalt() {
        int table = 0x78000;
        int last = 0x7B000;
        int rounds = Links.SALTS + 16;
        code.load(2, (1L << 47) - 5);
        code.bytes(0x31, 0xDB, 0xB9).number(rounds, 4);
        long top = code.here();
        code.bytes(0x0F, 0x01, 0x3C, 0x25).number(TestGuest.CODE, 4); // invlpg
        code.bytes(0xFF, 0xE2); // jmp rdx
        long back = code.here();
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85);
        // inc rbx; add rsp, 8; mov qword [rsp], back; iretq
        var handler =
                new Assembler(HANDLER)
                        .bytes(0x48, 0xFF, 0xC3, 0x48, 0x83, 0xC4, 8, 0x48, 0xC7, 0x04, 0x24)
                        .number(back, 4)
                        .bytes(0x48, 0xCF);
        runAndExpect(
                rounds,
                guest -> {
                    guest.load(handler);
                    guest.memory.writeLong(IDT + 16 * 13, gate(HANDLER));
                    guest.memory.writeLong(TABLE_4 + 8 * 255, table | PRESENT);
                    guest.memory.writeLong(table + 8 * 511, table + 0x1000 | PRESENT);
                    guest.memory.writeLong(table + 0x1000 + 8 * 511, table + 0x2000 | PRESENT);
                    guest.memory.writeLong(table + 0x2000 + 8 * 511, last | PRESENT);
                    guest.load(new Assembler(last + 4091).bytes(0xE9).number(0, 4));
                });
    }

    private static long gate(long handler) {
        return handler & 0xFFFF | 8 << 16 | 0x8EL << 40 | handler >>> 16 << 48;
    }

    // ---------------------------------------------------------------- address spaces and modes

    private void switchAddressSpaces(boolean toggling) {
        code.bytes(0x0F, 0x20, 0xD8, 0x48, 0x35); // mov rax, cr3; xor rax, ...
        code.number(toggling ? TABLE_4 ^ OTHER_TABLE_4 : 0, 4).bytes(0x0F, 0x22, 0xD8);
    }

    @Test
    void twoAddressSpacesExecuteTheirOwnCodeAtTheSameAddress() {
        loop(
                3000,
                () -> {
                    switchAddressSpaces(true);
                    callFunction(false);
                    code.bytes(0x48, 0x01, 0xC3); // add rbx, rax
                    callFunction(true);
                });
        runAndExpect(
                1500 * (VALUES[0] + VALUES[1] + 2 * VALUES[2]),
                guest -> {
                    guest.memory.writeLong(entry(false), FORMS[0] | PRESENT);
                    int same = OTHER_TABLE_1 + 8 * (FUNCTION >>> 12);
                    guest.memory.writeLong(same, FORMS[1] | PRESENT);
                    guest.memory.writeLong(entry(true), FORMS[2] | PRESENT);
                });
    }

    /// With the kernel's page global, a switch leaves the upper half's links as they are.
    @Test
    void aSwitchOfAddressSpacesKeepsGlobalCode() {
        switchGlobalPages();
        loop(
                3000,
                () -> {
                    switchAddressSpaces(true);
                    callFunction(true);
                    code.bytes(0x48, 0x01, 0xC3);
                    callFunction(false);
                });
        runAndExpect(
                1500 * (VALUES[0] + VALUES[1] + 2 * VALUES[2]),
                guest -> {
                    guest.memory.writeLong(entry(false), FORMS[0] | PRESENT);
                    int same = OTHER_TABLE_1 + 8 * (FUNCTION >>> 12);
                    guest.memory.writeLong(same, FORMS[1] | PRESENT);
                    guest.memory.writeLong(entry(true), FORMS[2] | PRESENT | GLOBAL);
                });
    }

    /// A page loses and gets the right to be executed: a fault in each second round, whose handler
    /// goes on behind the call.
    @Test
    void codeThatMayNotBeExecutedAnyMoreFaults() {
        code.load(11, 1L << 63);
        code.bytes(0x31, 0xDB, 0xB9).number(ROUNDS, 4);
        long top = code.here();
        code.bytes(0x4C, 0x31, 0x1C, 0x25).number(entry(true), 4); // xor [entry], r11
        invalidate(UPPER + FUNCTION);
        callFunction(true);
        code.bytes(0x48, 0x01, 0xC3, 0xFF, 0xC9).jump(top, 0x0F, 0x85);
        // mov eax, 5; add rsp, 8; pop rdx (where the fault was); mov rsp, [rsp+16]; ret
        var handler =
                new Assembler(HANDLER)
                        .bytes(0xB8)
                        .number(5, 4)
                        .bytes(0x48, 0x83, 0xC4, 8, 0x5A, 0x48, 0x8B, 0x64, 0x24, 16, 0xC3);
        runAndExpect(
                ROUNDS / 2 * (5 + VALUES[0]),
                guest -> {
                    guest.load(handler);
                    guest.memory.writeLong(IDT + 16 * 14, gate(HANDLER));
                    guest.memory.writeLong(entry(true), FORMS[0] | PRESENT);
                });
    }

    /// The same code in modes that differ by CR0.TS: an SSE instruction faults in one of them.
    @Test
    void codeOfOneModeIsNotEnteredFromAnother() {
        code.bytes(0x31, 0xDB, 0xB9).number(ROUNDS, 4);
        long top = code.here();
        code.bytes(0x0F, 0x20, 0xC0, 0x34, 8, 0x0F, 0x22, 0xC0); // xor cr0, TS
        callFunction(false);
        code.bytes(0x48, 0x01, 0xC3, 0xFF, 0xC9).jump(top, 0x0F, 0x85);
        // mov eax, 5; pop rdx; mov rsp, [rsp+16]; ret
        var handler =
                new Assembler(HANDLER)
                        .bytes(0xB8)
                        .number(5, 4)
                        .bytes(0x5A, 0x48, 0x8B, 0x64, 0x24, 16, 0xC3);
        runAndExpect(
                ROUNDS / 2 * (5 + 3),
                guest -> {
                    guest.load(handler);
                    guest.memory.writeLong(IDT + 16 * 7, gate(HANDLER));
                    // mov eax, 3; movd xmm0, eax; movd eax, xmm0; ret
                    guest.load(
                            new Assembler(FUNCTION)
                                    .bytes(0xB8)
                                    .number(3, 4)
                                    .bytes(0x66, 0x0F, 0x6E, 0xC0, 0x66, 0x0F, 0x7E, 0xC0, 0xC3));
                });
    }

    /// More modes than links are kept for, by all settings of four bits of CR0 and CR4.
    @Test
    void moreModesThanAreRememberedExecuteTheSame() {
        // Bits 1 to 3 of ecx are those of CR0 (MP, EM, TS); bit 9 of CR4 (OSFXSR) alternates.
        loop(
                ROUNDS,
                () -> {
                    code.bytes(0x0F, 0x20, 0xC0, 0x24, 0xF1, 0x89, 0xCA, 0x83, 0xE2, 0x0E);
                    code.bytes(0x09, 0xD0, 0x0F, 0x22, 0xC0); // or eax, edx; mov cr0, rax
                    code.bytes(0x0F, 0x20, 0xE0, 0x80, 0xF4, 2, 0x0F, 0x22, 0xE0);
                    callFunction(false);
                });
        runAndExpect(
                ROUNDS * VALUES[0],
                guest -> guest.memory.writeLong(entry(false), FORMS[0] | PRESENT));
    }

    // ---------------------------------------------------------------- a region's second page

    /// A function whose end is on a second page, which is remapped while its first page stays.
    @Test
    void aRegionOnTwoPagesFollowsItsSecondPage() {
        int second = TestGuest.PAGE_TABLE + 8 * ((FUNCTION >>> 12) + 1);
        loadForms(PRESENT);
        loop(
                ROUNDS,
                () -> {
                    code.bytes(0x4C, 0x89, 0x04, 0x25).number(second, 4);
                    code.bytes(0x4D, 0x87, 0xC8, 0x4D, 0x87, 0xD1);
                    invalidate(FUNCTION + 0x1000);
                    code.load(2, FUNCTION + 4095).bytes(0xFF, 0xD2);
                });
        // nop; then what is on the second page
        runAndExpect(sum(ROUNDS), guest -> guest.load(new Assembler(FUNCTION + 4095).bytes(0x90)));
    }
}
