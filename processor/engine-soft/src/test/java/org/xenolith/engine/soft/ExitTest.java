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

import java.util.ArrayList;

/// Accesses that leave the engine happen once, in order, with the values of the program.
@ParameterizedClass
@EnumSource(Execution.class)
class ExitTest {
    /// A page without memory behind it.
    private static final long DEVICE = 0x24000;

    private static final long GPA = 0xFEE0_0000L;

    @Parameter private Execution execution;
    private Guest guest;

    @BeforeEach
    void makeGuest() {
        guest = new Guest(execution);
        guest.mapPage(DEVICE, GPA | 3);
        guest.register(RBX, DEVICE + 0x20);
        guest.register(RDX, 0x3F8);
    }

    @AfterEach
    void closeGuest() {
        guest.close();
    }

    @Test
    void aPortReadTakesTheAnswer() {
        guest.register(RAX, -1);
        guest.code("ED F4"); // in eax,dx

        assertThat(guest.run()).isEqualTo(new Exit.PortRead(0x3F8, 4));
        guest.vcpu().complete(0x1234);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0x1234);
    }

    @Test
    void aPortReadOfAByteKeepsTheRestOfTheRegister() {
        guest.register(RAX, 0x1122_3344_5566_7788L);
        guest.code("EC F4"); // in al,dx

        guest.run();
        guest.vcpu().complete(0xAA);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0x1122_3344_5566_77AAL);
    }

    @Test
    void aPortWriteGoesOutOnce() {
        guest.register(RAX, 0x41);
        guest.code("EE F4"); // out dx,al

        assertThat(guest.run()).isEqualTo(new Exit.PortWrite(0x3F8, 1, 0x41));
        guest.runToHalt();

        assertThat(guest.rip()).isEqualTo(CODE + 2);
    }

    @Test
    void repeatedOutputSendsEveryByteInOrder() {
        guest.put(DATA, "41 42 43 44");
        guest.register(RSI, DATA);
        guest.register(RCX, 4);
        guest.code("F3 6E F4"); // rep outsb

        var written = new ArrayList<Integer>();
        while (guest.run() instanceof Exit.PortWrite(int port, int bytes, int value)) {
            assertThat(port).isEqualTo(0x3F8);
            assertThat(bytes).isEqualTo(1);
            written.add(value);
        }

        assertThat(written).containsExactly(0x41, 0x42, 0x43, 0x44);
        assertThat(guest.register(RCX)).isZero();
        assertThat(guest.register(RSI)).isEqualTo(DATA + 4);
    }

    @Test
    void repeatedInputOfManyElementsStoresEveryOne() {
        guest.register(RDI, DATA);
        guest.register(RCX, 200);
        guest.code("F3 6C F4"); // rep insb

        int given = 0;
        while (guest.run() instanceof Exit.PortRead) {
            guest.vcpu().complete(given++);
        }

        assertThat(given).isEqualTo(200);
        assertThat(guest.memory().readByte(DATA)).isZero();
        assertThat(guest.memory().readByte(DATA + 199)).isEqualTo(199);
        assertThat(guest.register(RDI)).isEqualTo(DATA + 200);
    }

    @Test
    void inputIntoAPageThatMayNotBeWrittenFaultsBeforeThePortIsRead() {
        guest.mapPage(DATA, DATA | 1);
        guest.register(RDI, DATA);
        guest.register(RCX, 1);
        guest.code("F3 6C F4");

        assertThat(guest.fault().vector()).isEqualTo(14);
    }

    @Test
    void deviceMemoryIsReadWithTheWidthOfTheAccess() {
        guest.code("48 8B 03 F4"); // mov rax,[rbx]

        assertThat(guest.run()).isEqualTo(new Exit.MmioRead(GPA + 0x20, 8));
        guest.vcpu().complete(0x1122_3344_5566_7788L);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0x1122_3344_5566_7788L);
    }

    @Test
    void deviceMemoryIsWrittenOnce() {
        guest.register(RAX, 0x12345678);
        guest.code("89 03 F4"); // mov [rbx],eax

        assertThat(guest.run()).isEqualTo(new Exit.MmioWrite(GPA + 0x20, 4, 0x12345678));
        guest.runToHalt();
    }

    @Test
    void addingToDeviceMemoryReadsThenWrites() {
        guest.register(RAX, 5);
        guest.code("01 03 F4"); // add [rbx],eax

        assertThat(guest.run()).isEqualTo(new Exit.MmioRead(GPA + 0x20, 4));
        guest.vcpu().complete(37);
        assertThat(guest.run()).isEqualTo(new Exit.MmioWrite(GPA + 0x20, 4, 42));
        guest.runToHalt();
    }

    @Test
    void exchangingWithDeviceMemoryReadsThenWrites() {
        guest.register(RAX, 5);
        guest.code("87 03 F4"); // xchg [rbx],eax

        assertThat(guest.run()).isEqualTo(new Exit.MmioRead(GPA + 0x20, 4));
        guest.vcpu().complete(37);
        assertThat(guest.run()).isEqualTo(new Exit.MmioWrite(GPA + 0x20, 4, 5));
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(37);
    }

    @Test
    void copyingFromDeviceMemoryWritesEveryElement() {
        guest.register(RSI, DEVICE);
        guest.register(RDI, DATA);
        guest.register(RCX, 3);
        guest.code("F3 A5 F4"); // rep movsd

        for (int element = 0; element < 3; element++) {
            assertThat(guest.run()).isEqualTo(new Exit.MmioRead(GPA + element * 4, 4));
            guest.vcpu().complete(element + 100);
        }
        guest.runToHalt();

        assertThat(guest.memory().readInt(DATA + 8)).isEqualTo(102);
    }

    @Test
    void copyingBetweenDevicesAlternates() {
        guest.register(RSI, DEVICE);
        guest.register(RDI, DEVICE + 0x100);
        guest.register(RCX, 2);
        guest.code("F3 A4 F4"); // rep movsb

        for (int element = 0; element < 2; element++) {
            assertThat(guest.run()).isEqualTo(new Exit.MmioRead(GPA + element, 1));
            guest.vcpu().complete(element + 7);
            assertThat(guest.run())
                    .isEqualTo(new Exit.MmioWrite(GPA + 0x100 + element, 1, element + 7));
        }
        guest.runToHalt();
    }

    @Test
    void anAccessFromMemoryIntoADeviceIsSplitAtThePage() {
        guest.memory().writeShort(DEVICE - 2, 0x5678);
        guest.register(RBX, DEVICE - 2);
        guest.code("8B 03 F4"); // mov eax,[rbx]

        assertThat(guest.run()).isEqualTo(new Exit.MmioRead(GPA, 2));
        guest.vcpu().complete(0x1234);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0x1234_5678L);
    }

    @Test
    void aFaultAsAnAnswerIsAGeneralProtectionFault() {
        guest.register(RCX, 0x1234);
        guest.code("0F 32 F4"); // rdmsr

        assertThat(guest.run()).isEqualTo(new Exit.MsrRead(0x1234));
        guest.vcpu().completeWithFault();
        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.rip()).isEqualTo(CODE);
    }

    @Test
    void aWriteThatNobodyTakesFaultsAtItsInstruction() {
        guest.register(RCX, 0x1234);
        guest.register(RAX, 7);
        guest.code("90 0F 30 F4"); // nop; wrmsr

        assertThat(guest.run()).isEqualTo(new Exit.MsrWrite(0x1234, 0x3F8L << 32 | 7));
        guest.vcpu().completeWithFault();
        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.rip()).isEqualTo(CODE + 1);
    }

    @Test
    void aWriteThatIsTakenHappensOnce() {
        guest.register(RCX, 0x1234);
        guest.code("90 0F 30 FF C3 F4"); // nop; wrmsr; inc ebx

        assertThat(guest.run()).isEqualTo(new Exit.MsrWrite(0x1234, 0x3F8L << 32));
        guest.vcpu().complete(99);
        guest.runToHalt();

        assertThat(guest.register(RBX)).isEqualTo(DEVICE + 0x21);
        assertThat(guest.register(RAX)).isZero();
    }

    @Test
    void aProcessorCapturedBehindAHypercallsAnswerHasCompletedIt() {
        guest.code("0F 01 C1 F4"); // vmcall
        guest.run();
        guest.vcpu().complete(77);

        var state = guest.state();

        assertThat(state.general().registers().get(RAX)).isEqualTo(77);
        assertThat(state.general().rip()).isEqualTo(CODE + 3);
    }

    @Test
    void aSingleStepIsTakenBehindAHypercallWithItsAnswer() {
        guest.register(RAX, 17);
        guest.code("9C 80 4C 24 01 01 9D 0F 01 C1 90 F4"); // pushfq; or TF; popfq; vmcall; nop

        assertThat(guest.run()).isInstanceOf(Exit.Hypercall.class);
        guest.vcpu().complete(5);
        var trap = guest.fault();

        assertThat(trap.vector()).isEqualTo(1);
        assertThat(trap.rip()).isEqualTo(CODE + 10);
        assertThat(guest.register(RAX)).isEqualTo(5);
    }

    @Test
    void aSingleStepIsNotTakenBehindAWriteThatFaults() {
        guest.register(RCX, 0x1234);
        guest.code("9C 80 4C 24 01 01 9D 0F 30 90 F4"); // pushfq; or TF; popfq; wrmsr; nop

        assertThat(guest.run()).isInstanceOf(Exit.MsrWrite.class);
        guest.vcpu().completeWithFault();
        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.rip()).isEqualTo(CODE + 7);
    }

    @Test
    void aHypercallCarriesItsArguments() {
        guest.register(RAX, 17);
        guest.register(RDI, 1);
        guest.register(RSI, 2);
        guest.code("0F 01 C1 F4"); // vmcall

        assertThat(guest.run()).isEqualTo(new Exit.Hypercall(true, 0, 17, 1, 2, 0x3F8, 0, 0));
        guest.vcpu().complete(-38);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(-38);
    }

    @Test
    void aNewTaskPriorityIsToldBehindTheInstruction() {
        guest.register(RAX, 9);
        guest.code("44 0F 22 C0 90 F4"); // mov cr8,rax; nop

        assertThat(guest.run()).isEqualTo(new Exit.TaskPriority(9));
        assertThat(guest.rip()).isEqualTo(CODE + 4);
    }

    @Test
    void aProcessorCapturedBehindAnAnswerHasCompletedTheInstruction() {
        guest.code("ED F4"); // in eax,dx
        guest.run();
        guest.vcpu().complete(77);

        var state = guest.state();

        assertThat(state.general().registers().get(RAX)).isEqualTo(77);
        assertThat(state.general().rip()).isEqualTo(CODE + 1);
    }

    @Test
    void portsAreClosedToUserMode() {
        guest.enterUserMode();
        guest.put(USER_CODE, "ED");

        assertThat(guest.fault().vector()).isEqualTo(13);
    }
}
