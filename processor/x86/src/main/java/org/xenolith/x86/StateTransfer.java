package org.xenolith.x86;

import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.DescriptorTable;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;

import java.util.ArrayList;
import java.util.List;

/// A processor's state to and from the record that all engines share.
public final class StateTransfer {
    private StateTransfer() {}

    public static VcpuState capture(
            Cpu cpu, VcpuState.Pending pending, VcpuState.Activity activity) {
        var general = new ArrayList<Long>();
        for (int index = 0; index < 16; index++) {
            general.add(cpu.registers[index]);
        }
        var segments =
                new VcpuState.Segments(
                        segment(cpu, Segments.ES),
                        segment(cpu, Segments.CS),
                        segment(cpu, Segments.SS),
                        segment(cpu, Segments.DS),
                        segment(cpu, Segments.FS),
                        segment(cpu, Segments.GS),
                        segment(cpu, Segments.LDTR),
                        segment(cpu, Segments.TR),
                        new DescriptorTable(cpu.gdtBase, cpu.gdtLimit),
                        new DescriptorTable(cpu.idtBase, cpu.idtLimit));
        var control =
                new VcpuState.Control(
                        cpu.cr0, cpu.cr2, cpu.cr3, cpu.cr4, cpu.cr8, cpu.efer, cpu.xcr0);
        var dr = cpu.dr;
        return new VcpuState(
                new VcpuState.General(general, cpu.pc, cpu.rflags()),
                segments,
                control,
                new VcpuState.Debug(dr[0], dr[1], dr[2], dr[3], dr[6], dr[7]),
                new VcpuState.ModelSpecific(
                        cpu.timeStampCounter(), ModelSpecificRegisters.list(cpu)),
                Bytes.of(FpuImage.save(cpu)),
                pending,
                activity);
    }

    private static Segment segment(Cpu cpu, int number) {
        return new Segment(
                cpu.selector(number), cpu.base(number), cpu.limits[number], cpu.attributes[number]);
    }

    /// Puts a state in place. The caller forgets cached translations. Throws [StateException] for
    /// what no processor can be in.
    public static void restore(Cpu cpu, VcpuState state) {
        for (int index = 0; index < 16; index++) {
            cpu.registers[index] = state.general().registers().get(index);
        }
        cpu.pc = state.general().rip();
        var segments = state.segments();
        var list =
                List.of(
                        segments.es(),
                        segments.cs(),
                        segments.ss(),
                        segments.ds(),
                        segments.fs(),
                        segments.gs(),
                        segments.ldtr(),
                        segments.tr());
        for (int number = 0; number < Segments.COUNT; number++) {
            var s = list.get(number);
            cpu.setSegment(number, s.selector(), s.base(), s.limit(), s.attributes());
        }
        cpu.gdtBase = segments.gdtr().base();
        cpu.gdtLimit = segments.gdtr().limit();
        cpu.idtBase = segments.idtr().base();
        cpu.idtLimit = segments.idtr().limit();
        var control = state.control();
        cpu.cr0 = control.cr0();
        cpu.cr2 = control.cr2();
        cpu.cr3 = control.cr3();
        cpu.cr4 = control.cr4();
        cpu.cr8 = (int) control.cr8();
        cpu.efer = control.efer();
        cpu.xcr0 = control.xcr0();
        var debug = state.debug();
        long[] dr = {
            debug.dr0(), debug.dr1(), debug.dr2(), debug.dr3(), 0, 0, debug.dr6(), debug.dr7()
        };
        System.arraycopy(dr, 0, cpu.dr, 0, dr.length);
        cpu.setTimeStampCounter(state.msrs().tsc());
        for (var msr : state.msrs().registers()) {
            if (!ModelSpecificRegisters.restore(cpu, msr.index(), msr.value())) {
                throw new StateException("no MSR " + Integer.toHexString(msr.index()));
            }
        }
        FpuImage.restore(cpu, state.fxsave().toArray());
        cpu.nmiBlocked = state.pending().nmiBlocked();
        cpu.setInterruptShadow(state.pending().interruptShadow());
        cpu.setRflags(state.general().rflags());
        cpu.modeChanged();
    }
}
