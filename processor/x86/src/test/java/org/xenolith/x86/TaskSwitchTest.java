package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TaskSwitchTest {
    private static final int CODE = 0x08;
    private static final int DATA = 0x10;
    private static final int OLD = 0x18;
    private static final int NEW = 0x20;
    private static final int OLD_AT = 0x2000;
    private static final int NEW_AT = 0x3000;
    private static final int GDT = 0x1000;
    private static final int IDT = 0x1800;

    private final ArrayCpu cpu = new ArrayCpu(1 << 16);

    @BeforeEach
    void twoTasks() {
        cpu.cr0 = Bits.CR0_PE;
        cpu.registers[Registers.DIRECTION] = 1;
        cpu.gdtBase = GDT;
        cpu.gdtLimit = 0x27;
        cpu.idtBase = IDT;
        cpu.idtLimit = 0xFF;
        cpu.store64(GDT + CODE, 0x00CF_9B00_0000_FFFFL);
        cpu.store64(GDT + DATA, 0x00CF_9300_0000_FFFFL);
        cpu.store64(GDT + OLD, 0x0000_8B00_0000_0067L | (long) OLD_AT << 16);
        cpu.store64(GDT + NEW, 0x0000_8900_0000_0067L | (long) NEW_AT << 16);
        cpu.setSegment(Segments.TR, OLD, OLD_AT, 0x67, 0x8B);
        cpu.setSegment(Segments.CS, CODE, 0, -1, 0xC09B);
        for (int segment : new int[] {Segments.SS, Segments.DS, Segments.ES}) {
            cpu.setSegment(segment, DATA, 0, -1, 0xC093);
        }
        cpu.setSegment(Segments.LDTR, 0, 0, 0, Segments.UNUSABLE);
        cpu.setSegment(Segments.FS, 0, 0, 0, Segments.UNUSABLE);
        cpu.setSegment(Segments.GS, 0, 0, 0, Segments.UNUSABLE);
        for (int register = 0; register < 8; register++) {
            cpu.registers[register] = 0x8000 + register;
            cpu.store32(NEW_AT + 40 + register * 4, 0x9000 + register);
        }
        cpu.pc = 0x4444;
        cpu.store32(NEW_AT + 32, 0x5555);
        cpu.store32(NEW_AT + 36, 2 | Bits.IF);
        int[] selectors = {DATA, CODE, DATA, DATA, 0, 0, 0};
        for (int index = 0; index < selectors.length; index++) {
            cpu.store32(NEW_AT + 72 + index * 4, selectors[index]);
        }
        cpu.modeChanged();
    }

    private boolean isBusy(int selector) {
        return (cpu.load8(GDT + selector + 5) & 2) != 0;
    }

    @Test
    void aNestedTaskComesBackToWhereItWasCalled() {
        TaskSwitch.byTransfer(cpu, NEW, true);
        assertThat(cpu.pc).isEqualTo(0x5555);
        assertThat(cpu.registers[Registers.RSP]).isEqualTo(0x9004);
        assertThat(cpu.systemFlags()).isEqualTo(Bits.IF | Bits.NT);
        assertThat(cpu.selector(Segments.TR)).isEqualTo(NEW);
        assertThat(cpu.load16(NEW_AT)).isEqualTo(OLD);
        assertThat(cpu.cr0 & Bits.CR0_TS).isNotZero();
        assertThat(isBusy(OLD)).isTrue();
        assertThat(isBusy(NEW)).isTrue();
        cpu.pc = 0x6666;
        TaskSwitch.back(cpu);
        assertThat(cpu.pc).isEqualTo(0x4444);
        assertThat(cpu.systemFlags()).isZero();
        assertThat(cpu.selector(Segments.TR)).isEqualTo(OLD);
        assertThat(isBusy(OLD)).isTrue();
        assertThat(isBusy(NEW)).isFalse();
        assertThat(cpu.load32(NEW_AT + 32)).isEqualTo(0x6666);
        assertThat(cpu.load32(NEW_AT + 36) & Bits.NT).isZero();
        for (int register = 0; register < 8; register++) {
            assertThat(cpu.registers[register]).isEqualTo(0x8000 + register);
        }
    }

    @Test
    void aJumpFreesTheTaskItLeaves() {
        TaskSwitch.byTransfer(cpu, NEW, false);
        assertThat(isBusy(OLD)).isFalse();
        assertThat(isBusy(NEW)).isTrue();
        assertThat(cpu.systemFlags() & Bits.NT).isZero();
    }

    @Test
    void anErrorCodeGoesOnTheNewStack() {
        TaskSwitch.byInterrupt(cpu, NEW, 0x123, 1);
        assertThat(cpu.registers[Registers.RSP]).isEqualTo(0x9000);
        assertThat(cpu.load32(0x9000)).isEqualTo(0x123);
        assertThat(cpu.load32(OLD_AT + 36) & Bits.RF).isNotZero();
    }

    @Test
    void aBusyTaskIsNotSwitchedTo() {
        var trap = catchThrowableOfType(Trap.class, () -> TaskSwitch.byTransfer(cpu, OLD, true));
        assertThat(trap.vector()).isEqualTo(Trap.GENERAL_PROTECTION);
        assertThat(trap.errorCode()).isEqualTo(OLD);
        assertThat(cpu.pc).isEqualTo(0x4444);
    }

    @Test
    void aBadSegmentIsTheNewTasksFault() {
        cpu.store32(NEW_AT + 84, 0x1004);
        cpu.store64(IDT + Trap.INVALID_TSS * 8, 0x0000_8E00_0008_7777L);
        TaskSwitch.byTransfer(cpu, NEW, true);
        assertThat(cpu.pc).isEqualTo(0x7777);
        assertThat(cpu.selector(Segments.TR)).isEqualTo(NEW);
        assertThat(cpu.load32(0x9004 - 16)).isEqualTo(0x1004);
        assertThat(cpu.load32(0x9004 - 12)).isEqualTo(0x5555);
    }

    @Test
    void aBadSegmentDuringAnEventIsThatEventsFault() {
        cpu.store32(NEW_AT + 76, 0);
        var trap = catchThrowableOfType(Trap.class, () -> TaskSwitch.byInterrupt(cpu, NEW, -1, 1));
        assertThat(trap.vector()).isEqualTo(Trap.INVALID_TSS);
        assertThat(trap.errorCode()).isEqualTo(1);
        assertThat(cpu.pc).isEqualTo(0x5555);
    }

    @Test
    void theTrapBitOfATaskIsADebugCondition() {
        cpu.store8(NEW_AT + 100, 1);
        TaskSwitch.byTransfer(cpu, NEW, false);
        assertThat(cpu.pendingDebug).isEqualTo(1 << 15);
    }
}
