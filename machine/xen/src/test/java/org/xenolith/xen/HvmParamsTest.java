package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.HvmAbi.*;

import org.junit.jupiter.api.Test;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

class HvmParamsTest {
    private final Guest guest = new Guest();

    private long set(int index, long value) {
        long at = guest.put(PARAM, "domid", Guest.SELF, "index", index, "value", value);
        return guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_set_param, at);
    }

    private long get(int index) {
        long at = guest.put(PARAM, "domid", Guest.SELF, "index", index);
        return guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_get_param, at);
    }

    @Test
    void aGuestReadsWhereItsRingsAre() {
        guest.domain.setHvmParam(HVM_PARAM_STORE_PFN, 0xFEFFC);
        guest.domain.setHvmParam(HVM_PARAM_CONSOLE_EVTCHN, 2);
        assertThat(get(HVM_PARAM_STORE_PFN)).isZero();
        assertThat(guest.got(PARAM, "value")).isEqualTo(0xFEFFC);
        assertThat(get(HVM_PARAM_CONSOLE_EVTCHN)).isZero();
        assertThat(guest.got(PARAM, "value")).isEqualTo(2);
        assertThat(set(HVM_PARAM_STORE_PFN, 1)).isEqualTo(XenErrno.EPERM.negative());
        assertThat(set(HVM_PARAM_STORE_EVTCHN, 5)).isZero();
        assertThat(guest.domain.hvmParam(HVM_PARAM_STORE_EVTCHN)).isEqualTo(5);
    }

    @Test
    void everyParameterIsReadableOrRefusedAsInXen() {
        for (int index = 0; index < HVM_NR_PARAMS; index++) {
            long expected =
                    switch (index) {
                        case 0, 1, 2, 15, 17, 18, 19, 34, 35, 36, 37 -> 0;
                        case 4, 13, 20, 21, 22, 23, 24, 25, 26, 30 -> XenErrno.EINVAL.negative();
                        default -> XenErrno.EPERM.negative();
                    };
            assertThat(get(index)).as("parameter " + index).isEqualTo(expected);
        }
        assertThat(get(HVM_NR_PARAMS)).isEqualTo(XenErrno.EINVAL.negative());
        assertThat(get(-1)).isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void everyParameterIsWritableOrRefusedAsInXen() {
        for (int index = 0; index < HVM_NR_PARAMS; index++) {
            long expected =
                    switch (index) {
                        case 0, 2, 15, 18, 34, 36 -> 0;
                        case 4, 13, 20, 21, 22, 23, 24, 25, 26, 30, 37 ->
                                XenErrno.EINVAL.negative();
                        case 19 -> XenErrno.ENODEV.negative();
                        case 35 -> XenErrno.EEXIST.negative();
                        default -> XenErrno.EPERM.negative();
                    };
            assertThat(set(index, 0)).as("parameter " + index).isEqualTo(expected);
        }
    }

    @Test
    void aTssThatCannotBeCrashesTheDomain() {
        assertThat(set(HVM_PARAM_VM86_TSS_SIZED, 200L << 32 | 0x1000)).isZero();
        assertThat(get(HVM_PARAM_VM86_TSS)).isZero();
        assertThat(guest.got(PARAM, "value")).isEqualTo(0x1000);
        assertThat(guest.told()).isEmpty();
        assertThat(set(HVM_PARAM_VM86_TSS_SIZED, 1)).isEqualTo(XenErrno.EINVAL.negative());
        assertThat(guest.told()).containsExactly("shutdown CRASH");
    }

    @Test
    void aCallbackByWireIsIgnoredWithoutWires() {
        assertThat(set(HVM_PARAM_CALLBACK_IRQ, 2L << 56 | 0x40)).isZero();
        assertThat(set(HVM_PARAM_CALLBACK_IRQ, 10)).isZero();
        guest.domain.raiseDebugEvents();
        assertThat(guest.domain.pendingCallbackVector(0)).isEqualTo(-1);
    }

    @Test
    void otherOperationsAnswerAsInXen() {
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_flush_tlbs, 0)).isZero();
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_flush_tlbs, 1))
                .isEqualTo(XenErrno.EINVAL.negative());
        long at = guest.put(PAGETABLE_DYING, "domid", Guest.SELF);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_pagetable_dying, at))
                .isEqualTo(XenErrno.EINVAL.negative());
        guest.pass(12345);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_get_time, Guest.SCRATCH)).isZero();
        assertThat(guest.got(GET_TIME, "now")).isEqualTo(12345);
        at = guest.put(EVTCHN_UPCALL_VECTOR, "vector", 15);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, at))
                .isEqualTo(XenErrno.EINVAL.negative());
        at = guest.put(EVTCHN_UPCALL_VECTOR, "vcpu", 2, "vector", 16);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, at))
                .isEqualTo(XenErrno.ENOENT.negative());
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HVMOP_altp2m))
                .isEqualTo(XenErrno.EOPNOTSUPP.negative());
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, 2)).isEqualTo(XenErrno.ENOSYS.negative());
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, 1L << 32))
                .isEqualTo(XenErrno.ENOSYS.negative());
    }
}
