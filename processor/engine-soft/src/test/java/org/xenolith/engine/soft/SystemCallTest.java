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

/// SYSCALL, SYSRET, STAC and CLAC in loops that are compiled, with what must not go unnoticed in
/// the middle of one (SDM vol. 2B; vol. 3A, 4.6, 6.8.3, 6.13).
@ParameterizedClass
@EnumSource(Execution.class)
class SystemCallTest {
    private static final long KERNEL = CODE + 0x200;
    private static final int CALLS = 300;

    /// The call, counted from 0, that the kernel's special code is for.
    private static final int SPECIAL_CALL = 150;

    /// All flags that Linux lets SYSCALL clear.
    private static final int LINUX_MASK = 0x25_7FD5;

    private static final int CF = 1;
    private static final int DF = 1 << 10;

    // What the kernel keeps.
    private static final long COUNT = DATA;
    private static final long SAVED_RCX = DATA + 0x10;
    private static final long SAVED_R11 = DATA + 0x18;
    private static final long KERNEL_FLAGS = DATA + 0x20;
    private static final long KERNEL_CS = DATA + 0x28;
    private static final long KERNEL_SS = DATA + 0x30;

    /// What the kernel counts in user memory.
    private static final long USER_COUNT = USER_DATA;

    private static final long USER_RETURN = USER_CODE + 0x10;
    private static final long USER_END = USER_CODE + 0x17;
    private static final long KERNEL_SYSRET = KERNEL + 0x72;

    /// IA32_STAR, IA32_LSTAR and IA32_FMASK, the last two from rdi and rsi.
    private static final String SETUP =
            "B9 810000C0 BA 08001B00 31C0 0F30" // mov ecx, star; mov edx, ...; xor eax, eax; wrmsr
                    + "B9 820000C0 31D2 89F8 0F30" // mov ecx, lstar; xor edx, edx; mov eax, edi
                    + "B9 840000C0 89F0 0F30 F4"; // mov ecx, fmask; mov eax, esi; wrmsr; hlt

    /// Notes what it finds, and counts calls for the user and for itself.
    private static final String HANDLER =
            "48890C25 10000200 4C891C25 18000200" // mov [saved rcx], rcx; mov [saved r11], r11
                    + "48892425 08000200 BC 00000300" // mov [saved rsp], rsp; mov esp, stack
                    + "9C 58 48890425 20000200" // pushfq; pop rax; mov [flags], rax
                    + "8CC8 48890425 28000200" // mov eax, cs; mov [cs], rax
                    + "8CD0 48890425 30000200" // mov eax, ss; mov [ss], rax
                    + "488B2425 08000200" // mov rsp, [saved rsp]
                    + "48813C25 00000200 96000000 7424" // cmp qword [count], 150; je special
                    + "0F01CB" // stac
                    + "488B0425 00100200 48FFC0" // back: mov rax, [user count]; inc rax
                    + "48890425 00100200 0F01CA" // mov [user count], rax; clac
                    + "48FF0425 00000200 480F07"; // inc qword [count]; sysretq

    private static final String STAC = "0F01CB";

    /// What comes before a fault in the kernel: the user's stack is out of reach.
    private static final String KERNEL_STACK = "BC 00000300"; // mov esp, stack

    private static final String TO_BACK = "E9";
    private static final long BACK = KERNEL + 0x54;

    /// Reads a word that is not aligned, calls with CF and DF set, and keeps the flags that come
    /// back in rbp.
    private static final String USER =
            "BB 2C010000 8B1425 41100200" // mov ebx, 300; mov edx, [user data + 41h]
                    + "F9 FD 0F05 9C 5D FC" // stc; std; syscall; pushfq; pop rbp; cld
                    + "FFCB 75EE F4"; // dec ebx; jnz; hlt

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

    private void setUp(long target, int mask, String special) {
        guest.code(SETUP);
        guest.register(RDI, target);
        guest.register(RSI, mask);
        guest.runToHalt();
        guest.put(KERNEL, HANDLER);
        guest.put(KERNEL_SYSRET + 3, special);
        long jump = KERNEL_SYSRET + 3 + special.replace(" ", "").length() / 2;
        guest.put(jump, TO_BACK);
        guest.memory().writeInt(jump + 1, (int) (BACK - (jump + 5)));
        guest.put(USER_CODE, USER);
        guest.control(0, 0, CR4_SMAP);
        guest.enterUserMode();
        guest.register(RBX, 0);
    }

    private void countsAre(int calls, int userCalls) {
        assertThat(guest.memory().readLong(COUNT)).isEqualTo(calls);
        assertThat(guest.memory().readLong(USER_COUNT)).isEqualTo(userCalls);
    }

