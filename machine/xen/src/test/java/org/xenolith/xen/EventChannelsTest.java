package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.EventChannelAbi.*;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;

class EventChannelsTest {
    private static final long SHARED_INFO = 0x5000;
    private static final long VECTOR_CALLBACK = 2L << 56 | 0xF3;

    private final Guest guest = new Guest();

    @BeforeEach
    void mapSharedInfo() {
        long at =
                guest.put(
                        MemoryAbi.ADD_TO_PHYSMAP,
                        "domid",
                        Guest.SELF,
                        "space",
                        MemoryAbi.XENMAPSPACE_shared_info,
                        "gpfn",
                        SHARED_INFO >>> 12);
        assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, 7, at)).isZero();
        at =
                guest.put(
                        HvmAbi.PARAM,
                        "domid",
                        Guest.SELF,
                        "index",
                        HvmAbi.HVM_PARAM_CALLBACK_IRQ,
                        "value",
                        VECTOR_CALLBACK);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, 0, at)).isZero();
        guest.told();
    }

    private long op(int command, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.call(XenAbi.__HYPERVISOR_event_channel_op, command, at);
    }

    private int bindIpi(int vcpu) {
        assertThat(op(EVTCHNOP_bind_ipi, BIND_IPI, "vcpu", vcpu)).isZero();
        return (int) guest.got(BIND_IPI, "port");
    }

    private int allocate(int remote) {
        assertThat(
                        op(
                                EVTCHNOP_alloc_unbound,
                                ALLOC_UNBOUND,
                                "dom",
                                Guest.SELF,
                                "remote_dom",
                                remote))
                .isZero();
        return (int) guest.got(ALLOC_UNBOUND, "port");
    }

    private long send(int port) {
        return op(EVTCHNOP_send, SEND, "port", port);
    }

    private long status(int port) {
        assertThat(op(EVTCHNOP_status, STATUS, "dom", Guest.SELF, "port", port)).isZero();
        return guest.got(STATUS, "status");
    }

    private boolean pending(int port) {
        return (guest.memory.readLong(SHARED_INFO + 2048 + port / 64 * 8) >>> port % 64 & 1) != 0;
    }

    private void mask(int port, boolean masked) {
        long word = SHARED_INFO + 2048 + 512 + port / 64 * 8;
        long bit = 1L << port % 64;
        long old = guest.memory.readLong(word);
        guest.memory.writeLong(word, masked ? old | bit : old & ~bit);
    }

    private int upcallPending(int vcpu) {
        return guest.memory.readByte(SHARED_INFO + vcpu * 64L);
    }

    @Test
    void portsAreTakenFromTheLowest() {
        assertThat(bindIpi(0)).isEqualTo(1);
        assertThat(bindIpi(0)).isEqualTo(2);
        assertThat(op(EVTCHNOP_close, CLOSE, "port", 1)).isZero();
        assertThat(bindIpi(1)).isEqualTo(1);
    }

    @Test
    void sendingSetsPendingSelectorAndUpcallAndWakesTheVcpu() {
        int port = bindIpi(1);
        assertThat(send(port)).isZero();
        assertThat(pending(port)).isTrue();
        assertThat(guest.memory.readLong(SHARED_INFO + 64 + 8)).isEqualTo(1);
        assertThat(upcallPending(1)).isEqualTo(1);
        assertThat(guest.told()).containsExactly("wake 1");
        assertThat(guest.domain.pendingCallbackVector(1)).isEqualTo(0xF3);
        assertThat(guest.domain.pendingCallbackVector(0)).isEqualTo(-1);
    }

    @Test
    void aPendingEventIsNotToldTwice() {
        int port = bindIpi(0);
        send(port);
        send(port);
        assertThat(guest.told()).containsExactly("wake 0");
    }

    @Test
    void anEventThatAnApicDroppedIsToldWhenTheApicIsEnabled() {
        long at = guest.put(HvmAbi.EVTCHN_UPCALL_VECTOR, "vcpu", 1, "vector", 0x30);
        guest.call(XenAbi.__HYPERVISOR_hvm_op, HvmAbi.HVMOP_set_evtchn_upcall_vector, at);
        guest.told();
        guest.domain.localApicEnabled(1);
        assertThat(guest.told()).isEmpty();
        send(bindIpi(1));
        assertThat(guest.told()).containsExactly("interrupt 1 48");
        guest.domain.localApicEnabled(1);
        assertThat(guest.told()).containsExactly("interrupt 1 48");
    }

    @Test
    void theCallbackVectorFallsWithTheUpcallFlag() {
        send(bindIpi(0));
        guest.memory.writeByte(SHARED_INFO, 0);
        assertThat(guest.domain.pendingCallbackVector(0)).isEqualTo(-1);
    }

    @Test
    void aMaskedEventIsPendingButNotTold() {
        int port = bindIpi(0);
        mask(port, true);
        send(port);
        assertThat(pending(port)).isTrue();
        assertThat(upcallPending(0)).isZero();
        assertThat(guest.told()).isEmpty();
    }

    @Test
    void unmaskingAPendingEventDeliversIt() {
        int port = bindIpi(0);
        mask(port, true);
        send(port);
        assertThat(op(EVTCHNOP_unmask, UNMASK, "port", port)).isZero();
        assertThat(upcallPending(0)).isEqualTo(1);
        assertThat(guest.told()).containsExactly("wake 0");
    }

    @Test
    void anUpcallVectorOfTheLocalApicIsAnEdge() {
        long at = guest.put(HvmAbi.EVTCHN_UPCALL_VECTOR, "vcpu", 1, "vector", 0xF4);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, 23, at)).isZero();
        assertThat(guest.told()).containsExactly("interrupt 1 244");
        send(bindIpi(1));
        assertThat(guest.told()).containsExactly("interrupt 1 244");
    }

    @Test
    void aPortBelongsToItsDomain() {
        assertThat(op(EVTCHNOP_alloc_unbound, ALLOC_UNBOUND, "dom", 0))
                .isEqualTo(XenErrno.EPERM.negative());
        assertThat(op(EVTCHNOP_alloc_unbound, ALLOC_UNBOUND, "dom", 9))
                .isEqualTo(XenErrno.ESRCH.negative());
        assertThat(op(EVTCHNOP_alloc_unbound, ALLOC_UNBOUND, "dom", 7)).isZero();
    }

    @Test
    void portsThatCarryNothingAreRefused() {
        for (int port : new int[] {0, 1, 63}) {
            assertThat(send(port)).isEqualTo(XenErrno.EINVAL.negative());
            assertThat(op(EVTCHNOP_close, CLOSE, "port", port))
                    .isEqualTo(XenErrno.EINVAL.negative());
            assertThat(status(port)).isEqualTo(EVTCHNSTAT_closed);
        }
        for (int port : new int[] {64, 5000, -1, Integer.MIN_VALUE}) {
            assertThat(send(port)).isEqualTo(XenErrno.EINVAL.negative());
            assertThat(op(EVTCHNOP_unmask, UNMASK, "port", port))
                    .isEqualTo(XenErrno.EINVAL.negative());
            assertThat(op(EVTCHNOP_status, STATUS, "dom", Guest.SELF, "port", port))
                    .isEqualTo(XenErrno.EINVAL.negative());
        }
    }

    @Test
    void aVirqIsBoundOnceForEachVcpu() {
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 0, "vcpu", 0)).isZero();
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 0, "vcpu", 0))
                .isEqualTo(XenErrno.EEXIST.negative());
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 0, "vcpu", 1)).isZero();
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 0, "vcpu", 2))
                .isEqualTo(XenErrno.ENOENT.negative());
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 24, "vcpu", 0))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", XenAbi.VIRQ_CONSOLE))
                .isEqualTo(XenErrno.EBUSY.negative());
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", XenAbi.VIRQ_CONSOLE, "vcpu", 1))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aClosedVirqIsNoLongerRaised() {
        op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", XenAbi.VIRQ_DEBUG, "vcpu", 0);
        int port = (int) guest.got(BIND_VIRQ, "port");
        guest.domain.raiseDebugEvents();
        assertThat(pending(port)).isTrue();
        op(EVTCHNOP_close, CLOSE, "port", port);
        assertThat(pending(port)).isFalse();
        guest.domain.raiseDebugEvents();
        assertThat(pending(port)).isFalse();
    }

    @Test
    void aDebugKeyShowsWhatIsBoundAndAnotherAsksTheGuest() {
        op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", XenAbi.VIRQ_DEBUG, "vcpu", 0);
        int port = (int) guest.got(BIND_VIRQ, "port");
        assertThat(DebugKey.of('?')).isEmpty();
        guest.domain.describe(DebugKey.of('q').orElseThrow());
        assertThat(pending(port)).isTrue();
        assertThat(guest.domain.describe(DebugKey.of('e').orElseThrow()))
                .contains("    %4d [1]: s=5 v=1 n=0 x=0".formatted(port));
        op(EVTCHNOP_close, CLOSE, "port", port);
        assertThat(guest.domain.describe(DebugKey.EVENT_CHANNELS))
                .noneMatch(line -> line.contains("v=1"));
    }

    @Test
    void bothEndsOfALoopbackChannelReachEachOther() {
        int first = allocate(Guest.SELF);
        assertThat(
                        op(
                                EVTCHNOP_bind_interdomain,
                                BIND_INTERDOMAIN,
                                "remote_dom",
                                Guest.SELF,
                                "remote_port",
                                first))
                .isZero();
        int second = (int) guest.got(BIND_INTERDOMAIN, "local_port");
        assertThat(pending(second)).isTrue();
        assertThat(pending(first)).isFalse();
        send(second);
        assertThat(pending(first)).isTrue();
        op(EVTCHNOP_close, CLOSE, "port", second);
        assertThat(status(first)).isEqualTo(EVTCHNSTAT_unbound);
    }

    @Test
    void aRefusedConnectionTakesNoPort() {
        for (int remote : new int[] {Guest.SELF, 0, 9}) {
            assertThat(
                            op(
                                    EVTCHNOP_bind_interdomain,
                                    BIND_INTERDOMAIN,
                                    "remote_dom",
                                    remote,
                                    "remote_port",
                                    40))
                    .isNegative();
        }
        assertThat(bindIpi(0)).isEqualTo(1);
    }

    @Test
    void aBackEndAndItsFrontEndTellEachOther() {
        int port = allocate(0);
        var heard = new ArrayList<String>();
        var channel = guest.domain.connectBackend(port, () -> heard.add("heard")).orElseThrow();
        assertThat(heard).hasSize(1);
        assertThat(status(port)).isEqualTo(EVTCHNSTAT_interdomain);
        assertThat(guest.got(STATUS, "u.interdomain.dom")).isZero();
        send(port);
        assertThat(heard).hasSize(2);
        channel.notifyFrontend();
        assertThat(pending(port)).isTrue();
        assertThat(guest.domain.connectBackend(port, () -> {})).isEmpty();
    }

    @Test
    void aClosedEndHearsNothing() {
        int port = allocate(0);
        var heard = new ArrayList<String>();
        var channel = guest.domain.connectBackend(port, () -> heard.add("heard")).orElseThrow();
        channel.close();
        heard.clear();
        assertThat(send(port)).isZero();
        assertThat(heard).isEmpty();
        assertThat(status(port)).isEqualTo(EVTCHNSTAT_unbound);
        var second = guest.domain.connectBackend(port, () -> {}).orElseThrow();
        op(EVTCHNOP_close, CLOSE, "port", port);
        assertThat(bindIpi(0)).isEqualTo(port);
        second.notifyFrontend();
        channel.notifyFrontend();
        assertThat(pending(port)).isFalse();
    }

    @Test
    void onlyAPortThatWaitsForTheControlDomainIsConnected() {
        assertThat(guest.domain.connectBackend(allocate(9), () -> {})).isEmpty();
        assertThat(guest.domain.connectBackend(bindIpi(0), () -> {})).isEmpty();
        assertThat(guest.domain.connectBackend(4000, () -> {})).isEmpty();
        int port = guest.domain.offerPort(DomainId.CONTROL).orElseThrow();
        assertThat(guest.domain.connectBackend(port, () -> {})).isPresent();
    }

    @Test
    void anInterdomainPortMayMoveToAnotherVcpuAndAnIpiMayNot() {
        int port = allocate(0);
        assertThat(op(EVTCHNOP_bind_vcpu, BIND_VCPU, "port", port, "vcpu", 1)).isZero();
        assertThat(op(EVTCHNOP_bind_vcpu, BIND_VCPU, "port", port, "vcpu", 2))
                .isEqualTo(XenErrno.ENOENT.negative());
        assertThat(op(EVTCHNOP_bind_vcpu, BIND_VCPU, "port", bindIpi(0), "vcpu", 1))
                .isEqualTo(XenErrno.EINVAL.negative());
        guest.domain.connectBackend(port, () -> {}).orElseThrow().notifyFrontend();
        assertThat(upcallPending(1)).isEqualTo(1);
    }

    @Test
    void aDomainHasAsManyPortsAsItsLimit() {
        int taken = 0;
        while (op(EVTCHNOP_bind_ipi, BIND_IPI, "vcpu", 0) == 0) {
            taken++;
        }
        assertThat(taken).isEqualTo(DomainSpec.EVENT_CHANNELS_DEFAULT - 1);
        assertThat(op(EVTCHNOP_bind_ipi, BIND_IPI, "vcpu", 0))
                .isEqualTo(XenErrno.ENOSPC.negative());
        assertThat(guest.domain.offerPort(DomainId.CONTROL)).isEmpty();
    }

    @Test
    void resetClosesEveryPort() {
        int port = bindIpi(0);
        op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 0, "vcpu", 1);
        assertThat(op(EVTCHNOP_reset, RESET, "dom", Guest.SELF)).isZero();
        assertThat(status(port)).isEqualTo(EVTCHNSTAT_closed);
        assertThat(op(EVTCHNOP_bind_virq, BIND_VIRQ, "virq", 0, "vcpu", 1)).isZero();
        assertThat(op(EVTCHNOP_reset, RESET, "dom", 0)).isEqualTo(XenErrno.EPERM.negative());
    }

    @Test
    void aThirtyTwoBitGuestHasThirtyTwoBitSelectors() {
        long at =
                guest.put(
                        HvmAbi.PARAM,
                        "domid",
                        Guest.SELF,
                        "index",
                        HvmAbi.HVM_PARAM_CALLBACK_IRQ,
                        "value",
                        VECTOR_CALLBACK);
        assertThat(guest.call32(XenAbi.__HYPERVISOR_hvm_op, 0, at)).isZero();
        int port = 0;
        while (port < 40) {
            port = bindIpi(0);
        }
        send(port);
        assertThat(guest.memory.readInt(SHARED_INFO + 4)).isEqualTo(1 << port / 32);
        long pending = SHARED_INFO + XenAbi.sharedInfoOffset(Abi.X86_32, "evtchn_pending");
        assertThat(guest.memory.readInt(pending + 4)).isEqualTo(1 << port % 32);
    }

    @Test
    void anUnknownCommandIsNotImplemented() {
        for (int command : new int[] {14, 15, -1, 1000}) {
            assertThat(guest.call(XenAbi.__HYPERVISOR_event_channel_op, command, Guest.SCRATCH))
                    .isEqualTo(XenErrno.ENOSYS.negative());
        }
        assertThat(guest.call(XenAbi.__HYPERVISOR_event_channel_op, EVTCHNOP_send, Guest.HOLE))
                .isEqualTo(XenErrno.EFAULT.negative());
    }
}
