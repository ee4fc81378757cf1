package org.xenolith.board;

import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.Control;
import org.xenolith.engine.VcpuState.General;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.engine.VcpuState.Segments;
import org.xenolith.xen.VcpuStart;

import java.util.List;

/// The state with which `VCPUOP_initialise` lets a vCPU begin (xen/include/public/hvm/hvm_vcpu.h).
final class VcpuStarts {
    private static final int CODE_64 = 0xA09B;
    private static final int DATA = 0xC093;
    private static final int TASK = 0x8B;
    private static final long ALWAYS_ONE_FLAG = 2;

    private VcpuStarts() {}

    static VcpuState state(VcpuStart start) {
        return switch (start) {
            case VcpuStart.Mode32 mode -> mode32(mode);
            case VcpuStart.Mode64 mode -> mode64(mode);
        };
    }

    private static VcpuState mode32(VcpuStart.Mode32 mode) {
        var registers =
                List.of(
                        unsigned(mode.eax()),
                        unsigned(mode.ecx()),
                        unsigned(mode.edx()),
                        unsigned(mode.ebx()),
                        unsigned(mode.esp()),
                        unsigned(mode.ebp()),
                        unsigned(mode.esi()),
                        unsigned(mode.edi()),
                        0L,
                        0L,
                        0L,
                        0L,
                        0L,
                        0L,
                        0L,
                        0L);
        var data = segment(mode.ds());
        return with(
                new General(
                        registers, unsigned(mode.eip()), unsigned(mode.eflags()) | ALWAYS_ONE_FLAG),
                segment(mode.es()),
                segment(mode.cs()),
                segment(mode.ss()),
                data,
                segment(mode.tr()),
                unsigned(mode.cr0()),
                unsigned(mode.cr3()),
                unsigned(mode.cr4()),
                mode.efer());
    }

    private static VcpuState mode64(VcpuStart.Mode64 mode) {
        var registers =
                List.of(
                        mode.rax(),
                        mode.rcx(),
                        mode.rdx(),
                        mode.rbx(),
                        mode.rsp(),
                        mode.rbp(),
                        mode.rsi(),
                        mode.rdi(),
                        0L,
                        0L,
                        0L,
                        0L,
                        0L,
                        0L,
                        0L,
                        0L);
        var data = new Segment(0, 0, -1, DATA);
        return with(
                new General(registers, mode.rip(), mode.rflags() | ALWAYS_ONE_FLAG),
                data,
                new Segment(0, 0, -1, CODE_64),
                data,
                data,
                new Segment(0, 0, 0x67, TASK),
                mode.cr0(),
                mode.cr3(),
                mode.cr4(),
                mode.efer());
    }

    private static VcpuState with(
            General general,
            Segment es,
            Segment cs,
            Segment ss,
            Segment ds,
            Segment tr,
            long cr0,
            long cr3,
            long cr4,
            long efer) {
        var reset = VcpuState.powerOn(0);
        var tables = reset.segments();
        return reset.withGeneral(general)
                .withSegments(
                        new Segments(
                                es,
                                cs,
                                ss,
                                ds,
                                ds,
                                ds,
                                tables.ldtr(),
                                tr,
                                tables.gdtr(),
                                tables.idtr()))
                .withControl(new Control(cr0, 0, cr3, cr4, 0, efer, reset.control().xcr0()));
    }

    /// Attributes come with bits 11:8 closed up; see [VcpuStart.Segment].
    private static Segment segment(VcpuStart.Segment segment) {
        int attributes = segment.attributes() & 0xFF | (segment.attributes() & 0xF00) << 4;
        return new Segment(0, unsigned(segment.base()), segment.limit(), attributes);
    }

    private static long unsigned(int value) {
        return Integer.toUnsignedLong(value);
    }
}
