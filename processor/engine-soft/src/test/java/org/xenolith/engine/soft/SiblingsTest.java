package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.xenolith.engine.soft.MovableCode.FUNCTION;
import static org.xenolith.engine.soft.MovableCode.acrossPages;
import static org.xenolith.engine.soft.MovableCode.calls;
import static org.xenolith.engine.soft.MovableCode.twice;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.baseline.MachineCodeCompiler;
import org.xenolith.engine.VcpuState;

/// A guest that has the same code at several addresses, as processes have their libraries.
@ParameterizedClass
@EnumSource(names = {"MACHINE_CODE", "BOTH"})
@Timeout(120)
class SiblingsTest {
    private static final int SLICES_MAX = 100_000;
    private static final int SECOND_PAGE = FUNCTION + 0x1000;
    private static final int OTHER = 0x22000;
    private static final long FIRST = TestGuest.RANDOM_ADDRESSES[0];
    private static final long SECOND = TestGuest.RANDOM_ADDRESSES[1];
    private static final int RAX = 0;
    private static final int RBX = 3;

    @Parameter private SoftEngine.Backend backend;
    private TestGuest guest;
    private VcpuState begin;

    @BeforeEach
    void start() {
        assumeTrue(MachineCodeCompiler.isSupported());
        guest = TestGuest.compiled(backend);
        begin = guest.vcpu.capture();
    }

    @AfterEach
    void end() {
        if (guest != null) {
            guest.close();
        }
    }

    /// Runs what lies at [TestGuest#CODE] as it is seen at another address; answers a register.
    private long run(long base, int register) {
        guest.vcpu.restore(begin);
        guest.moveTo(base);
        guest.runToHalt(SLICES_MAX);
        return guest.register(register);
    }

    @Test
    void aRegionIsFoundAgainAtAnotherAddress() {
        guest.load(twice(21));
        assertThat(run(FIRST, RAX)).isEqualTo(42);
        assertThat(guest.engine.regionsFoundAgain()).isZero();

        assertThat(run(SECOND, RAX)).isEqualTo(42);

        assertThat(guest.engine.regionsFoundAgain()).isPositive();
    }

    @Test
    void codeThatHasBeenWrittenIsNotFoundAgain() {
        guest.load(twice(21));
        run(FIRST, RAX);
        guest.load(twice(4));

        assertThat(run(SECOND, RAX)).isEqualTo(8);
        assertThat(guest.engine.regionsFoundAgain()).isZero();
    }

    @Test
    void codeThatIsWrittenLaterIsWrittenAtAllAddresses() {
        guest.load(twice(21));
        run(FIRST, RAX);
        run(SECOND, RAX);
        assertThat(guest.engine.regionsFoundAgain()).isPositive();
        guest.load(twice(4));

        assertThat(run(SECOND, RAX)).isEqualTo(8);
        assertThat(run(FIRST, RAX)).isEqualTo(8);
    }

    @Test
    void aRegionWhoseSecondPageLiesElsewhereIsAnother() {
        guest.load(calls(10, _ -> {}));
        guest.load(acrossPages(5));
        assertThat(run(FIRST, RBX)).isEqualTo(10 * 5);
        guest.memory.write(OTHER, new byte[] {7, 0, 0, 0, (byte) 0xC3});
        guest.memory.writeLong(TestGuest.PAGE_TABLE + 8L * (SECOND_PAGE >>> 12), OTHER | 3);

        assertThat(run(SECOND, RBX)).isEqualTo(10 * 7);
        assertThat(run(FIRST, RBX)).isEqualTo(10 * 7);
    }

    @Test
    void aRegionOnTwoPagesIsFoundAgainWhereBothAreSeen() {
        guest.load(calls(10, _ -> {}));
        guest.load(acrossPages(5));
        run(FIRST, RBX);

        assertThat(run(SECOND, RBX)).isEqualTo(10 * 5);

        assertThat(guest.engine.regionsFoundAgain()).isPositive();
    }

    /// A block whose region has become hot has bytecode, which belongs to its address.
    @Test
    void codeThatHasBecomeHotRunsAtOtherAddresses() {
        int turns = 60_000_000;
        var code = new Assembler(TestGuest.CODE).bytes(0x31, 0xDB, 0xB9).number(turns, 4);
        long top = code.here();
        guest.load(code.bytes(0xFF, 0xC3, 0xFF, 0xC9).jump(top, 0x0F, 0x85).bytes(0xF4));
        for (int time = 0; time < 3; time++) {
            assertThat(run(FIRST, RBX)).isEqualTo(turns);
        }

        assertThat(run(SECOND, RBX)).isEqualTo(turns);
    }

    /// The guest writes through yet another address, in the middle of what it executes.
    @Test
    void codeThatChangesItselfRunsAsChangedAtAllAddresses() {
        long target = TestGuest.ALIAS + SECOND_PAGE;
        guest.load(calls(200, code -> code.bytes(0xFF, 0x04, 0x25).number(target, 4)));
        for (long base : new long[] {FIRST, SECOND, FIRST}) {
            guest.load(acrossPages(1));

            assertThat(run(base, RBX)).isEqualTo(200 * 201 / 2);
        }
    }

    /// As many processes with one library as there is no room for: what goes is found again.
    @Test
    void codeAtManyAddressesIsBounded() {
        int blocks = 2000;
        int processes = CodeCache.REGIONS_MAX / blocks + 10;
        var code = new Assembler(TestGuest.CODE);
        for (int block = 0; block < blocks; block++) {
            code.bytes(0xFF, 0xC3, 0xEB, 0); // inc ebx; jmp to the next
        }
        guest.load(code.bytes(0xF4));
        for (int process = 1; process <= processes; process++) {
            guest.memory.writeLong(TestGuest.ROOT_TABLE + 8L * process, TestGuest.ROOT_ENTRY);
            run((long) process << 39, RBX);

            assertThat(guest.register(RBX)).isEqualTo(blocks);
            assertThat(guest.engine.regionsInUse()).isLessThanOrEqualTo(CodeCache.REGIONS_MAX + 1);
        }
        assertThat(guest.engine.regionsFoundAgain()).isGreaterThan((processes - 2) * blocks);
    }
}