    private void checkCalls(int mask) {
        setUp(KERNEL, mask, STAC);
        guest.flags(IF);

        var end = guest.fault();

        assertThat(end.vector()).isEqualTo(13);
        assertThat(end.rip()).isEqualTo(USER_END);
        assertThat(end.cs()).isEqualTo(USER_CODE_SELECTOR);
        assertThat(end.ss()).isEqualTo(USER_DATA_SELECTOR);
        assertThat(end.rsp()).isEqualTo(USER_STACK);
        countsAre(CALLS, CALLS);
        var memory = guest.memory();
        int seen = CF | DF | IF | TF | AC;
        assertThat(memory.readLong(SAVED_RCX)).isEqualTo(USER_RETURN);
        assertThat(memory.readLong(SAVED_R11) & seen).isEqualTo(CF | DF | IF);
        assertThat(memory.readLong(KERNEL_FLAGS) & mask).isZero();
        assertThat(memory.readLong(KERNEL_FLAGS) & seen).isEqualTo((CF | DF | IF) & ~mask);
        assertThat(memory.readLong(KERNEL_CS)).isEqualTo(CODE_SELECTOR);
        assertThat(memory.readLong(KERNEL_SS)).isEqualTo(DATA_SELECTOR);
        assertThat(guest.register(RBP) & seen).isEqualTo(CF | DF | IF);
    }

    @Test
    void callsGoToTheKernelAndBack() {
        checkCalls(LINUX_MASK);
    }

    @Test
    void theKernelSaysWhichFlagsAreCleared() {
        checkCalls(IF | TF);
    }

    /// The segments are whole again where Java looks at them.
    @Test
    void theStateHasTheSegmentsOfWhoIsExecuting() {
        setUp(KERNEL, LINUX_MASK, KERNEL_STACK + "0F0B"); // ud2

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(6);
        assertThat(fault.cs()).isEqualTo(CODE_SELECTOR);
        assertThat(fault.ss()).isEqualTo(DATA_SELECTOR);
        countsAre(SPECIAL_CALL, SPECIAL_CALL);
    }

    @Test
    void withoutStacUserMemoryIsOutOfReach() {
        setUp(KERNEL, LINUX_MASK, KERNEL_STACK);

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(14);
        assertThat(fault.errorCode()).isEqualTo(1);
        assertThat(fault.rip()).isEqualTo(BACK);
        assertThat(guest.state().control().cr2()).isEqualTo(USER_COUNT);
        countsAre(SPECIAL_CALL, SPECIAL_CALL);
    }

    @Test
    void aReturnWithTheTrapFlagStepsOnce() {
        setUp(KERNEL, LINUX_MASK, "4181CB 00010000" + STAC); // or r11d, tf

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(1);
        assertThat(fault.rip()).isEqualTo(USER_RETURN + 1);
        assertThat(fault.cs()).isEqualTo(USER_CODE_SELECTOR);
        countsAre(SPECIAL_CALL + 1, SPECIAL_CALL + 1);
    }

    @Test
    void aReturnWithTheAlignmentFlagChecksAlignment() {
        setUp(KERNEL, LINUX_MASK, "4181CB 00000400" + STAC); // or r11d, ac
        guest.control(0, CR0_AM, 0);

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(17);
        assertThat(fault.rip()).isEqualTo(USER_CODE + 5);
        countsAre(SPECIAL_CALL + 1, SPECIAL_CALL + 1);
    }

    @Test
    void aReturnToNowhereFaultsInTheKernel() {
        setUp(KERNEL, LINUX_MASK, KERNEL_STACK + "48C1E1 28" + STAC); // shl rcx, 40

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(13);
        assertThat(fault.errorCode()).isZero();
        assertThat(fault.rip()).isEqualTo(KERNEL_SYSRET);
        assertThat(fault.cs()).isEqualTo(CODE_SELECTOR);
    }

    @Test
    void aReturnThatLetsInterruptsInIsNoticed() {
        setUp(KERNEL, LINUX_MASK, "4181CB 00020000" + STAC); // or r11d, if
        guest.vcpu().requestInterruptWindow(true);

        assertThat(guest.run()).isEqualTo(new Exit.InterruptWindow());

        assertThat(guest.rip()).isEqualTo(USER_RETURN);
        countsAre(SPECIAL_CALL + 1, SPECIAL_CALL + 1);
    }

    /// IA32_STAR counts when it is used, not when it is written.
    @Test
    void segmentsStayWhenTheirNextSelectorsAreWritten() {
        // mov ecx, star; mov edx, ...; xor eax, eax; wrmsr; then much that is compiled; ud2
        setUp(
                KERNEL,
                LINUX_MASK,
                KERNEL_STACK + "B9 810000C0 BA 40003300 31C0 0F30 B9 E8030000 FFC9 75FC 0F0B");

        var fault = guest.fault();

        assertThat(fault.vector()).isEqualTo(6);
        assertThat(fault.cs()).isEqualTo(CODE_SELECTOR);
        assertThat(fault.ss()).isEqualTo(DATA_SELECTOR);
    }

    /// Kernel and user execute the same code at the same address, which finds out for whom it is.
    @Test
    void theSameCodeIsOfTwoModes() {
        setUp(USER_CODE, LINUX_MASK, STAC);
        guest.put(
                USER_CODE,
                "8CC8 A803 7511" // mov eax, cs; test al, 3; jnz user
                        + "48FFC6 B9 00100100 41BB 02000000 480F07" // inc rsi; ...; sysretq
                        + "48FFC7 48FFCB 7402 0F05 F4"); // user: inc rdi; dec rbx; jz; syscall; hlt
        guest.register(RSI, 0);
        guest.register(RDI, 0);
        guest.register(RBX, CALLS);

        var end = guest.fault();

        assertThat(end.cs()).isEqualTo(USER_CODE_SELECTOR);
        assertThat(guest.register(RDI)).isEqualTo(CALLS);
        assertThat(guest.register(RSI)).isEqualTo(CALLS - 1);
    }
}
