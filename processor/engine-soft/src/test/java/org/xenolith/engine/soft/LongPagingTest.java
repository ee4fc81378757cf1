package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.Guest.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// What only tables of eight-byte entries can say.
@ParameterizedClass
@EnumSource(Execution.class)
class LongPagingTest {
    @Parameter private Execution execution;
    private Guest guest;

    @BeforeEach
    void makeGuest() {
        guest = new Guest(execution);
        guest.register(RBX, DATA);
    }

    @AfterEach
    void closeGuest() {
        guest.close();
    }

    @Test
    void aPageMarkedNoExecuteIsNotExecuted() {
        guest.mapPage(DATA, NO_EXECUTE | DATA | 3);
        guest.put(DATA, "F4");
        guest.code("FF E3"); // jmp rbx

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(14);
        assertThat(fault.errorCode()).isEqualTo(0x11);
        assertThat(fault.rip()).isEqualTo(DATA);
    }

    @Test
    void anInstructionThatReachesIntoANoExecutePageFaultsThere() {
        guest.mapPage(DATA, NO_EXECUTE | DATA | 3);
        guest.put(DATA - 1, "B8 01 02 03 04 F4"); // mov eax,0x4030201
        guest.register(RBX, DATA - 1);
        guest.code("FF E3");

        var fault = guest.fault();

        assertThat(fault.errorCode()).isEqualTo(0x11);
        assertThat(fault.rip()).isEqualTo(DATA - 1);
        assertThat(guest.state().control().cr2()).isEqualTo(DATA);
    }

    @Test
    void anAddressBeyondThePhysicalOnesIsReserved() {
        guest.mapPage(DATA, 1L << 45 | DATA | 3);
        guest.code("8B 03 F4");

        assertThat(guest.fault().errorCode()).isEqualTo(9);
    }

    @Test
    void aPageOfOneGibibyteReachesMemory() {
        guest.memory().writeLong(0x2000 + 8, 0x83); // linear 1 GiB is physical 0
        guest.memory().writeInt(DATA, 99);
        guest.register(RBX, (1L << 30) + DATA);
        guest.code("8B 03 F4");

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(99);
    }

    @Test
    void userModeNeedsTheUserBitAtEveryLevel() {
        guest.memory().writeLong(LEVEL_2, LEVEL_1 | 3);
        guest.enterUserMode();
        guest.put(USER_CODE, "F4");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(14);
        assertThat(fault.errorCode()).isEqualTo(0x15);
    }

    @Test
    void anAddressThatIsNotCanonicalIsAGeneralProtectionFault() {
        guest.register(RBX, 1L << 47);
        guest.code("8B 03 F4");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.errorCode()).isZero();
    }

    @Test
    void anAddressThatIsNotCanonicalIsAStackFaultOnTheStack() {
        guest.register(RBP, 1L << 47);
        guest.code("48 8B 45 00 F4"); // mov rax,[rbp]

        assertThat(guest.fault().vector()).isEqualTo(12);
    }

    @Test
    void changingWriteProtectHoldsForPagesAlreadyCached() {
        guest.control(CR0_WP, 0, 0);
        guest.mapPage(DATA, DATA | 1);
        guest.register(RAX, guest.state().control().cr0() | CR0_WP);
        guest.code("89 03 0F 22 C0 89 03 F4"); // mov [rbx],eax; mov cr0,rax; mov [rbx],eax

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(14);
        assertThat(fault.rip()).isEqualTo(CODE + 5);
    }

    @Test
    void atomicOperationsOnAReadOnlyPageFaultAsWrites() {
        guest.mapPage(DATA, DATA | 1);
        guest.code("F0 01 03 F4"); // lock add [rbx],eax

        assertThat(guest.fault().errorCode()).isEqualTo(3);
    }
}
