package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.XenAbi.*;

import org.junit.jupiter.api.Test;
import org.xenolith.engine.CpuidTable;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.CpuidAbi;
import org.xenolith.xen.abi.SchedAbi;
import org.xenolith.xen.abi.VersionAbi;
import org.xenolith.xen.abi.XenErrno;

import java.nio.charset.StandardCharsets;

class HypercallsTest {
    private final Guest guest = new Guest();

    @Test
    void aCallFromUserModeIsNotPermitted() {
        var result =
                guest.domain.hypercall(
                        guest.vcpu(0), true, 3, __HYPERVISOR_xen_version, 0, 0, 0, 0, 0);
        assertThat(result).isEqualTo(new HypercallResult.Value(XenErrno.EPERM.negative()));
    }

    @Test
    void aNumberOutsideTheTableIsNotImplemented() {
        for (long number : new long[] {-1, 11, 27, 31, 38, 39, 43, 63, 64, 1L << 32, 1L << 63}) {
            assertThat(guest.call(number)).isEqualTo(XenErrno.ENOSYS.negative());
        }
    }

    @Test
    void whatOnlyParavirtualisedGuestsMayCallIsNotImplemented() {
        for (long number : new long[] {0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 14, 16, 19, 22, 23, 25, 28}) {
            assertThat(guest.call(number)).isEqualTo(XenErrno.ENOSYS.negative());
        }
    }

    @Test
    void aThirtyTwoBitCallerGetsAThirtyTwoBitValue() {
        var result = guest.result(0, Abi.X86_32, 63);
        assertThat(result.value()).isEqualTo(0xFFFF_FFFFL & XenErrno.ENOSYS.negative());
    }

    @Test
    void argumentsOfAThirtyTwoBitCallerAreCutToTheirWidth() {
        long dirty = 0xDEAD_BEEF_0000_0000L;
        assertThat(guest.call32(dirty | __HYPERVISOR_xen_version, dirty)).isEqualTo(4 << 16 | 17);
    }

