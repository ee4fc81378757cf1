package org.xenolith.boot;

import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.Control;
import org.xenolith.engine.VcpuState.General;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.engine.VcpuState.Segments;

import java.util.Arrays;
import java.util.List;

/// A guest placed in memory, ready for its first instruction. Addresses are guest-physical.
///
/// @param entry the first instruction
/// @param startInfo the `struct hvm_start_info`, in writable RAM
/// @param lowestFree the first address behind the kernel
public record StartOfDay(long entry, long startInfo, long lowestFree) {
    private static final int RBX = 3;
    private static final long CR0_PROTECTED_EXTENSION_TYPE = 0x11;

    // Access rights in the layout of VcpuState.Segment: present, accessed, 32 bits, 4 KiB granular.
    private static final Segment CODE = new Segment(0x08, 0, -1, 0xC09B);
    private static final Segment DATA = new Segment(0x10, 0, -1, 0xC093);
    private static final Segment TASK = new Segment(0, 0, 0x67, 0x8B);

    /// The state in which the boot processor begins (Xen's docs/misc/pvh.pandoc, "x86/HVM direct
    /// boot ABI"): 32-bit protected mode without paging, flat segments, rbx at the start info.
    public VcpuState bootProcessor() {
        var powerOn = VcpuState.powerOn(0);
        var registers = new Long[16];
        Arrays.fill(registers, 0L);
        registers[RBX] = startInfo;
        var tables = powerOn.segments();
        return powerOn.withGeneral(new General(List.of(registers), entry, 2))
                .withSegments(
                        new Segments(
                                DATA,
                                CODE,
                                DATA,
                                DATA,
                                DATA,
                                DATA,
                                tables.ldtr(),
                                TASK,
                                tables.gdtr(),
                                tables.idtr()))
                .withControl(
                        new Control(
                                CR0_PROTECTED_EXTENSION_TYPE,
                                0,
                                0,
                                0,
                                0,
                                0,
                                powerOn.control().xcr0()));
    }
}
