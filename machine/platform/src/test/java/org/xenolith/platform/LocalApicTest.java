package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.state.StateException;
import org.xenolith.testkit.DeviceLaws;

import java.util.OptionalLong;

class LocalApicTest {
    private static final int TPR = 0x80;
    private static final int PPR = 0xA0;
    private static final int EOI = 0xB0;
    private static final int SVR = 0xF0;
    private static final int ESR = 0x280;
    private static final int ICR = 0x300;
    private static final int LVT_TIMER = 0x320;
    private static final int LVT_ERROR = 0x370;

    private final ApicBench bench = new ApicBench(1);
    private final LocalApic apic = bench.of(0);

    private int in(int register) {
        return (int) apic.read(register, 4);
    }

    private void out(int register, int value) {
        apic.write(register, 4, Integer.toUnsignedLong(value));
    }

    @Test
    void theStateIsAllThereIs() {
        DeviceLaws.check(ApicBench.Rig::new, 0xA91CL, 600, 80);
    }

    @Test
    void anotherApicsStateIsRefused() {
        var two = new ApicBench(2);
        assertThatThrownBy(() -> two.of(0).restore(two.of(1).capture()))
                .isInstanceOf(StateException.class);
    }

    @Test
    void afterPowerOnItIsDisabledBySoftwareAndMasked() {
        assertThat(in(SVR)).isEqualTo(0xFF);
        assertThat(in(LVT_TIMER)).isEqualTo(0x1_0000);
        assertThat(in(0xE0)).isEqualTo(-1);
        assertThat(in(0x30)).isEqualTo(0x0005_0014);
        assertThat(apic.readMsr(0x1B)).isEqualTo(OptionalLong.of(0xFEE0_0900L));
    }

    @Test
    void onlyAnEnabledApicTakesInterruptsAndItSaysWhenItIs() {
        apic.deliver(0x40, false);
        assertThat(bench.told).isEmpty();
        ApicBench.enable(apic);
        assertThat(bench.told).containsExactly("enabled 0");
        assertThat(apic.pendingVector()).isEqualTo(-1);
        apic.deliver(0x40, false);
        assertThat(bench.told).contains("wake 0");
        assertThat(apic.pendingVector()).isEqualTo(0x40);
    }

    @Test
    void interruptsNestByPriorityClass() {
        ApicBench.enable(apic);
        apic.deliver(0x41, false);
        assertThat(apic.acknowledge()).isEqualTo(0x41);
        apic.deliver(0x4F, false);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        apic.deliver(0x50, false);
        assertThat(apic.acknowledge()).isEqualTo(0x50);
        assertThat(in(PPR)).isEqualTo(0x50);
        out(EOI, 0);
        assertThat(in(PPR)).isEqualTo(0x40);
        out(EOI, 0);
        assertThat(apic.acknowledge()).isEqualTo(0x4F);
        out(EOI, 0);
        assertThat(apic.acknowledge()).isEqualTo(-1);
    }

    @Test
    void taskPriorityHoldsInterruptsOfItsClassBack() {
        ApicBench.enable(apic);
        apic.deliver(0x5F, false);
        apic.setTaskPriorityClass(5);
        assertThat(in(TPR)).isEqualTo(0x50);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        out(TPR, 0x4F);
        assertThat(apic.taskPriorityClass()).isEqualTo(4);
        assertThat(apic.pendingVector()).isEqualTo(0x5F);
    }

    @Test
    void requestAndServiceShowInTheirRegisters() {
        ApicBench.enable(apic);
        apic.deliver(0x61, true);
        assertThat(in(0x230)).isEqualTo(0b10);
        assertThat(in(0x1B0)).isEqualTo(0b10);
        apic.acknowledge();
        assertThat(in(0x230)).isZero();
        assertThat(in(0x130)).isEqualTo(0b10);
        bench.told.clear();
        out(EOI, 0);
        assertThat(bench.told).containsExactly("level ended 0 97");
    }

    @Test
    void anIllegalVectorIsAnErrorOfTheReceiverOrTheSender() {
        ApicBench.enable(apic);
        apic.deliver(3, false);
        assertThat(in(ESR)).isZero();
        out(ESR, 0);
        assertThat(in(ESR)).isEqualTo(0x40);
        out(ICR, 0x4_0007);
        out(ESR, 0);
        assertThat(in(ESR)).isEqualTo(0x20);
        out(ESR, 0);
        assertThat(in(ESR)).isZero();
    }

    /// What the Xen Test Framework's XSA-462 test expects.
    @Test
    void anErrorInterruptWithAnIllegalVectorEndsInTwoErrors() {
        ApicBench.enable(apic);
        out(LVT_ERROR, 0x0F);
        out(ICR, 0x0F);
        out(ESR, 0);
        assertThat(in(ESR)).isEqualTo(0x60);
    }

    @Test
    void anErrorInterrupts() {
        ApicBench.enable(apic);
        out(LVT_ERROR, 0xFE);
        in(0x400);
        assertThat(apic.pendingVector()).isEqualTo(0xFE);
        out(ESR, 0);
        assertThat(in(ESR)).isEqualTo(0x80);
    }

    @Test
    void disablingBySoftwareMasksTheLocalVectorTable() {
        ApicBench.enable(apic);
        out(LVT_TIMER, 0x30);
        out(SVR, 0xFF);
        assertThat(in(LVT_TIMER)).isEqualTo(0x1_0030);
        out(LVT_TIMER, 0x31);
        assertThat(in(LVT_TIMER)).isEqualTo(0x1_0031);
    }

