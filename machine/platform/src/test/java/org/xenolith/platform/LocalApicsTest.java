package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.base.TimerQueue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

class LocalApicsTest {
    private static final int LOGICAL = 1 << 11;
    private static final int LOWEST = 1 << 8;
    private static final int NMI = 4 << 8;
    private static final int INIT = 5 << 8;
    private static final int STARTUP = 6 << 8;
    private static final int ASSERT = 1 << 14;
    private static final int LEVEL = 1 << 15;
    private static final int SELF = 1 << 18;
    private static final int ALL = 2 << 18;
    private static final int OTHERS = 3 << 18;

    private final ApicBench bench = new ApicBench(4);

    @BeforeEach
    void enable() {
        bench.enableAll();
    }

    /// vCPU 0 sends in xAPIC mode.
    private void send(int destination, int low) {
        bench.of(0).write(0x310, 4, (long) destination << 24);
        bench.of(0).write(0x300, 4, Integer.toUnsignedLong(low));
    }

    /// vCPU 0 sends in x2APIC mode.
    private void sendX2(long destination, int low) {
        assertThat(bench.of(0).writeMsr(0x830, destination << 32 | low)).isTrue();
    }

    private void allX2apic() {
        bench.apics.all().forEach(ApicBench::x2apic);
    }

    /// Which vCPUs have taken an interrupt; they end it.
    private List<Integer> receivers(int vector) {
        var receivers = new ArrayList<Integer>();
        for (var apic : bench.apics.all()) {
            if (apic.pendingVector() == vector) {
                receivers.add(apic.vcpu());
                apic.acknowledge();
                if (apic.readMsr(0x802).isPresent()) {
                    apic.writeMsr(0x80B, 0);
                } else {
                    apic.write(0xB0, 4, 0);
                }
            }
        }
        return receivers;
    }

    @Test
    void aPhysicalDestinationIsAnId() {
        send(4, 0x50);
        assertThat(receivers(0x50)).containsExactly(2);
        send(3, 0x50);
        assertThat(receivers(0x50)).isEmpty();
        send(0xFF, 0x50);
        assertThat(receivers(0x50)).containsExactly(0, 1, 2, 3);
    }

    @Test
    void shorthandsIgnoreTheDestination() {
        send(4, SELF | 0x50);
        assertThat(receivers(0x50)).containsExactly(0);
        send(4, ALL | 0x50);
        assertThat(receivers(0x50)).containsExactly(0, 1, 2, 3);
        send(4, OTHERS | 0x50);
        assertThat(receivers(0x50)).containsExactly(1, 2, 3);
    }

    @Test
    void theFlatModelHasABitForEach() {
        for (var apic : bench.apics.all()) {
            apic.write(0xD0, 4, 1L << 24 + apic.vcpu());
        }
        send(0b1010, LOGICAL | 0x50);
        assertThat(receivers(0x50)).containsExactly(1, 3);
    }

    @Test
    void theClusterModelHasAClusterAndABitForEach() {
        for (var apic : bench.apics.all()) {
            apic.write(0xE0, 4, 0x0FFF_FFFFL);
            apic.write(0xD0, 4, (apic.vcpu() / 2 << 4 | 1 << apic.vcpu() % 2) << 24);
        }
        send(0x13, LOGICAL | 0x50);
        assertThat(receivers(0x50)).containsExactly(2, 3);
        send(0x02, LOGICAL | 0x50);
        assertThat(receivers(0x50)).containsExactly(1);
        send(0xFF, LOGICAL | 0x50);
        assertThat(receivers(0x50)).containsExactly(0, 1, 2, 3);
    }

    @Test
    void x2apicDestinationsHave32Bits() {
        allX2apic();
        sendX2(6, 0x50);
        assertThat(receivers(0x50)).containsExactly(3);
        sendX2(0xFF, 0x50);
        assertThat(receivers(0x50)).isEmpty();
        sendX2(0xFFFF_FFFFL, 0x50);
        assertThat(receivers(0x50)).containsExactly(0, 1, 2, 3);
        assertThat(bench.of(0).readMsr(0x830).getAsLong()).isEqualTo(0xFFFF_FFFF_0000_0050L);
    }