    @Test
    void theVersionIsXen417() {
        assertThat(guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_version))
                .isEqualTo(4 << 16 | 17);
    }

    @Test
    void theFeaturesAreThoseOfAPvhGuest() {
        long at = guest.put(VersionAbi.FEATURE_INFO, "submap_idx", 0);
        assertThat(guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_get_features, at))
                .isZero();
        assertThat(guest.got(VersionAbi.FEATURE_INFO, "submap"))
                .isEqualTo(1 | 1 << 2 | 1 << 8 | 1 << 9 | 1 << 13 | 1 << 16);
        at = guest.put(VersionAbi.FEATURE_INFO, "submap_idx", 1);
        assertThat(guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_get_features, at))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void everyVersionCommandAnswersAsXenDoes() {
        long at = Guest.SCRATCH;
        var zero = new int[] {1, 2, 3, 4, 5, 8, 9};
        for (int command : zero) {
            assertThat(guest.call(__HYPERVISOR_xen_version, command, at)).isZero();
            assertThat(guest.call(__HYPERVISOR_xen_version, command, Guest.HOLE))
                    .isEqualTo(XenErrno.EFAULT.negative());
        }
        assertThat(guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_pagesize))
                .isEqualTo(4096);
        assertThat(guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_pagesize, at))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_build_id))
                .isEqualTo(XenErrno.EPERM.negative());
        assertThat(guest.call(__HYPERVISOR_xen_version, 11)).isEqualTo(XenErrno.ENOSYS.negative());
    }

    @Test
    void theHandleIsTheUuidInOrder() {
        guest.call(__HYPERVISOR_xen_version, VersionAbi.XENVER_guest_handle, Guest.SCRATCH);
        assertThat(guest.memory.readByte(Guest.SCRATCH + 1)).isEqualTo(0x11);
        assertThat(guest.memory.readByte(Guest.SCRATCH + 15)).isEqualTo(0xFF);
    }

    @Test
    void consoleWritesReachTheHost() {
        guest.memory.write(Guest.SCRATCH, "hello\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(guest.call(__HYPERVISOR_console_io, CONSOLEIO_write, 6, Guest.SCRATCH)).isZero();
        assertThat(guest.told()).containsExactly("console hello\n");
    }

    @Test
    void aConsoleWriteOfTwoGigabytesIsRefused() {
        assertThat(guest.call32(__HYPERVISOR_console_io, CONSOLEIO_write, 0x8000_0000L, 0))
                .isEqualTo(XenErrno.E2BIG.negative());
        assertThat(guest.call(__HYPERVISOR_console_io, 1, 1, Guest.SCRATCH))
                .isEqualTo(XenErrno.EPERM.negative());
    }

    @Test
    void toolInterfacesTellTheirVersionByTheirRefusal() {
        for (int version = 0; version < 0x20; version++) {
            guest.memory.writeInt(Guest.SCRATCH + 4, version);
            var refusal = version == 0x15 ? XenErrno.EPERM : XenErrno.EACCES;
            assertThat(guest.call(__HYPERVISOR_sysctl, Guest.SCRATCH))
                    .isEqualTo(refusal.negative());
            assertThat(guest.call32(__HYPERVISOR_domctl, Guest.SCRATCH))
                    .isEqualTo(refusal.negative());
        }
        assertThat(guest.call(__HYPERVISOR_sysctl, Guest.HOLE))
                .isEqualTo(XenErrno.EFAULT.negative());
    }

    @Test
    void privilegedCallsAreRefused() {
        assertThat(guest.call(__HYPERVISOR_xenpmu_op)).isEqualTo(XenErrno.EOPNOTSUPP.negative());
        assertThat(guest.call(__HYPERVISOR_hypfs_op)).isEqualTo(XenErrno.EPERM.negative());
        assertThat(guest.call(__HYPERVISOR_dm_op, 0)).isEqualTo(XenErrno.EPERM.negative());
        assertThat(guest.call(__HYPERVISOR_dm_op, 9)).isEqualTo(XenErrno.ESRCH.negative());
        assertThat(guest.call(__HYPERVISOR_physdev_op, 12, Guest.SCRATCH))
                .isEqualTo(XenErrno.ENOSYS.negative());
    }

    @Test
    void onlyTheRunstateAssistExists() {
        assertThat(guest.call(__HYPERVISOR_vm_assist, 0, 5)).isZero();
        assertThat(guest.call(__HYPERVISOR_vm_assist, 1, 5)).isZero();
        assertThat(guest.call(__HYPERVISOR_vm_assist, 2, 5)).isEqualTo(XenErrno.ENOSYS.negative());
        assertThat(guest.call(__HYPERVISOR_vm_assist, 0, 2)).isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aMulticallStoresEachResultInTheCallersLayout() {
        for (var abi : Abi.values()) {
            int bytes = MULTICALL_ENTRY.size(abi);
            var version = MULTICALL_ENTRY.blank(abi).set("op", __HYPERVISOR_xen_version);
            var nested = MULTICALL_ENTRY.blank(abi).set("op", __HYPERVISOR_multicall);
            guest.memory.write(Guest.LIST, version.bytes());
            guest.memory.write(Guest.LIST + bytes, nested.bytes());
            assertThat(guest.result(0, abi, __HYPERVISOR_multicall, Guest.LIST, 2).value())
                    .isZero();
            var first = MULTICALL_ENTRY.view(abi, guest.memory.read(Guest.LIST, bytes));
            var second = MULTICALL_ENTRY.view(abi, guest.memory.read(Guest.LIST + bytes, bytes));
            assertThat(first.get("result")).isEqualTo(4 << 16 | 17);
            assertThat((int) second.get("result")).isEqualTo(-XenErrno.EINVAL.code());
        }
    }

    @Test
    void aBlockInAMulticallSleepsAfterTheLastEntry() {
        var abi = Abi.X86_64;
        int bytes = MULTICALL_ENTRY.size(abi);
        var block = MULTICALL_ENTRY.blank(abi).set("op", __HYPERVISOR_sched_op);
        block.set("args", 0, SchedAbi.SCHEDOP_block);
        guest.memory.write(Guest.LIST, block.bytes());
        var version = MULTICALL_ENTRY.blank(abi).set("op", __HYPERVISOR_xen_version);
        guest.memory.write(Guest.LIST + bytes, version.bytes());
        assertThat(guest.result(0, abi, __HYPERVISOR_multicall, Guest.LIST, 2))
                .isEqualTo(new HypercallResult.Block(0));
        assertThat(guest.memory.readLong(Guest.LIST + bytes + 8)).isEqualTo(4 << 16 | 17);
    }

    @Test
    void anEndlessMulticallIsCutShort() {
        assertThat(guest.call(__HYPERVISOR_multicall, Guest.LIST, -1L)).isNegative();
    }

    @Test
    void theHypercallPageHoldsAStubForEachNumber() {
        assertThat(guest.domain.writeMsr(guest.vcpu(0), true, 0x4000_0000, 0x30000)).isTrue();
        for (int number = 0; number < 128; number++) {
            long stub = 0x30000 + number * 32;
            if (number == __HYPERVISOR_iret) {
                assertThat(guest.memory.readShort(stub)).isEqualTo(0x0B0F);
            } else {
                assertThat(guest.memory.readByte(stub)).isEqualTo(0xB8);
                assertThat(guest.memory.readInt(stub + 1)).isEqualTo(number);
                assertThat(guest.memory.readInt(stub + 5)).isEqualTo(0xC3C1010F);
            }
        }
    }

    @Test
    void aHypercallPageMustBeAPageOfRam() {
        assertThat(guest.domain.writeMsr(guest.vcpu(0), true, 0x4000_0000, 0x30001)).isFalse();
        assertThat(guest.domain.writeMsr(guest.vcpu(0), true, 0x4000_0000, Guest.HOLE)).isFalse();
        assertThat(guest.domain.writeMsr(guest.vcpu(0), true, 0x4000_0000, -4096)).isFalse();
        assertThat(guest.domain.writeMsr(guest.vcpu(0), true, 0x4000_0001, 0x30000)).isFalse();
        assertThat(guest.domain.readMsr(0x4000_0000)).hasValue(0);
        assertThat(guest.domain.readMsr(0x4000_0021)).isEmpty();
    }

    @Test
    void cpuidNamesXenTheDomainAndTheVcpu() {
        var table = guest.domain.addCpuid(CpuidTable.builder(), 1).build();
        var first = table.lookup(CpuidAbi.XEN_CPUID_FIRST_LEAF, 0);
        assertThat(first.eax()).isGreaterThanOrEqualTo(0x4000_0002);
        assertThat(first.ebx()).isEqualTo(CpuidAbi.XEN_CPUID_SIGNATURE_EBX);
        var fourth = table.lookup(CpuidAbi.XEN_CPUID_FIRST_LEAF + 4, 0);
        assertThat(fourth.eax() & 0x58).isEqualTo(0x58);
        assertThat(fourth.ebx()).isEqualTo(1);
        assertThat(fourth.ecx()).isEqualTo(7);
        assertThat(table.lookup(CpuidAbi.XEN_CPUID_FIRST_LEAF + 2, 0).ebx()).isEqualTo(0x4000_0000);
    }
}