    @Test
    void onlyDefinedBitsAreKept() {
        int[][] kept = {
            {SVR, 0x3FF}, {TPR, 0xFF}, {0xD0, 0xFF00_0000}, {LVT_TIMER, 0x7_00FF},
            {0x330, 0x1_07FF}, {0x340, 0x1_07FF}, {0x350, 0x1_A7FF}, {0x360, 0x1_A7FF},
            {LVT_ERROR, 0x1_00FF}, {0x3E0, 0xB}, {0x310, 0xFF00_0000}
        };
        for (var register : kept) {
            out(register[0], -1);
            assertThat(in(register[0])).as("register %x", register[0]).isEqualTo(register[1]);
        }
    }

    @Test
    void readOnlyRegistersIgnoreWrites() {
        for (int register : new int[] {0x20, 0x30, PPR, 0x100, 0x180, 0x200, 0x390}) {
            int before = in(register);
            out(register, -1);
            assertThat(in(register)).as("register %x", register).isEqualTo(before);
        }
        out(ESR, 0);
        assertThat(in(ESR)).isZero();
    }

    @Test
    void narrowAccessesWorkWithinARegister() {
        out(TPR, 0x35);
        assertThat(apic.read(TPR, 1)).isEqualTo(0x35);
        assertThat(apic.read(0x31, 1)).isEqualTo(0x00);
        assertThat(apic.read(0x32, 2)).isEqualTo(0x0005);
        assertThat(apic.read(0x30, 8)).isZero();
        apic.write(TPR, 1, 0x77);
        assertThat(in(TPR)).isEqualTo(0x77);
    }

    // ---------------------------------------------------------------- modes and MSRs

    @Test
    void modesChangeOnlyAsTheManualAllows() {
        long base = 0xFEE0_0100L;
        long xapic = base | 0x800;
        long x2apic = base | 0xC00;
        assertThat(apic.writeMsr(0x1B, base | 0x400)).isFalse();
        assertThat(apic.writeMsr(0x1B, xapic | 1)).isFalse();
        assertThat(apic.writeMsr(0x1B, xapic | 1L << 52)).isFalse();
        assertThat(apic.writeMsr(0x1B, 0xFED0_0900L)).isFalse();
        assertThat(apic.writeMsr(0x1B, x2apic)).isTrue();
        assertThat(apic.writeMsr(0x1B, xapic)).isFalse();
        assertThat(apic.writeMsr(0x1B, base)).isTrue();
        assertThat(apic.writeMsr(0x1B, x2apic)).isFalse();
        assertThat(apic.writeMsr(0x1B, xapic)).isTrue();
        assertThat(apic.readMsr(0x1B)).isEqualTo(OptionalLong.of(xapic));
    }

    @Test
    void eachModeHasItsOwnWayToTheRegisters() {
        assertThat(apic.readMsr(0x802)).isEmpty();
        ApicBench.x2apic(apic);
        assertThat(apic.read(0x30, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(apic.readMsr(0x803)).isEqualTo(OptionalLong.of(0x0005_0014L));
        assertThat(apic.writeMsr(0x80F, 0x1FF)).isTrue();
        assertThat(apic.takesInterrupts()).isTrue();
        apic.write(SVR, 4, 0);
        assertThat(apic.takesInterrupts()).isTrue();
    }

    @Test
    void reservedBitsAndRegistersOfTheX2apicFault() {
        ApicBench.x2apic(apic);
        long[][] refused = {
            {0x802, 0},
            {0x803, 0},
            {0x808, 0x100},
            {0x80A, 0},
            {0x80B, 1},
            {0x80D, 0},
            {0x80E, 0},
            {0x80F, 0x1000},
            {0x810, 0},
            {0x820, 0},
            {0x828, 1},
            {0x82F, 0},
            {0x830, 0x1000},
            {0x831, 0},
            {0x832, 1L << 32},
            {0x832, 1 << 19},
            {0x837, 1 << 8},
            {0x838, 1L << 32},
            {0x839, 0},
            {0x83E, 4},
            {0x83F, 0x100},
            {0x840, 0},
            {0x8FF, 0}
        };
        for (var write : refused) {
            assertThat(apic.writeMsr((int) write[0], write[1]))
                    .as("MSR %x value %x", write[0], write[1])
                    .isFalse();
        }
        for (int msr : new int[] {0x800, 0x80B, 0x80E, 0x82F, 0x831, 0x83F, 0x840}) {
            assertThat(apic.readMsr(msr)).as("MSR %x", msr).isEmpty();
        }
    }

    @Test
    void aSelfIpiComesToSelf() {
        ApicBench.x2apic(apic);
        apic.writeMsr(0x80F, 0x1FF);
        assertThat(apic.writeMsr(0x83F, 0x99)).isTrue();
        assertThat(apic.acknowledge()).isEqualTo(0x99);
    }

    @Test
    void initKeepsTheModeAndTheId() {
        var second = new ApicBench(2).of(1);
        ApicBench.x2apic(second);
        second.writeMsr(0x80F, 0x1FF);
        second.initialise();
        assertThat(second.readMsr(0x80F)).isEqualTo(OptionalLong.of(0xFF));
        assertThat(second.readMsr(0x802)).isEqualTo(OptionalLong.of(2));
        assertThat(second.readMsr(0x80D)).isEqualTo(OptionalLong.of(0b100));
    }
}
