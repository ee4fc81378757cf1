package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.SchedAbi.*;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

class SchedulingTest {
    private final Guest guest = new Guest();

    private HypercallResult op(int command, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.result(0, Abi.X86_64, XenAbi.__HYPERVISOR_sched_op, command, at);
    }

    private HypercallResult poll(long timeout, int... ports) {
        for (int i = 0; i < ports.length; i++) {
            guest.memory.writeInt(Guest.LIST + i * 4L, ports[i]);
        }
        return op(
                SCHEDOP_poll,
                POLL,
                "ports",
                Guest.LIST,
                "nr_ports",
                ports.length,
                "timeout",
                timeout);
    }

    private BackendChannel channel() {
        int port = guest.domain.offerPort(DomainId.CONTROL).orElseThrow();
        return guest.domain.connectBackend(port, () -> {}).orElseThrow();
    }

    @Test
    void yieldAndBlockSayWhatToDo() {
        assertThat(guest.result(0, Abi.X86_64, XenAbi.__HYPERVISOR_sched_op, SCHEDOP_yield))
                .isEqualTo(new HypercallResult.Yield(0));
        assertThat(guest.result(0, Abi.X86_32, XenAbi.__HYPERVISOR_sched_op, SCHEDOP_block))
                .isEqualTo(new HypercallResult.Block(0));
    }

    @Test
    void aPollEndsWhenItsPortIsPending() {
        var channel = channel();
        var other = channel();
        assertThat(poll(0, channel.frontendPort())).isEqualTo(new HypercallResult.Block(0));
        other.notifyFrontend();
        assertThat(guest.told()).isEmpty();
        channel.notifyFrontend();
        assertThat(guest.told()).containsExactly("wake 0");
        assertThat(poll(0, channel.frontendPort())).isEqualTo(new HypercallResult.Value(0));
    }

    @Test
    void aPollOfSeveralPortsEndsWithAnyEvent() {
        var channel = channel();
        var other = channel();
        poll(0, channel.frontendPort(), other.frontendPort());
        other.notifyFrontend();
        assertThat(guest.told()).containsExactly("wake 0");
    }

    @Test
    void aPollEndsWithItsTimeout() {
        assertThat(poll(1000)).isEqualTo(new HypercallResult.Block(0));
        guest.pass(999);
        assertThat(guest.told()).isEmpty();
        guest.pass(1);
        assertThat(guest.told()).containsExactly("wake 0");
    }

    @Test
    void aVcpuThatWokeIsNotWokenAgain() {
        var channel = channel();
        poll(1000, channel.frontendPort());
        guest.domain.vcpuWoke(0);
        channel.notifyFrontend();
        guest.pass(5000);
        assertThat(guest.told()).isEmpty();
    }

    @Test
    void portsThatAreNotInUseCannotBePolled() {
        for (int port = 0; port <= 4096; port++) {
            assertThat(poll(1, port).value()).isEqualTo(XenErrno.EINVAL.negative());
        }
        assertThat(op(SCHEDOP_poll, POLL, "nr_ports", 129).value())
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(SCHEDOP_poll, POLL, "nr_ports", 1, "ports", Guest.HOLE).value())
                .isEqualTo(XenErrno.EFAULT.negative());
    }

    @Test
    void aThirtyTwoBitCallersPollHasItsOwnLayout() {
        var channel = channel();
        guest.memory.writeInt(Guest.LIST, channel.frontendPort());
        long at =
                guest.put(
                        Abi.X86_32, POLL, "ports", Guest.LIST, "nr_ports", 1, "timeout", 77L << 32);
        assertThat(guest.result(0, Abi.X86_32, XenAbi.__HYPERVISOR_sched_op, SCHEDOP_poll, at))
                .isEqualTo(new HypercallResult.Block(0));
        guest.pass((77L << 32) - 1);
        assertThat(guest.told()).isEmpty();
        guest.pass(1);
        assertThat(guest.told()).containsExactly("wake 0");
    }

    @Test
    void aDomainShutsDownOnceForTheFirstReason() {
        assertThat(op(SCHEDOP_shutdown, SHUTDOWN, "reason", SHUTDOWN_reboot))
                .isEqualTo(new HypercallResult.Stop(0));
        op(SCHEDOP_shutdown, SHUTDOWN, "reason", SHUTDOWN_poweroff);
        guest.domain.shutDown(ShutdownReason.CRASH);
        assertThat(guest.told()).containsExactly("shutdown REBOOT");
        assertThat(guest.domain.isShutDown()).isTrue();
    }

    @Test
    void aSuspendedDomainGoesOn() {
        op(SCHEDOP_shutdown, SHUTDOWN, "reason", SHUTDOWN_suspend);
        guest.domain.resume();
        assertThat(guest.domain.isShutDown()).isFalse();
        op(SCHEDOP_shutdown, SHUTDOWN, "reason", SHUTDOWN_poweroff);
        assertThat(guest.told()).containsExactly("shutdown SUSPEND", "shutdown POWEROFF");
    }

    @Test
    void aReasonGivenBeforehandCounts() {
        assertThat(op(SCHEDOP_shutdown_code, SHUTDOWN, "reason", SHUTDOWN_crash).value()).isZero();
        op(SCHEDOP_shutdown, SHUTDOWN, "reason", SHUTDOWN_poweroff);
        assertThat(guest.told()).containsExactly("shutdown CRASH");
    }

    @Test
    void aReasonWithoutANameIsACrash() {
        op(SCHEDOP_shutdown, SHUTDOWN, "reason", 200);
        assertThat(guest.told()).containsExactly("shutdown CRASH");
    }

    @Test
    void otherDomainsAreShutDownByOthers() {
        assertThat(op(SCHEDOP_remote_shutdown, REMOTE_SHUTDOWN, "domain_id", 7).value())
                .isEqualTo(XenErrno.EPERM.negative());
        assertThat(op(SCHEDOP_remote_shutdown, REMOTE_SHUTDOWN, "domain_id", 8).value())
                .isEqualTo(XenErrno.ESRCH.negative());
        assertThat(op(SCHEDOP_pin_override, SHUTDOWN).value()).isEqualTo(XenErrno.EPERM.negative());
        assertThat(op(99, SHUTDOWN).value()).isEqualTo(XenErrno.ENOSYS.negative());
    }

    @Test
    void aWatchdogBitesUnlessItIsStroked() {
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "timeout", 2).value()).isEqualTo(1);
        guest.pass(1_500_000_000);
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "id", 1, "timeout", 2).value()).isZero();
        guest.pass(1_500_000_000);
        assertThat(guest.told()).isEmpty();
        guest.pass(500_000_000);
        assertThat(guest.told()).containsExactly("shutdown WATCHDOG");
    }

    @Test
    void thereAreTwoWatchdogs() {
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "timeout", 2).value()).isEqualTo(1);
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "timeout", 2).value()).isEqualTo(2);
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "timeout", 2).value())
                .isEqualTo(XenErrno.ENOSPC.negative());
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "id", 1).value()).isZero();
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "id", 1).value())
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "id", 3).value())
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(SCHEDOP_watchdog, WATCHDOG, "id", 2, "timeout", -1).value()).isZero();
    }
}
