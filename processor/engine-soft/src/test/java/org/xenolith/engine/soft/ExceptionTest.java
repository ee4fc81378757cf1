package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.Guest.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.engine.Exit;

/// Exceptions in 64-bit mode, their error codes and what becomes of faults in their delivery (SDM
/// vol. 3A, chapter 7).
@ParameterizedClass
@EnumSource(Execution.class)
class ExceptionTest {
    @Parameter private Execution execution;
    private Guest guest;

    @BeforeEach
    void makeGuest() {
        guest = new Guest(execution);
    }

    @AfterEach
    void closeGuest() {
        guest.close();
    }

    private void assertFault(int vector, long errorCode, long rip) {
        var fault = guest.fault();
        assertThat(fault.vector()).isEqualTo(vector);
        assertThat(fault.errorCode()).isEqualTo(errorCode);
        assertThat(fault.rip()).isEqualTo(rip);
    }

    @Test
    void undefinedOpcodesPointAtThemselves() {
        guest.code("90 0F 0B");

        assertFault(6, -1, CODE + 1);
    }

    @Test
    void aFaultPushesTheResumeFlagAndAnInterruptDoesNot() {
        guest.code("0F 0B");
        assertThat(guest.fault().rflags() & RF).isEqualTo(RF);

        guest.rip(CODE);
        guest.code("CD 80");
        assertThat(guest.fault().rflags() & RF).isZero();
    }

    @Test
    void divisionByZeroChangesNothing() {
        guest.register(RAX, 7);
        guest.register(RDX, 8);
        guest.code("F7 F1"); // div ecx

        assertFault(0, -1, CODE);
        assertThat(guest.register(RAX)).isEqualTo(7);
        assertThat(guest.register(RDX)).isEqualTo(8);
    }

    @Test
    void anInterruptInstructionPushesTheNextAddress() {
        guest.code("CD 80");

        assertFault(0x80, -1, CODE + 2);
    }

    @Test
    void aSelectorBeyondTheTableIsInTheErrorCode() {
        guest.register(RAX, 0x5B);
        guest.code("8E D8"); // mov ds,ax

        assertFault(13, 0x58, CODE);
    }

    @Test
    void aSegmentThatIsNotPresentIsToldSo() {
        guest.register(RAX, ABSENT_SELECTOR);
        guest.code("8E D8");

        assertFault(11, ABSENT_SELECTOR, CODE);
    }

    @Test
    void aStackSegmentMustBeWritable() {
        guest.register(RAX, READ_ONLY_SELECTOR);
        guest.code("8E D0"); // mov ss,ax

        assertFault(13, READ_ONLY_SELECTOR, CODE);
    }

    @Test
    void aStackSegmentThatIsNotPresentIsAStackFault() {
        guest.register(RAX, ABSENT_SELECTOR);
        guest.code("8E D0");

        assertFault(12, ABSENT_SELECTOR, CODE);
    }

    @Test
    void userModeReachesOnlyGatesOfItsPrivilege() {
        guest.enterUserMode();
        guest.put(USER_CODE, "CD 42"); // int 0x42, whose gate is for ring 0

        assertFault(13, 0x42 * 8 + 2, USER_CODE);
    }

    @Test
    void anEventInUserModeSwitchesToTheStackOfTheTss() {
        guest.enterUserMode();
        guest.put(USER_CODE, "CD 80");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(0x80);
        assertThat(fault.cs()).isEqualTo(USER_CODE_SELECTOR);
        assertThat(fault.ss()).isEqualTo(USER_DATA_SELECTOR);
        assertThat(fault.rsp()).isEqualTo(USER_STACK);
        assertThat(guest.register(RSP)).isEqualTo(HANDLER_STACK - 40);
        assertThat(guest.state().segments().ss().selector()).isZero();
    }

    @Test
    void aGateMayNameAStackOfItsOwn() {
        guest.gate(6, CODE_SELECTOR, 0x8E, 1);
        guest.code("0F 0B");

        guest.fault();

        assertThat(guest.register(RSP)).isEqualTo(IST_1 - 40);
    }

    @Test
    @Timeout(20)
    void aGuestThatOnlyEverFaultsUsesUpItsBudgetToo() {
        guest.gate(6, CODE_SELECTOR, 0x8E, 1);
        guest.put(Guest.HANDLERS + 6 * 16, "0F 0B");
        guest.code("0F 0B");

        assertThat(guest.vcpu().run(1000)).isEqualTo(new Exit.Preempted());
    }

