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

/// Single step, breakpoints and the debug registers (SDM vol. 3B, chapter 18).
@ParameterizedClass
@EnumSource(Execution.class)
class DebugTest {
    private static final long SINGLE_STEP = 1 << 14;
    private static final long GENERAL_DETECT = 1 << 13;

    /// DR7: breakpoint 0, on writes of four bytes; on accesses; on instructions; on ports.
    private static final long ON_WRITE = 1 | 0xDL << 16;

    private static final long ON_ACCESS = 1 | 0xFL << 16;
    private static final long ON_INSTRUCTION = 1;
    private static final long ON_PORT = 1 | 0x2L << 16;

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

    private void assertDebugAt(long rip, long conditions) {
        var fault = guest.fault();
        assertThat(fault.vector()).isEqualTo(1);
        assertThat(fault.rip()).isEqualTo(rip);
        assertThat(guest.state().debug().dr6() & 0xE00F).isEqualTo(conditions);
    }

    @Test
    void theTrapFlagTrapsBehindEveryInstruction() {
        guest.flags(TF);
        guest.code("90 90 F4");

        assertDebugAt(CODE + 1, SINGLE_STEP);
        assertThat(guest.rflags() & TF).isZero();
    }

    @Test
    void popfThatSetsTheTrapFlagIsNotItselfStepped() {
        guest.code("68 02 01 00 00 9D 90 90 F4"); // push 0x102; popfq; nop; nop

        assertDebugAt(CODE + 7, SINGLE_STEP);
    }

    @Test
    void aSoftwareInterruptIsNotSteppedIntoItsHandler() {
        guest.flags(TF);
        guest.code("CD 80");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(0x80);
        assertThat(fault.rflags() & TF).isEqualTo(TF);
    }

    @Test
    void anInstructionThatFaultsIsNotStepped() {
        guest.flags(TF);
        guest.code("0F 0B");

        assertThat(guest.fault().vector()).isEqualTo(6);
        assertThat(guest.state().debug().dr6() & SINGLE_STEP).isZero();
    }

    @Test
    void aLoadOfTheStackSegmentHoldsTheTrapOffForOneInstruction() {
        guest.flags(TF);
        guest.register(RAX, DATA_SELECTOR);
        guest.code("8E D0 90 90 F4"); // mov ss,ax; nop; nop

        assertDebugAt(CODE + 3, SINGLE_STEP);
    }

    @Test
    void aWriteBreakpointTrapsBehindTheWrite() {
        guest.debug(0, DATA, ON_WRITE);
        guest.register(RAX, 5);
        guest.code("8B 0B 89 03 90 F4"); // mov ecx,[rbx]; mov [rbx],eax; nop

        assertDebugAt(CODE + 4, 1);
        assertThat(guest.memory().readInt(DATA)).isEqualTo(5);
    }

    @Test
    void anAccessBreakpointTrapsBehindTheRead() {
        guest.debug(0, DATA, ON_ACCESS);
        guest.code("8B 0B 90 F4");

        assertDebugAt(CODE + 2, 1);
    }

    @Test
    void anAccessBesideABreakpointDoesNotTrap() {
        guest.debug(0, DATA, ON_ACCESS);
        guest.register(RBX, DATA + 4);
        guest.code("89 03 F4");

        guest.runToHalt();
    }

    @Test
    void anAccessThatOnlyTouchesABreakpointTraps() {
        guest.debug(0, DATA, ON_ACCESS);
        guest.register(RBX, DATA - 7);
        guest.code("48 8B 03 F4"); // mov rax,[rbx]

        assertDebugAt(CODE + 3, 1);
    }

    @Test
    void anInstructionBreakpointComesBeforeTheInstruction() {
        guest.debug(0, CODE + 2, ON_INSTRUCTION);
        guest.code("FF C0 FF C0 F4"); // inc eax; inc eax

        assertDebugAt(CODE + 2, 1);
        assertThat(guest.register(RAX)).isEqualTo(1);
    }

    @Test
    void theResumeFlagSkipsAnInstructionBreakpointOnce() {
        guest.debug(0, CODE, ON_INSTRUCTION);
        guest.flags(RF);
        guest.register(RCX, 2);
        guest.code("FF C9 75 FC F4"); // dec ecx; jnz -4

        assertDebugAt(CODE, 1);
        assertThat(guest.register(RCX)).isEqualTo(1);
    }

    @Test
    void aRepeatedInstructionTrapsBehindTheElementThatHits() {
        guest.debug(0, DATA + 4, 1 | 0x1L << 16);
        guest.register(RDI, DATA);
        guest.register(RCX, 10);
        guest.code("F3 AA F4"); // rep stosb

        assertDebugAt(CODE, 1);
        assertThat(guest.register(RCX)).isEqualTo(5);
    }

    @Test
    void aRepeatedInstructionIsSteppedElementByElement() {
        guest.flags(TF);
        guest.register(RDI, DATA);
        guest.register(RCX, 10);
        guest.code("F3 AA F4"); // rep stosb

        assertDebugAt(CODE, SINGLE_STEP);
        assertThat(guest.register(RCX)).isEqualTo(9);
    }

    @Test
    void aPortBreakpointTrapsIfDebuggingExtensionsAreOn() {
        guest.control(0, 0, CR4_DE);
        guest.debug(0, 0x80, ON_PORT);
        guest.register(RDX, 0x80);
        guest.code("EE 90 F4"); // out dx,al

        assertThat(guest.run()).isEqualTo(new Exit.PortWrite(0x80, 1, 0));

        assertDebugAt(CODE + 1, 1);
    }

    @Test
    void generalDetectFaultsBeforeAnAccessToADebugRegister() {
        guest.debug(0, 0, GENERAL_DETECT);
        guest.code("90 0F 21 F0"); // nop; mov rax,dr6

        assertDebugAt(CODE + 1, GENERAL_DETECT);
        assertThat(guest.state().debug().dr7() & GENERAL_DETECT).isZero();
    }

    @Test
    void debugRegistersFourAndFiveAreUndefinedWithDebuggingExtensions() {
        guest.control(0, 0, CR4_DE);
        guest.code("0F 21 E0"); // mov rax,dr4

        assertThat(guest.fault().vector()).isEqualTo(6);
    }

    @Test
    void aWriteThatNobodyTakesFaultsBehindTheResumeFlag() {
        guest.debug(0, CODE, ON_INSTRUCTION);
        guest.flags(RF);
        guest.register(RCX, 0x1234);
        guest.code("0F 30 90 F4"); // wrmsr; nop

        assertThat(guest.run()).isInstanceOf(Exit.MsrWrite.class);
        guest.vcpu().completeWithFault();
        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.rip()).isEqualTo(CODE);
    }

    @Test
    void aReadThatNobodyTakesFaultsBehindTheResumeFlag() {
        guest.debug(0, CODE, ON_INSTRUCTION);
        guest.flags(RF);
        guest.register(RCX, 0x1234);
        guest.code("0F 32 90 F4"); // rdmsr; nop

        assertThat(guest.run()).isInstanceOf(Exit.MsrRead.class);
        guest.vcpu().completeWithFault();
        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.rip()).isEqualTo(CODE);
    }
}
