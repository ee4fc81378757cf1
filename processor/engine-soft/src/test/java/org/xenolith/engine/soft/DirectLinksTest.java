package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;

import java.util.function.Consumer;

/// Regions of the upper half that jump straight to each other execute what is there: after page
/// tables have changed and been flushed, after code has been written, and where a second vCPU sees
/// other pages.
///
/// A caller in the upper half calls a function on another page of it, three times in a row: the
/// first call goes by the run loop, the second finds the function's region, the third is a jump.
@Timeout(120)
class DirectLinksTest {
    private static final long UPPER = -1L << 31;
    private static final int CALLER = 0x20000;
    private static final int FUNCTION = 0x22000;
    private static final int[] FORMS = {0x24000, 0x26000};
    private static final int[] VALUES = {1, 1000};
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

    private final Assembler code = new Assembler(TestGuest.CODE);
    private final TestGuest guest = TestGuest.compiled(SoftEngine.Backend.MACHINE_CODE);

    DirectLinksTest() {
        assumeThat(MachineCodeCompiler.isSupported()).isTrue();
        map(TestGuest.ROOT_TABLE, TABLE_3, TABLE_2, TABLE_1);
        map(OTHER_TABLE_4, OTHER_TABLE_3, OTHER_TABLE_2, OTHER_TABLE_1);
        guest.memory.writeLong(OTHER_TABLE_4, TestGuest.ROOT_ENTRY);
        for (int form = 0; form < FORMS.length; form++) {
            guest.load(new Assembler(FORMS[form]).bytes(0xB8).number(VALUES[form], 4).bytes(0xC3));
        }
        var caller = new Assembler(UPPER + CALLER);
        for (int call = 0; call < CALLS; call++) {
            long behind = caller.here() + 5;
            caller.bytes(0xE8).number(UPPER + FUNCTION - behind, 4); // call
            caller.bytes(0x48, 0x01, 0xC3); // add rbx, rax
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
        guest.close();
    }

    private void callCaller() {
        code.load(RDX, UPPER + CALLER).bytes(0xFF, 0xD2);
    }

    /// `body` and a call of the caller so many times, counted in ecx.
    private void loop(Runnable body) {
        code.bytes(0x31, 0xDB, 0xB9).number(ROUNDS, 4);
        long top = code.here();
        body.run();
        callCaller();
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85);
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
        INVLPG(0, code -> code.load(RDX, UPPER + FUNCTION).bytes(0x0F, 0x01, 0x3A)),

        CR3(0, code -> code.bytes(0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8)),

        GLOBAL_INVLPG(GLOBAL, INVLPG.emits),

        PGE(
                GLOBAL,
                code -> {
                    for (int turn = 0; turn < 2; turn++) {
                        code.bytes(0x0F, 0x20, 0xE0, 0x34, 0x80, 0x0F, 0x22, 0xE0);
                    }
                });

        private final int flags;
        private final Consumer<Assembler> emits;

        Flush(int flags, Consumer<Assembler> emits) {
            this.flags = flags;
            this.emits = emits;
        }
    }

    @ParameterizedTest
    @EnumSource(Flush.class)
    void aFunctionIsExecutedAsMappedAfterAFlush(Flush flush) {
        code.bytes(0x0F, 0x20, 0xE0, 0x0C, 0x80, 0x0F, 0x22, 0xE0); // CR4.PGE
        for (int form = 0; form < FORMS.length; form++) {
            code.load(8 + form, FORMS[form] | PRESENT | flush.flags);
        }
        loop(() -> {
            code.bytes(0x4C, 0x89, 0x04, 0x25).number(ENTRY, 4); // mov [entry], r8
            code.bytes(0x4D, 0x87, 0xC8); // xchg r8, r9
            flush.emits.accept(code);
        });
        runAndExpect(alternating());
    }

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
        runAndExpect((long) CALLS * ROUNDS * VALUES[0]);
        guest.memory.write(FORMS[0] + 1, new byte[] {7, 0, 0, 0});
        restart();
        guest.runToHalt(SLICES_MAX);
        assertThat(guest.register(RBX)).isEqualTo((long) CALLS * ROUNDS * 7);
    }

    private void restart() {
        guest.vcpu.restore(guest.vcpu.capture().withActivity(VcpuState.Activity.RUNNING));
        guest.moveTo(TestGuest.CODE - guest.vcpu.capture().general().rip());
    }

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
                    while (!(second.run(10_000) instanceof Exit.Halted)) {
                        Thread.onSpinWait();
                    }
                    assertThat(second.capture().general().registers().get(RBX))
                            .isEqualTo((long) CALLS * ROUNDS * VALUES[1]);
                }
            }
            assertThat(guest.engine.directLinks()).isZero();
        }
    }
}
