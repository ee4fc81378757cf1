package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.Guest.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.engine.Exit;

/// The hand-shake of interrupts, and NMIs.
@ParameterizedClass
@EnumSource(Execution.class)
class EventTest {
    private static final int VECTOR = 0x91;

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

    @Test
    void anInterruptIsTakenBeforeTheNextInstruction() {
        guest.flags(IF);
        guest.code("90 F4");
        guest.vcpu().interrupt(VECTOR);

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(VECTOR);
        assertThat(fault.rip()).isEqualTo(CODE);
        assertThat(fault.rflags() & IF).isEqualTo(IF);
        assertThat(guest.rflags() & IF).isZero();
    }

    @Test
    void noInterruptIsTakenWhileTheyAreOff() {
        assertThat(guest.vcpu().canTakeInterrupt()).isFalse();
    }

    @Test
    void theInstructionBehindStiIsDoneBeforeAnInterrupt() {
        guest.code("FB 90 EB 00 90 F4"); // sti; nop; jmp; nop
        guest.vcpu().requestInterruptWindow(true);

        assertThat(guest.run()).isEqualTo(new Exit.InterruptWindow());

        assertThat(guest.rip()).isGreaterThanOrEqualTo(CODE + 2);
        assertThat(guest.vcpu().canTakeInterrupt()).isTrue();
    }

    @Test
    void stiAndCliLeaveNoWindow() {
        guest.code("FB FA F4"); // sti; cli; hlt
        guest.vcpu().requestInterruptWindow(true);

        guest.runToHalt();
    }

    @Test
    void stiAndHltCannotMissAnInterrupt() {
        guest.code("FB F4 90 F4"); // sti; hlt; nop; hlt
        guest.runToHalt();
        assertThat(guest.vcpu().canTakeInterrupt()).isTrue();

        guest.vcpu().interrupt(VECTOR);
        var fault = guest.fault();

        assertThat(fault.rip()).isEqualTo(CODE + 2);
    }

    @Test
    void aHaltedProcessorStaysSoWithoutAnEvent() {
        guest.code("F4 90 F4");
        guest.runToHalt();

        assertThat(guest.vcpu().run(1000)).isEqualTo(new Exit.Halted());
        assertThat(guest.rip()).isEqualTo(CODE + 1);
    }

    @Test
    void anNmiComesWhateverTheInterruptFlagSays() {
        guest.code("90 F4");
        guest.vcpu().nonMaskableInterrupt();

        assertThat(guest.fault().vector()).isEqualTo(2);
    }

    @Test
    void anNmiWaitsForTheReturnFromTheOneBefore() {
        // The handler counts in eax and asks whether it is alone; then returns.
        guest.put(HANDLERS + 32, "FF C0 90 F4 48 CF"); // inc eax; nop; hlt; iretq
        guest.code("90 F4");
        guest.vcpu().nonMaskableInterrupt();
        guest.run();
        guest.vcpu().nonMaskableInterrupt();

        assertThat(guest.run()).isEqualTo(new Exit.Halted());
        assertThat(guest.register(RAX)).isEqualTo(1);
        assertThat(guest.state().pending().nmi()).isTrue();

        guest.rip(HANDLERS + 36);
        guest.run();
        assertThat(guest.register(RAX)).isEqualTo(2);
    }

    @Test
    void anInterruptAcceptedBeforeAnNmiWaitsUntilTheyAreOnAgain() {
        guest.flags(IF);
        guest.code("90 F4");
        guest.vcpu().interrupt(VECTOR);
        guest.vcpu().nonMaskableInterrupt();

        assertThat(guest.fault().vector()).isEqualTo(2);
        assertThat(guest.state().pending().interruptVector()).isEqualTo(VECTOR);
    }

    @Test
    void aKickEndsTheNextRunAtOnce() {
        guest.code("EB FE"); // jmp self
        guest.vcpu().kick();

        assertThat(guest.vcpu().run(Long.MAX_VALUE / 2)).isEqualTo(new Exit.Preempted());
    }

    @Test
    void aBudgetBoundsARun() {
        guest.code("EB FE");

        assertThat(guest.vcpu().run(10_000)).isEqualTo(new Exit.Preempted());
        assertThat(guest.vcpu().instructionsRetired()).isBetween(10_000L, 20_000L);
    }

    @Test
    void aCapturedProcessorWithAWaitingInterruptTakesItAfterRestore() {
        guest.flags(IF);
        guest.code("90 F4");
        guest.vcpu().interrupt(VECTOR);
        var state = guest.state();
        guest.flags(0);

        guest.vcpu().restore(state);

        assertThat(guest.fault().vector()).isEqualTo(VECTOR);
    }

    @Test
    void systemCallAndReturnSwitchPrivilege() {
        // wrmsr LSTAR=HANDLERS+0x900 (a halt), STAR=0x001B0008 << 32, EFER.SCE is set.
        guest.register(RCX, 0xC000_0082L);
        guest.register(RAX, HANDLERS + 0x900);
        guest.put(HANDLERS + 0x900, "48 0F 07"); // sysretq
        guest.put(USER_CODE, "CD 80");
        // wrmsr; mov ecx,C0000081; xor eax,eax; mov edx,001B0008; wrmsr;
        // mov rcx,11000; mov r11,2; jmp to the sysretq
        guest.code(
                "0F 30 B9 81 00 00 C0 31 C0 BA 08 00 18 00 0F 30"
                        + "B9 00 10 01 00 41 BB 02 00 00 00 B8 00 A9 00 00 FF E0");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(0x80);
        assertThat(fault.cs()).isEqualTo(USER_CODE_SELECTOR);
        assertThat(fault.ss()).isEqualTo(USER_DATA_SELECTOR);
    }
}
