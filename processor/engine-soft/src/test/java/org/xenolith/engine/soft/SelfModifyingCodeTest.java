package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.engine.soft.Guest.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever has been translated, the instructions in memory are executed (SDM vol. 3A, 13.6).
@ParameterizedClass
@EnumSource(Execution.class)
class SelfModifyingCodeTest {
    private static final String INC_EAX = "FF C0";

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
    void aWriteToTheNextInstructionCounts() {
        // mov byte [rip+1],0xC8 turns the inc eax behind it into dec eax.
        guest.code("C6 05 01 00 00 00 C8" + INC_EAX + "F4");

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void aLoopThatRewritesItselfRunsItsNewForm() {
        guest.register(RCX, 3);
        guest.register(RBX, CODE + 1);
        // inc eax; mov byte [rbx],0xC8; dec ecx; jnz back; hlt
        guest.code(INC_EAX + "C6 03 C8 FF C9 75 F7 F4");

        guest.runToHalt();

        assertThat((int) guest.register(RAX)).isEqualTo(1 - 1 - 1);
    }

    /// An instruction across two pages that are one frame: a write to its end is one to the frame's
    /// beginning.
    @Test
    void aWriteToTheSecondPartOfAnInstructionInOneFrameCounts() {
        long page = 0x50000;
        guest.mapPage(page + 0x1000, page | 3);
        guest.put(page, "00 00 00 C3"); // the rest of the number; ret
        guest.put(page + 0xFFE, "B8 07"); // mov eax, ...
        // mov ecx, 50; again: mov [page], cl; call page + FFEh; add rbx, rax; dec ecx; jnz again
        guest.code("B9 32000000 880C25 00000500 E8 ED0F0400 4801C3 FFC9 75ED F4");

        guest.runToHalt();

        assertThat(guest.register(RBX)).isEqualTo(50 * 7 + 256 * (50 * 51 / 2));
    }

    @Test
    void aWriteThroughAnotherMappingOfThePageCounts() {
        guest.mapPage(DATA, CODE | 3);
        guest.register(RBX, DATA + 10);
        // call target; mov byte [rbx],0xC8; call target; hlt; target: inc eax; ret
        guest.code("E8 04 00 00 00 EB 08 90 90" + INC_EAX + "C3 90 90 90");
        guest.put(CODE + 15, "C6 03 C8 E8 F2 FF FF FF F4");

        guest.runToHalt();

        assertThat((int) guest.register(RAX)).isZero();
    }

    @Test
    void aPageMappedTwiceIsExecutedInBothPlaces() {
        guest.mapPage(DATA, CODE | 3);
        guest.register(RBX, DATA + 5);
        // inc eax; jmp rbx; nop; inc eax; hlt
        guest.code(INC_EAX + "FF E3 90" + INC_EAX + "F4");

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(2);
        assertThat(guest.rip()).isEqualTo(DATA + 8);
    }

    @Test
    void codeWrittenFromOutsideCounts() {
        guest.code(INC_EAX + "F4");
        guest.runToHalt();

        guest.memory().writeByte(CODE + 1, 0xC8);
        guest.rip(CODE);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isZero();
    }

    @Test
    void codeReplacedByAnotherFrameCounts() {
        guest.code(INC_EAX + "F4");
        guest.put(DATA, "FF C8 F4"); // dec eax; hlt
        guest.runToHalt();

        guest.mapPage(CODE, DATA | 3);
        guest.rip(CODE);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isZero();
    }

    @Test
    void anInstructionAcrossTwoPagesFollowsTheSecondPage() {
        guest.put(CODE + 4094, "B8 01 00 00 00 F4"); // mov eax,imm32
        guest.memory().write(USER_DATA, guest.memory().read(CODE + 4096, 4096));
        guest.memory().writeByte(USER_DATA, 2);
        guest.rip(CODE + 4094);
        guest.runToHalt();
        assertThat(guest.register(RAX)).isEqualTo(1);

        guest.memory().writeByte(CODE + 4095, 7);
        guest.mapPage(CODE + 4096, USER_DATA | 3);
        guest.rip(CODE + 4094);
        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0x207);
    }

    @Test
    void codeCopiedByAStringInstructionCounts() {
        guest.put(DATA, "FF C8"); // dec eax
        guest.register(RSI, DATA);
        guest.register(RDI, CODE + 2);
        guest.register(RCX, 2);
        guest.code("F3 A4" + INC_EAX + "F4"); // rep movsb

        guest.runToHalt();

        assertThat(guest.register(RAX)).isEqualTo(0xFFFF_FFFFL);
    }
}