    @Test
    void logicalX2apicIdsFollowFromTheIds() {
        var many = new ApicBench(12);
        many.apics.all().forEach(ApicBench::x2apic);
        many.apics.all().forEach(apic -> apic.writeMsr(0x80F, 0x1FF));
        assertThat(many.of(11).readMsr(0x80D).getAsLong()).isEqualTo(0x1_0040L);
        many.of(0).writeMsr(0x830, 0x0001_0041L << 32 | LOGICAL | 0x50);
        var receivers =
                many.apics.all().stream()
                        .filter(apic -> apic.pendingVector() == 0x50)
                        .map(LocalApic::vcpu)
                        .toList();
        assertThat(receivers).containsExactly(8, 11);
    }

    @Test
    void theLowestPriorityTakesIt() {
        for (var apic : bench.apics.all()) {
            apic.setTaskPriorityClass(apic.vcpu() == 2 ? 1 : 3);
        }
        send(0, ALL | LOWEST | 0x90);
        assertThat(receivers(0x90)).containsExactly(2);
        bench.of(2).write(0xF0, 4, 0xFF);
        send(0, ALL | LOWEST | 0x90);
        assertThat(receivers(0x90)).containsExactly(0);
    }

    @Test
    void initAndStartupReachTheVcpuAndResetItsApic() {
        send(2, INIT | LEVEL | ASSERT);
        send(2, INIT | LEVEL);
        send(2, STARTUP | 0x9A);
        assertThat(bench.takeTold()).containsExactly("init 1", "startup 1 at 154");
        assertThat(bench.of(1).takesInterrupts()).isFalse();
        assertThat(bench.of(2).takesInterrupts()).isTrue();
    }

    @Test
    void nmisNeedNoSoftwareEnable() {
        bench.of(3).write(0xF0, 4, 0xFF);
        send(6, NMI);
        send(0, SELF | NMI);
        assertThat(bench.takeTold()).containsExactly("nmi 3", "nmi 0");
    }

    @Test
    void anApicThatIsOffHearsNothing() {
        bench.of(1).writeMsr(0x1B, 0xFEE0_0000L);
        send(2, INIT | ASSERT);
        send(2, NMI);
        send(0, OTHERS | 0x50);
        assertThat(bench.takeTold()).isEmpty();
        assertThat(receivers(0x50)).containsExactly(2, 3);
    }

    /// Two vCPUs that interrupt each other, a device and a timer do not wait for one another, and
    /// no interrupt stays behind.
    @Test
    @Timeout(value = 20, unit = TimeUnit.SECONDS)
    void interruptsCrossWithoutWaiting() throws InterruptedException {
        var quiet = new QuietSink();
        var clock = Clock.system();
        var timers = new TimerQueue(clock);
        var tsc = new GuestTsc(clock::nanos, 1_000_000_000L);
        var apics = new LocalApics(2, timers, _ -> tsc, quiet);
        apics.all().forEach(ApicBench::enable);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 2; i++) {
            var own = apics.of(i);
            int other = apics.of(1 - i).id();
            threads.add(Thread.ofPlatform().start(() -> beBusy(own, other, timers)));
        }
        for (int n = 0; n < 5_000; n++) {
            apics.of(n % 2).deliver(0x70, false);
            timers.runDue();
        }
        for (var thread : threads) {
            thread.join();
        }
        for (var apic : apics.all()) {
            int left = 0;
            while (apic.acknowledge() >= 0) {
                apic.write(0xB0, 4, 0);
                left++;
            }
            assertThat(left).isLessThanOrEqualTo(3);
            assertThat(apic.capture().inService()).isEqualTo(VectorSet.EMPTY);
            assertThat(apic.capture().requests()).isEqualTo(VectorSet.EMPTY);
        }
    }

    private static void beBusy(LocalApic own, int otherId, TimerQueue timers) {
        for (int n = 0; n < 5_000; n++) {
            own.write(0x310, 4, (long) otherId << 24);
            own.write(0x300, 4, 0x50);
            own.write(0x320, 4, 0x60);
            own.write(0x380, 4, 1);
            timers.runDue();
            if (own.acknowledge() >= 0) {
                own.write(0xB0, 4, 0);
            }
        }
    }

    private static final class QuietSink implements InterruptSink {
        @Override
        public void wake(int vcpu) {}

        @Override
        public void init(int vcpu) {}

        @Override
        public void startup(int vcpu, int vector) {}

        @Override
        public void nmi(int vcpu) {}

        @Override
        public void enabled(int vcpu) {}

        @Override
        public void levelEnded(int vcpu, int vector) {}
    }
}
