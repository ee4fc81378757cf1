package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.xenolith.xen.abi.VcpuAbi.*;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.EventChannelAbi;
import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

class TimeTest {
    private static final long SHARED_INFO = 0x5000;
    private static final long MILLISECOND = 1_000_000;

    private final Guest guest = new Guest();
    private int timerPort;

    @BeforeEach
    void mapSharedInfoAndBindTheTimer() {
        long at =
                guest.put(
                        MemoryAbi.ADD_TO_PHYSMAP, "domid", Guest.SELF, "gpfn", SHARED_INFO >>> 12);
        assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, 7, at)).isZero();
        at = guest.put(EventChannelAbi.BIND_VIRQ, "virq", XenAbi.VIRQ_TIMER);
        assertThat(guest.call(XenAbi.__HYPERVISOR_event_channel_op, 1, at)).isZero();
        timerPort = (int) guest.got(EventChannelAbi.BIND_VIRQ, "port");
    }

    private long op(int command, int vcpu, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.call(XenAbi.__HYPERVISOR_vcpu_op, command, vcpu, at);
    }

    private boolean takeTimerEvent() {
        long word = SHARED_INFO + 2048;
        long old = guest.memory.readLong(word);
        guest.memory.writeLong(word, old & ~(1L << timerPort));
        return (old >>> timerPort & 1) != 0;
    }

    /// System time as a guest computes it from a record at `gpa` when its TSC reads `tsc`.
    private long guestTime(long gpa, long tsc) {
        assertThat(guest.memory.readInt(gpa) & 1).isZero();
        long ticks = tsc - guest.memory.readLong(gpa + 8);
        int shift = (byte) guest.memory.readByte(gpa + 28);
        ticks = shift < 0 ? ticks >>> -shift : ticks << shift;
        long multiplier = Integer.toUnsignedLong(guest.memory.readInt(gpa + 24));
        return guest.memory.readLong(gpa + 16)
                + (Math.multiplyHigh(ticks, multiplier) << 32)
                + (ticks * multiplier >>> 32);
    }

    private long tsc() {
        return guest.clock.nanos() * 5 / 2;
    }

    @Test
    void theGuestReadsSystemTimeFromItsTsc() {
        guest.pass(40 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        long record = SHARED_INFO + 32;
        assertThat(guestTime(record, tsc())).isEqualTo(40 * MILLISECOND);
        guest.pass(900 * MILLISECOND);
        assertThat(guestTime(record, tsc())).isCloseTo(940 * MILLISECOND, within(2L));
    }

    @Test
    void aLongPauseIsToldToEveryVcpuUntilItHasHeard() {
        long flags = SHARED_INFO + 32 + 29;
        guest.domain.vcpuRuns(0, this::tsc);
        guest.domain.pauses();
        guest.pass(300_000 * MILLISECOND);
        guest.domain.pauses(); // once more changes nothing
        guest.domain.goesOn();
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readByte(flags)).isEqualTo(1 | 2);
        assertThat(guest.memory.readByte(flags + 64)).isZero(); // vCPU 1 has not run
        assertThat(guestTime(SHARED_INFO + 32, tsc()))
                .isCloseTo(300_000 * MILLISECOND, within(1000L));

        guest.pass(2000 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readByte(flags)).as("not heard yet").isEqualTo(1 | 2);
        guest.memory.writeByte(flags, 1);
        guest.pass(2000 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readByte(flags)).isEqualTo(1);

        guest.domain.vcpuRuns(1, this::tsc);
        assertThat(guest.memory.readByte(flags + 64)).isEqualTo(1 | 2);
    }

    @Test
    void aShortPauseIsNotWorthTelling() {
        guest.domain.pauses();
        guest.pass(900 * MILLISECOND);
        guest.domain.goesOn();
        guest.domain.goesOn();
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readByte(SHARED_INFO + 32 + 29)).isEqualTo(1);
    }

    @Test
    void aRecordIsRenewedNowAndThen() {
        guest.domain.vcpuRuns(0, this::tsc);
        long record = SHARED_INFO + 32;
        int version = guest.memory.readInt(record);
        guest.pass(500 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readInt(record)).isEqualTo(version);
        guest.pass(600 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readInt(record)).isEqualTo(version + 2);
        assertThat(guestTime(record, tsc())).isCloseTo(1100 * MILLISECOND, within(2L));
    }

    @Test
    void frequenciesFromKilohertzToTensOfGigahertzScaleRight() {
        for (long khz :
                new long[] {1, 1000, 999_999, 1_000_000, 1_000_001, 2_000_000, 45_000_000}) {
            int shift = PvClock.shift(khz);
            long multiplier = Integer.toUnsignedLong(PvClock.multiplier(khz));
            long ticks = khz * 1000;
            ticks = shift < 0 ? ticks >>> -shift : ticks << shift;
            assertThat(ticks * (double) multiplier / (1L << 32)).isCloseTo(1e9, within(2.0));
        }
    }

    @Test
    void theWallClockIsTheTimeAtSystemTimeZero() {
        long at =
                guest.put(
                        HvmAbi.PARAM,
                        "domid",
                        Guest.SELF,
                        "index",
                        HvmAbi.HVM_PARAM_CALLBACK_IRQ,
                        "value",
                        2L << 56 | 0xF3);
        guest.pass(1_700 * MILLISECOND);
        for (var abi : Abi.values()) {
            guest.result(0, abi, XenAbi.__HYPERVISOR_hvm_op, 0, at);
            long wall = SHARED_INFO + XenAbi.sharedInfoOffset(abi, "wc_version");
            assertThat(guest.memory.readInt(wall) & 1).isZero();
            assertThat(guest.memory.readInt(wall + 4)).isEqualTo(5);
            assertThat(guest.memory.readInt(wall + 8)).isZero();
        }
    }

    @Test
    void aOneShotTimerFiresOnceAtItsTime() {
        assertThat(
                        op(
                                VCPUOP_set_singleshot_timer,
                                0,
                                SET_SINGLESHOT_TIMER,
                                "timeout_abs_ns",
                                3 * MILLISECOND))
                .isZero();
        guest.pass(3 * MILLISECOND - 1);
        assertThat(takeTimerEvent()).isFalse();
        guest.pass(1);
        assertThat(takeTimerEvent()).isTrue();
        guest.pass(100 * MILLISECOND);
        assertThat(takeTimerEvent()).isFalse();
    }

    @Test
    void aTimeThatHasPassedFiresAtOnce() {
        guest.pass(10 * MILLISECOND);
        op(VCPUOP_set_singleshot_timer, 0, SET_SINGLESHOT_TIMER, "timeout_abs_ns", 1);
        assertThat(takeTimerEvent()).isTrue();
    }

    @Test
    void aStoppedTimerDoesNotFire() {
        op(VCPUOP_set_singleshot_timer, 0, SET_SINGLESHOT_TIMER, "timeout_abs_ns", MILLISECOND);
        assertThat(guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 0))
                .isZero();
        guest.pass(5 * MILLISECOND);
        assertThat(takeTimerEvent()).isFalse();
    }

    @Test
    void onlyTheCallersOneShotTimerIsSet() {
        assertThat(op(VCPUOP_set_singleshot_timer, 1, SET_SINGLESHOT_TIMER))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 1))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aPeriodicTimerTicksUntilItIsStopped() {
        assertThat(op(VCPUOP_set_periodic_timer, 0, SET_PERIODIC_TIMER, "period_ns", 999_999))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(VCPUOP_set_periodic_timer, 0, SET_PERIODIC_TIMER, "period_ns", -1L))
                .isEqualTo(XenErrno.EINVAL.negative());
        guest.pass(MILLISECOND);
        assertThat(op(VCPUOP_set_periodic_timer, 0, SET_PERIODIC_TIMER, "period_ns", MILLISECOND))
                .isZero();
        assertThat(takeTimerEvent()).isTrue();
        for (int tick = 0; tick < 5; tick++) {
            guest.pass(MILLISECOND);
            assertThat(takeTimerEvent()).isTrue();
        }
        guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0);
        guest.pass(10 * MILLISECOND);
        assertThat(takeTimerEvent()).isFalse();
    }

    @Test
    void setTimerOpTakesBothHalvesFromAThirtyTwoBitCaller() {
        long timeout = 5_000 * MILLISECOND;
        assertThat(
                        guest.call32(
                                XenAbi.__HYPERVISOR_set_timer_op,
                                timeout & 0xFFFF_FFFFL,
                                timeout >>> 32))
                .isZero();
        guest.pass(timeout - 1);
        assertThat(takeTimerEvent()).isFalse();
        guest.pass(1);
        assertThat(takeTimerEvent()).isTrue();
    }

    @Test
    void aHugeTimeoutComesAfterATenthOfASecond() {
        for (long timeout : new long[] {-5, Long.MAX_VALUE, 1L << 52}) {
            guest.call(XenAbi.__HYPERVISOR_set_timer_op, timeout);
            guest.pass(99 * MILLISECOND);
            assertThat(takeTimerEvent()).isFalse();
            guest.pass(MILLISECOND);
            assertThat(takeTimerEvent()).isTrue();
        }
        guest.call(XenAbi.__HYPERVISOR_set_timer_op, guest.clock.nanos());
        guest.call(XenAbi.__HYPERVISOR_set_timer_op, 0);
        guest.pass(20_000 * MILLISECOND);
        assertThat(takeTimerEvent()).isFalse();
    }

    @Test
    void runstatesAddUpToTheTimeThatPassed() {
        guest.domain.vcpuRuns(0, this::tsc);
        guest.pass(5 * MILLISECOND);
        guest.domain.vcpuWaits(0, RunState.BLOCKED);
        guest.pass(7 * MILLISECOND);
        guest.domain.vcpuWaits(0, RunState.RUNNABLE);
        guest.pass(11 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        guest.pass(13 * MILLISECOND);
        for (var abi : Abi.values()) {
            assertThat(
                            guest.result(
                                            0,
                                            abi,
                                            XenAbi.__HYPERVISOR_vcpu_op,
                                            VCPUOP_get_runstate_info,
                                            0,
                                            Guest.LIST)
                                    .value())
                    .isZero();
            var info = RUNSTATE_INFO.view(abi, guest.memory.read(Guest.LIST, 48));
            assertThat(info.get("state")).isZero();
            assertThat(info.get("state_entry_time")).isEqualTo(23 * MILLISECOND);
            assertThat(info.get("time", 0)).isEqualTo(18 * MILLISECOND);
            assertThat(info.get("time", 1)).isEqualTo(11 * MILLISECOND);
            assertThat(info.get("time", 2)).isEqualTo(7 * MILLISECOND);
            assertThat(info.get("time", 3)).isZero();
        }
    }

    @Test
    void aRunstateAreaFollowsEvenAcrossAPage() {
        long area = 0x31000 - 20;
        assertThat(
                        op(
                                VCPUOP_register_runstate_memory_area,
                                0,
                                REGISTER_MEMORY_AREA,
                                "addr.h",
                                area))
                .isZero();
        guest.call(XenAbi.__HYPERVISOR_vm_assist, 0, 5);
        guest.domain.vcpuRuns(0, this::tsc);
        guest.pass(5 * MILLISECOND);
        guest.domain.vcpuWaits(0, RunState.BLOCKED);
        var info = RUNSTATE_INFO.view(Abi.X86_64, guest.memory.read(area, 48));
        assertThat(info.get("state")).isEqualTo(RUNSTATE_blocked);
        assertThat(info.get("state_entry_time")).isEqualTo(5 * MILLISECOND);
        assertThat(info.get("time", 0)).isEqualTo(5 * MILLISECOND);
        assertThat(
                        op(
                                VCPUOP_register_runstate_memory_area,
                                0,
                                REGISTER_MEMORY_AREA,
                                "addr.h",
                                Guest.HOLE))
                .isZero();
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guest.memory.readInt(area)).isEqualTo(RUNSTATE_blocked);
    }

    @Test
    void aSecondTimeAreaIsKeptToo() {
        long area = 0x31000 - 12;
        assertThat(
                        op(
                                VCPUOP_register_vcpu_time_memory_area,
                                0,
                                REGISTER_MEMORY_AREA,
                                "addr.h",
                                area))
                .isZero();
        guest.pass(3 * MILLISECOND);
        guest.domain.vcpuRuns(0, this::tsc);
        assertThat(guestTime(area, tsc())).isEqualTo(3 * MILLISECOND);
    }
}
