package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.VcpuAbi.*;

import org.junit.jupiter.api.Test;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.HvmVcpuAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

class VcpusTest {
    private final Guest guest = new Guest(40);

    private long op(int command, int vcpu, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.call(XenAbi.__HYPERVISOR_vcpu_op, command, vcpu, at);
    }

    private long op(int command, int vcpu) {
        return guest.call(XenAbi.__HYPERVISOR_vcpu_op, command, vcpu);
    }

    private Object[] flat32() {
        var cpu = "cpu_regs.x86_32.";
        return new Object[] {
            "mode",
            HvmVcpuAbi.VCPU_HVM_MODE_32B,
            cpu + "eip",
            0x1000,
            cpu + "esp",
            0x2000,
            cpu + "cr0",
            0x11,
            cpu + "cs_limit",
            -1,
            cpu + "ds_limit",
            -1,
            cpu + "ss_limit",
            -1,
            cpu + "es_limit",
            -1,
            cpu + "tr_limit",
            0x67,
            cpu + "cs_ar",
            0xC9B,
            cpu + "ds_ar",
            0xC93,
            cpu + "ss_ar",
            0xC93,
            cpu + "es_ar",
            0xC93,
            cpu + "tr_ar",
            0x08B
        };
    }

    private long initialise(int vcpu, Object... changes) {
        var context = HvmVcpuAbi.CONTEXT.blank(Abi.X86_64);
        var members = flat32();
        for (int i = 0; i < members.length; i += 2) {
            context.set((String) members[i], ((Number) members[i + 1]).longValue());
        }
        for (int i = 0; i < changes.length; i += 2) {
            context.set((String) changes[i], ((Number) changes[i + 1]).longValue());
        }
        guest.memory.write(Guest.SCRATCH, context.bytes());
        return guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_initialise, vcpu, Guest.SCRATCH);
    }

    @Test
    void aVcpuIsInitialisedAndThenComesUp() {
        assertThat(op(VCPUOP_up, 1)).isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(VCPUOP_is_up, 1)).isZero();
        assertThat(initialise(1)).isZero();
        assertThat(guest.told()).singleElement().asString().startsWith("initialise 1 Mode32");
        assertThat(op(VCPUOP_is_up, 1)).isZero();
        assertThat(op(VCPUOP_up, 1)).isZero();
        assertThat(op(VCPUOP_up, 1)).isZero();
        assertThat(guest.told()).containsExactly("up 1");
        assertThat(op(VCPUOP_is_up, 1)).isEqualTo(1);
        assertThat(initialise(1)).isEqualTo(XenErrno.EEXIST.negative());
    }

    @Test
    void aContextThatNoProcessorCouldHaveIsRefused() {
        var cpu = "cpu_regs.x86_32.";
        var changes =
                new Object[][] {
                    {"mode", 2},
                    {"pad", 1},
                    {cpu + "pad1", 1},
                    {cpu + "cs_ar", 0xC93},
                    {cpu + "cs_ar", 0},
                    {cpu + "cs_ar", 0xF00 << 4 | 0xC9B},
                    {cpu + "ss_ar", 0xC91},
                    {cpu + "ss_ar", 0},
                    {cpu + "ss_ar", 0xCF3},
                    {cpu + "ds_ar", 0xCF3},
                    {cpu + "ds_ar", 0xC99},
                    {cpu + "tr_ar", 0x081},
                    {cpu + "cr4", 1 << 13},
                    {cpu + "efer", 1 << 10},
                    {cpu + "efer", 1 << 3}
                };
        for (var change : changes) {
            assertThat(initialise(1, change))
                    .as("%s = %s", change)
                    .isEqualTo(XenErrno.EINVAL.negative());
        }
        assertThat(initialise(1, cpu + "cs_ar", 0x49B, cpu + "cs_limit", 0xFFF))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(initialise(1, cpu + "ds_ar", 0, cpu + "es_ar", 0)).isZero();
    }

    @Test
    void a64BitContextNeedsLongMode() {
        var cpu = "cpu_regs.x86_64.";
        long at =
                guest.put(
                        HvmVcpuAbi.CONTEXT,
                        "mode",
                        HvmVcpuAbi.VCPU_HVM_MODE_64B,
                        cpu + "rip",
                        0xFFFF_8000_0000_0000L,
                        cpu + "cr0",
                        0x8000_0011L,
                        cpu + "cr4",
                        0x20,
                        cpu + "efer",
                        0x100);
        assertThat(guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_initialise, 2, at)).isZero();
        assertThat(guest.told()).singleElement().asString().contains("efer=1280");
        at = guest.put(HvmVcpuAbi.CONTEXT, "mode", HvmVcpuAbi.VCPU_HVM_MODE_64B);
        assertThat(guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_initialise, 3, at))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void theLastVcpuToGoDownTurnsTheDomainOff() {
        guest.domain.vcpuStarted(1, true);
        assertThat(op(VCPUOP_down, 1)).isZero();
        assertThat(guest.told()).containsExactly("down 1");
        guest.domain.vcpuStarted(1, true);
        var result = guest.result(1, Abi.X86_64, XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_down, 1);
        assertThat(result).isEqualTo(new HypercallResult.Down(0));
        guest.told();
        result = guest.result(0, Abi.X86_64, XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_down, 0);
        assertThat(result).isEqualTo(new HypercallResult.Stop(0));
        assertThat(guest.told()).containsExactly("shutdown POWEROFF");
    }

    @Test
    void vcpuInfoMovesOnceWithItsContent() {
        guest.domain.vcpuRuns(1, () -> 1000);
        assertThat(
                        op(
                                VCPUOP_register_vcpu_info,
                                1,
                                REGISTER_VCPU_INFO,
                                "mfn",
                                0x30,
                                "offset",
                                0x40))
                .isZero();
        assertThat(guest.memory.readByte(0x30040)).isEqualTo(1);
        assertThat(guest.memory.readLong(0x30048)).isEqualTo(-1);
        assertThat(guest.memory.readLong(0x30040 + 32 + 8)).isEqualTo(1000);
        assertThat(op(VCPUOP_register_vcpu_info, 1, REGISTER_VCPU_INFO, "mfn", 0x31))
                .isEqualTo(XenErrno.EBUSY.negative());
    }

    @Test
    void aVcpuInfoLiesWithinAPageOfRam() {
        assertThat(op(VCPUOP_register_vcpu_info, 35, REGISTER_VCPU_INFO, "mfn", 0x30, "offset", 4))
                .isEqualTo(XenErrno.ENXIO.negative());
        assertThat(
                        op(
                                VCPUOP_register_vcpu_info,
                                35,
                                REGISTER_VCPU_INFO,
                                "mfn",
                                0x30,
                                "offset",
                                4096 - 56))
                .isEqualTo(XenErrno.ENXIO.negative());
        assertThat(
                        op(
                                VCPUOP_register_vcpu_info,
                                35,
                                REGISTER_VCPU_INFO,
                                "mfn",
                                0x30,
                                "offset",
                                4096))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(VCPUOP_register_vcpu_info, 35, REGISTER_VCPU_INFO, "mfn", 1L << 45))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(VCPUOP_register_vcpu_info, 35, REGISTER_VCPU_INFO, "mfn", Guest.HOLE >>> 12))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(VCPUOP_register_vcpu_info, 35, REGISTER_VCPU_INFO, "mfn", 0x30)).isZero();
        assertThat(guest.memory.readByte(0x30001)).isEqualTo(1);
    }

    @Test
    void anNmiIsSent() {
        assertThat(op(VCPUOP_send_nmi, 3)).isZero();
        assertThat(guest.told()).containsExactly("nmi 3");
        assertThat(guest.call(XenAbi.__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 3, 1))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aVcpuThatIsNotThereIsNotFound() {
        for (int vcpu : new int[] {40, 128, -1}) {
            assertThat(op(VCPUOP_is_up, vcpu)).isEqualTo(XenErrno.ENOENT.negative());
        }
        for (int command : new int[] {14, 15, 16, -1}) {
            assertThat(op(command, 0)).isEqualTo(XenErrno.ENOSYS.negative());
        }
        assertThat(op(VCPUOP_get_physid, 0)).isEqualTo(XenErrno.EINVAL.negative());
    }
}
