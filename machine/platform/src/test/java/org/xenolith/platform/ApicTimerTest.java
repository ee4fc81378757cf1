package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenolith.base.TimerQueue;

import java.util.OptionalLong;

class ApicTimerTest {
    private static final int LVT_TIMER = 0x320;
    private static final int INITIAL = 0x380;
    private static final int CURRENT = 0x390;
    private static final int DIVIDE = 0x3E0;
    private static final int DIVIDE_BY_1 = 0b1011;
    private static final int DIVIDE_BY_16 = 0b0011;
    private static final int PERIODIC = 1 << 17;
    private static final int TSC_DEADLINE = 2 << 17;

    private final ApicBench bench = new ApicBench(1);
    private final LocalApic apic = bench.of(0);

    private int in(int register) {
        return (int) apic.read(register, 4);
    }

    private void out(int register, int value) {
        apic.write(register, 4, Integer.toUnsignedLong(value));
    }

    @BeforeEach
    void enable() {
        ApicBench.enable(apic);
    }

    @Test
    void oneShotCountsDownAndFiresOnce() {
        out(DIVIDE, DIVIDE_BY_16);
        out(LVT_TIMER, 0xEC);
        out(INITIAL, 1000);
        assertThat(in(CURRENT)).isEqualTo(1000);
        bench.pass(15_999);
        assertThat(in(CURRENT)).isEqualTo(1);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        bench.pass(1);
        assertThat(in(CURRENT)).isZero();
        assertThat(apic.acknowledge()).isEqualTo(0xEC);
        bench.pass(100_000);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        assertThat(bench.timers.nextDeadlineNanos()).isEqualTo(TimerQueue.NEVER);
    }

    @Test
    void periodicStaysOnItsGridHoweverLateItIsServed() {
        out(DIVIDE, DIVIDE_BY_1);
        out(LVT_TIMER, PERIODIC | 0xEC);
        out(INITIAL, 1_000_000);
        bench.pass(2_300_000);
        assertThat(apic.acknowledge()).isEqualTo(0xEC);
        out(0xB0, 0);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        assertThat(in(CURRENT)).isEqualTo(700_000);
        bench.pass(700_000);
        assertThat(apic.acknowledge()).isEqualTo(0xEC);
        assertThat(in(CURRENT)).isEqualTo(1_000_000);
    }

    @Test
    void aVeryShortPeriodDoesNotKeepTheHostBusy() {
        out(DIVIDE, DIVIDE_BY_1);
        out(LVT_TIMER, PERIODIC | 0xEC);
        out(INITIAL, 1);
        int fired = 0;
        for (int i = 0; i < 1000; i++) {
            bench.clock.advance(1000);
            fired += bench.timers.runDue();
        }
        assertThat(fired).isBetween(9, 10);
    }

    @Test
    void aMaskedTimerRunsSilently() {
        out(DIVIDE, DIVIDE_BY_1);
        out(LVT_TIMER, 1 << 16 | 0xEC);
        out(INITIAL, 10);
        bench.pass(10);
        out(LVT_TIMER, 0xEC);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        assertThat(in(CURRENT)).isZero();
    }

    @Test
    void anInitialCountOfZeroStopsTheTimer() {
        out(LVT_TIMER, PERIODIC | 0xEC);
        out(INITIAL, 500);
        out(INITIAL, 0);
        bench.pass(1_000_000);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        assertThat(bench.timers.nextDeadlineNanos()).isEqualTo(TimerQueue.NEVER);
    }

    @Test
    void changingTheDivisorKeepsTheCount() {
        out(DIVIDE, DIVIDE_BY_1);
        out(LVT_TIMER, 0xEC);
        out(INITIAL, 1000);
        bench.pass(400);
        out(DIVIDE, DIVIDE_BY_16);
        assertThat(in(CURRENT)).isEqualTo(600);
        bench.pass(16 * 600 - 1);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        bench.pass(1);
        assertThat(apic.pendingVector()).isEqualTo(0xEC);
    }

