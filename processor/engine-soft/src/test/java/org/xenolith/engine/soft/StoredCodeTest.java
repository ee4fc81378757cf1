package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.xenolith.engine.soft.MovableCode.FUNCTION;
import static org.xenolith.engine.soft.MovableCode.acrossPages;
import static org.xenolith.engine.soft.MovableCode.calls;
import static org.xenolith.engine.soft.MovableCode.twice;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.baseline.MachineCodeCompiler;

import java.nio.file.Path;
import java.util.function.Consumer;

/// Guests that find their machine code of an earlier run in a file compute the same as without.
@ParameterizedClass
@EnumSource(names = {"MACHINE_CODE", "BOTH"})
@Timeout(120)
class StoredCodeTest {
    private static final int PROGRAMS = Integer.getInteger("xenolith.programs", 5);
    private static final int SLICES_MAX = 100_000;
    private static final int OTHER = 0x22000;
    private static final int RAX = 0;
    private static final int RBX = 3;

    @Parameter private SoftEngine.Backend backend;
    @TempDir private Path directory;
    private Path file;

    @BeforeEach
    void name() {
        assumeTrue(MachineCodeCompiler.isSupported());
        file = directory.resolve("code");
    }

    /// Runs a guest to its end; answers how many regions were of earlier runs.
    private int run(Consumer<TestGuest> prepare, Consumer<TestGuest> look) {
        try (var guest = TestGuest.compiled(backend, file)) {
            prepare.accept(guest);
            guest.runToHalt(SLICES_MAX);
            look.accept(guest);
            return guest.engine.revivedRegions();
        }
    }

    private int run(Assembler... codes) {
        return run(guest -> load(guest, codes), _ -> {});
    }

    private static void load(TestGuest guest, Assembler... codes) {
        for (var code : codes) {
            guest.load(code);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, TestGuest.UPPER_ADDRESS})
    void programsWithTheirCodeOfEarlierRunsDoWhatTheEvaluatorSays(long base) {
        int revived = 0;
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            for (int time = 0; time < 3; time++) {
                try (var guest = TestGuest.compiled(backend, file)) {
                    RegionEquivalenceTest.compare(seed, base, guest);
                    revived += guest.engine.revivedRegions();
                }
            }
        }
        assertThat(revived).isGreaterThan(2 * PROGRAMS);
    }

    @Test
    void programsFindTheirCodeWhereverTheyLie() {
        for (long seed = 1; seed <= PROGRAMS; seed++) {
            int revived = 0;
            for (long base : TestGuest.RANDOM_ADDRESSES) {
                try (var guest = TestGuest.compiled(backend, file)) {
                    RegionEquivalenceTest.compare(seed, base, guest);
                    revived = guest.engine.revivedRegions();
                }
            }
            assertThat(revived).as("program %d at the second address", seed).isPositive();
        }
    }

    @Test
    void codeIsFoundAgainUnlessAByteOfItIsAnother() {
        assertThat(run(twice(21))).isZero();
        assertThat(run(twice(21))).isPositive();

        int revived =
                run(
                        guest -> guest.load(twice(22)),
                        guest -> assertThat(guest.register(RAX)).isEqualTo(44));

        assertThat(revived).isZero();
    }

    @Test
    void codeThatIsWrittenAfterItWasFoundRunsAsWritten() {
        run(twice(21));

        run(
                guest -> {
                    guest.load(twice(21));
                    var again = guest.vcpu.capture();
                    guest.runToHalt(SLICES_MAX);
                    assertThat(guest.engine.revivedRegions()).isPositive();
                    guest.load(twice(4));
                    guest.vcpu.restore(again);
                },
                guest -> assertThat(guest.register(RAX)).isEqualTo(8));
    }

    @Test
    void codeWhoseSecondPageHoldsOtherBytesIsNotUsed() {
        var caller = calls(10, _ -> {});
        run(caller, acrossPages(5));

        run(
                guest -> {
                    load(guest, caller, acrossPages(5));
                    guest.memory.write(OTHER, new byte[] {7, 0, 0, 0, (byte) 0xC3});
                    map(guest, FUNCTION + 0x1000, OTHER);
                },
                guest -> assertThat(guest.register(RBX)).isEqualTo(10 * 7));
    }

    @Test
    void codeIsFoundInWhateverFrameItLies() {
        var caller = calls(10, _ -> {});
        run(caller, acrossPages(5));

        int revived =
                run(
                        guest -> {
                            load(guest, caller, acrossPages(5));
                            guest.memory.write(OTHER, guest.memory.read(FUNCTION + 0x1000, 4096));
                            map(guest, FUNCTION + 0x1000, OTHER);
                        },
                        guest -> assertThat(guest.register(RBX)).isEqualTo(10 * 5));

        assertThat(revived).isGreaterThan(1);
    }

    private static void map(TestGuest guest, int page, int frame) {
        guest.memory.writeLong(TestGuest.PAGE_TABLE + 8L * (page >>> 12), frame | 3);
    }

    @Test
    void aSecondPageThatIsRemappedLaterIsSeen() {
        int entry = TestGuest.PAGE_TABLE + 8 * (FUNCTION + 0x1000 >>> 12);
        // xor qword [entry], ...; invlpg [second page]
        var caller =
                calls(
                        100,
                        code ->
                                code.bytes(0x48, 0x81, 0x34, 0x25)
                                        .number(entry, 4)
                                        .number(FUNCTION + 0x1000 ^ OTHER, 4)
                                        .bytes(0x0F, 0x01, 0x3C, 0x25)
                                        .number(FUNCTION + 0x1000, 4));
        for (int time = 0; time < 3; time++) {
            run(
                    guest -> {
                        load(guest, caller, acrossPages(1));
                        guest.memory.write(OTHER, guest.memory.read(FUNCTION + 0x1000, 4096));
                        guest.memory.writeByte(OTHER, 100);
                    },
                    guest -> assertThat(guest.register(RBX)).isEqualTo(50 * 101));
        }
    }

    @Test
    void codeThatChangesItselfRunsAsChangedWhateverIsKeptOfIt() {
        // inc dword [ALIAS + the value]
        var caller =
                calls(
                        200,
                        code ->
                                code.bytes(0xFF, 0x04, 0x25)
                                        .number(TestGuest.ALIAS + FUNCTION + 0x1000, 4));
        for (int time = 0; time < 3; time++) {
            run(
                    guest -> load(guest, caller, acrossPages(1)),
                    guest -> assertThat(guest.register(RBX)).isEqualTo(200 * 201 / 2));
        }
    }
}