    @Test
    void theFrameIsAlignedToSixteenBytes() {
        guest.register(RSP, STACK - 3);
        guest.code("0F 0B");

        var fault = guest.fault();

        assertThat(guest.register(RSP)).isEqualTo(STACK - 16 - 40);
        assertThat(fault.rsp()).isEqualTo(STACK - 3);
    }

    @Test
    void privilegedInstructionsFaultInUserMode() {
        guest.enterUserMode();
        guest.put(USER_CODE, "F4");

        assertFault(13, 0, USER_CODE);
    }

    @Test
    void anAbsentGateIsReportedWithItsVector() {
        guest.gate(6, CODE_SELECTOR, 0x0E, 0);
        guest.code("0F 0B");

        assertFault(11, 6 * 8 + 3, CODE);
    }

    @Test
    void aContributoryFaultInTheDeliveryOfAPageFaultIsADoubleFault() {
        guest.gate(14, CODE_SELECTOR, 0x0E, 0);
        guest.register(RBX, 0x400000);
        guest.code("8B 03");

        assertFault(8, 0, CODE);
    }

    @Test
    void aPageFaultInTheDeliveryOfAPageFaultIsADoubleFault() {
        guest.gate(8, CODE_SELECTOR, 0x8E, 1);
        guest.register(RSP, 0x400000);
        guest.register(RBX, 0x500000);
        guest.code("8B 03");

        assertFault(8, 0, CODE);
        assertThat(guest.state().control().cr2()).isBetween(0x3FF000L, 0x400000L);
    }

    @Test
    void aStackThatIsNotCanonicalFaultsInTheDeliveryAsAStackFault() {
        guest.gate(12, CODE_SELECTOR, 0x8E, 1);
        guest.register(RSP, 1L << 50);
        guest.code("CD 80");

        assertFault(12, 0, CODE);
    }

    @Test
    void aFaultInTheDeliveryOfADoubleFaultStopsTheProcessor() {
        guest.limitIdt(16);
        guest.code("0F 0B");

        assertThat(guest.run()).isInstanceOf(Exit.Shutdown.class);
        assertThat(guest.run()).isInstanceOf(Exit.Shutdown.class);
    }

    @Test
    void alignmentIsCheckedInUserModeIfAskedFor() {
        guest.control(0, CR0_AM, 0);
        guest.enterUserMode();
        guest.flags(AC);
        guest.register(RBX, USER_DATA + 2);
        guest.put(USER_CODE, "66 8B 03 8B 03"); // mov ax,[rbx]; mov eax,[rbx]

        assertFault(17, 0, USER_CODE + 3);
    }

    @Test
    void returnToUserModeAndBackKeepsTheFrame() {
        guest.register(RAX, USER_STACK);
        guest.put(USER_CODE, "CD 80");
        // push 23; push rax; push 2; push 2B; push 11000; iretq
        guest.code("6A 23 50 6A 02 6A 2B 68 00 10 01 00 48 CF");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(0x80);
        assertThat(fault.cs()).isEqualTo(USER_CODE_SELECTOR);
        assertThat(fault.rsp()).isEqualTo(USER_STACK);
    }

    @Test
    void returnToANullCodeSegmentFaults() {
        guest.code("6A 10 50 6A 02 6A 00 6A 00 48 CF");

        assertFault(13, 0, CODE + 9);
    }

    @Test
    void returnInANestedTaskFaultsInLongMode() {
        guest.flags(NT);
        guest.code("48 CF");

        assertFault(13, 0, CODE);
    }

    @Test
    void anInstructionOfMoreThanFifteenBytesFaults() {
        guest.code("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90");

        assertFault(13, 0, CODE);
    }

    @Test
    void randomNumbersComeFromThePortOfChance() {
        guest.code("0F C7 F0 0F C7 F9 9C F4"); // rdrand eax; rdseed ecx; pushfq

        guest.runToHalt();

        assertThat(guest.register(RAX)).isNotZero().isLessThan(1L << 32);
        assertThat(guest.register(RCX)).isNotEqualTo(guest.register(RAX));
        assertThat(guest.memory().readLong(STACK - 8) & 0x8D5).isEqualTo(1);
    }

    @Test
    void aReturnToAnAddressThatIsNotCanonicalFaultsAtTheReturn() {
        guest.register(RAX, 1L << 47);
        guest.code("50 C3"); // push rax; ret

        assertFault(13, 0, CODE + 1);
        assertThat(guest.fault().rsp()).isEqualTo(STACK - 8);
    }
}