    @Test
    void everyDivisorDividesAsTheManualSays() {
        int[] configurations = {0b0000, 0b0001, 0b0010, 0b0011, 0b1000, 0b1001, 0b1010, 0b1011};
        int[] divisors = {2, 4, 8, 16, 32, 64, 128, 1};
        for (int i = 0; i < divisors.length; i++) {
            out(DIVIDE, configurations[i]);
            out(INITIAL, 100);
            bench.clock.advance(99L * divisors[i]);
            assertThat(in(CURRENT)).as("divide by %d", divisors[i]).isEqualTo(1);
        }
    }

    @Test
    void theLongestCountIsKept() {
        out(DIVIDE, 0b1010);
        out(LVT_TIMER, 0xEC);
        out(INITIAL, -1);
        assertThat(in(CURRENT)).isEqualTo(-1);
        bench.pass(0xFFFF_FFFFL * 128 - 1);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        bench.pass(1);
        assertThat(apic.pendingVector()).isEqualTo(0xEC);
    }

    @Test
    void aTscDeadlineFiresWhenTheCounterReachesItAndIsGone() {
        out(LVT_TIMER, TSC_DEADLINE | 0xEC);
        long deadline = bench.tsc() + 2001;
        apic.writeMsr(0x6E0, deadline);
        assertThat(apic.readMsr(0x6E0)).isEqualTo(OptionalLong.of(deadline));
        bench.pass(1000);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        bench.pass(1);
        assertThat(apic.acknowledge()).isEqualTo(0xEC);
        assertThat(apic.readMsr(0x6E0)).isEqualTo(OptionalLong.of(0));
    }

    @Test
    void aTscDeadlineInThePastFiresAtOnceAndZeroDisarms() {
        out(LVT_TIMER, TSC_DEADLINE | 0xEC);
        apic.writeMsr(0x6E0, bench.tsc() + 1_000_000);
        apic.writeMsr(0x6E0, 0);
        bench.pass(10_000_000);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        apic.writeMsr(0x6E0, 1);
        assertThat(apic.pendingVector()).isEqualTo(0xEC);
    }

    @Test
    void aTscDeadlineCountsOnlyInItsMode() {
        apic.writeMsr(0x6E0, bench.tsc() + 100);
        assertThat(apic.readMsr(0x6E0)).isEqualTo(OptionalLong.of(0));
        out(LVT_TIMER, TSC_DEADLINE | 0xEC);
        out(INITIAL, 1000);
        assertThat(in(INITIAL)).isZero();
        apic.writeMsr(0x6E0, bench.tsc() + 100);
        out(LVT_TIMER, 0xEC);
        bench.pass(1000);
        assertThat(apic.pendingVector()).isEqualTo(-1);
    }

    @Test
    void aDeadlineFollowsACounterThatIsSet() {
        out(LVT_TIMER, TSC_DEADLINE | 0xEC);
        apic.writeMsr(0x6E0, bench.tsc() + 1_000_000);
        bench.tscOffset = 800_000;
        apic.timeStampCounterChanged();
        bench.pass(99_999);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        bench.pass(1);
        assertThat(apic.pendingVector()).isEqualTo(0xEC);
    }

    @Test
    void aDeadlineWaitsForACounterThatWasSetBack() {
        out(LVT_TIMER, TSC_DEADLINE | 0xEC);
        apic.writeMsr(0x6E0, bench.tsc() + 200_000);
        bench.tscOffset = -200_000;
        bench.pass(100_000);
        assertThat(apic.pendingVector()).isEqualTo(-1);
        bench.pass(100_000);
        assertThat(apic.pendingVector()).isEqualTo(0xEC);
    }

    @Test
    void theFarthestDeadlineIsFar() {
        out(LVT_TIMER, TSC_DEADLINE | 0xEC);
        apic.writeMsr(0x6E0, -1);
        assertThat(bench.timers.nextDeadlineNanos()).isEqualTo(bench.clock.nanos() + (1L << 61));
    }

    @Test
    void initStopsTheTimer() {
        out(LVT_TIMER, PERIODIC | 0xEC);
        out(INITIAL, 500);
        apic.initialise();
        assertThat(bench.timers.nextDeadlineNanos()).isEqualTo(TimerQueue.NEVER);
    }
}
