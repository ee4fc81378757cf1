package org.xenolith.engine;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The whole architectural state of a vCPU, the same for every engine. Its local APIC is a device
/// of its own.
public record VcpuState(
        General general,
        Segments segments,
        Control control,
        Debug debug,
        ModelSpecific msrs,
        Bytes fxsave,
        Pending pending,
        Activity activity) {
    public static final StateCodec<VcpuState> CODEC =
            StateCodec.of("vcpu", VcpuState.class, MethodHandles.lookup());

    /// Bytes of an FXSAVE area (SDM vol. 1, 10.5.1).
    public static final int FXSAVE_BYTES = 512;

    /// CR0.CD and CR0.NW.
    private static final long CACHE_BITS = 0x6000_0000L;

    public VcpuState {
        require(fxsave.length() == FXSAVE_BYTES, "an FXSAVE area has 512 bytes");
    }

    /// `registers` holds the sixteen general-purpose registers in encoding order: rax, rcx, rdx,
    /// rbx, rsp, rbp, rsi, rdi, r8 to r15.
    public record General(List<Long> registers, long rip, long rflags) {
        public General {
            registers = List.copyOf(registers);
            require(registers.size() == 16, "a vCPU has 16 general-purpose registers");
        }
    }

    /// A segment register with its hidden part. `attributes` is in the layout of the VMX access
    /// rights (SDM vol. 3C, table 26-2): type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15,
    /// unusable 16. `limit` is in bytes, granularity applied.
    public record Segment(int selector, long base, int limit, int attributes) {}

    /// GDTR or IDTR.
    public record DescriptorTable(long base, int limit) {}

    public record Segments(
            Segment es,
            Segment cs,
            Segment ss,
            Segment ds,
            Segment fs,
            Segment gs,
            Segment ldtr,
            Segment tr,
            DescriptorTable gdtr,
            DescriptorTable idtr) {}

    public record Control(long cr0, long cr2, long cr3, long cr4, long cr8, long efer, long xcr0) {}

    public record Debug(long dr0, long dr1, long dr2, long dr3, long dr6, long dr7) {}

    /// One model-specific register that the processor itself keeps.
    public record Msr(int index, long value) {}

    /// `tsc` is the guest's time-stamp counter at capture; `registers` is sorted by index.
    public record ModelSpecific(long tsc, List<Msr> registers) {
        public ModelSpecific {
            registers = List.copyOf(registers);
        }
    }

    /// Events on their way. `interruptVector` is -1 or a vector accepted but not yet delivered.
    /// `interruptShadow`: the last instruction was STI or MOV SS.
    public record Pending(
            int interruptVector, boolean nmi, boolean nmiBlocked, boolean interruptShadow) {
        public static final Pending NONE = new Pending(-1, false, false, false);

        public Pending {
            require(interruptVector >= -1 && interruptVector <= 255, "a vector is a byte");
        }
    }

    /// What the vCPU is doing.
    public enum Activity {
        RUNNING,
        HALTED,
        WAIT_FOR_SIPI,
        SHUTDOWN
    }

    public VcpuState withGeneral(General general) {
        return new VcpuState(general, segments, control, debug, msrs, fxsave, pending, activity);
    }

    public VcpuState withSegments(Segments segments) {
        return new VcpuState(general, segments, control, debug, msrs, fxsave, pending, activity);
    }

    public VcpuState withControl(Control control) {
        return new VcpuState(general, segments, control, debug, msrs, fxsave, pending, activity);
    }

    public VcpuState withMsrs(ModelSpecific msrs) {
        return new VcpuState(general, segments, control, debug, msrs, fxsave, pending, activity);
    }

    /// The same with a time-stamp counter that is `ticks` ahead.
    public VcpuState afterTicks(long ticks) {
        return withMsrs(new ModelSpecific(msrs.tsc + ticks, msrs.registers));
    }

    public VcpuState withActivity(Activity activity) {
        return new VcpuState(general, segments, control, debug, msrs, fxsave, pending, activity);
    }

    /// The state after a start-up IPI: real mode at `vector` × 4096 (SDM vol. 3A, 9.4.3); what INIT
    /// leaves alone (MSRs, x87 and SSE state) is kept.
    public VcpuState afterStartup(int vector) {
        var after = afterInit();
        var cs = new Segment(vector << 8, (long) vector << 12, 0xFFFF, 0x9B);
        var s = after.segments;
        return new VcpuState(
                new General(after.general.registers, 0, 2),
                new Segments(s.es, cs, s.ss, s.ds, s.fs, s.gs, s.ldtr, s.tr, s.gdtr, s.idtr),
                after.control,
                after.debug,
                after.msrs,
                after.fxsave,
                Pending.NONE,
                Activity.RUNNING);
    }

    /// The state after INIT, waiting for a start-up IPI (SDM vol. 3A, table 11-1).
    public VcpuState afterInit() {
        var reset = powerOn(0);
        // CD and NW stay as they are.
        long cr0 = reset.control.cr0 & ~CACHE_BITS | control.cr0 & CACHE_BITS;
        return new VcpuState(
                reset.general,
                reset.segments,
                new Control(cr0, 0, 0, 0, 0, 0, control.xcr0),
                reset.debug,
                msrs,
                fxsave,
                Pending.NONE,
                Activity.WAIT_FOR_SIPI);
    }

    /// The state after power-on (SDM vol. 3A, table 11-1).
    public static VcpuState powerOn(int id) {
        var registers = new ArrayList<>(Collections.nCopies(16, 0L));
        registers.set(2, 0x600L);
        var data = new Segment(0, 0, 0xFFFF, 0x93);
        var fxsave = new byte[FXSAVE_BYTES];
        fxsave[0] = 0x40; // FCW after reset, SDM vol. 3A, table 11-1
        fxsave[24] = (byte) 0x80; // MXCSR 0x1F80
        fxsave[25] = 0x1F;
        return new VcpuState(
                new General(registers, 0xFFF0, 2),
                new Segments(
                        data,
                        new Segment(0xF000, 0xFFFF_0000L, 0xFFFF, 0x9B),
                        data,
                        data,
                        data,
                        data,
                        new Segment(0, 0, 0xFFFF, 0x82),
                        new Segment(0, 0, 0xFFFF, 0x8B),
                        new DescriptorTable(0, 0xFFFF),
                        new DescriptorTable(0, 0xFFFF)),
                new Control(0x6000_0010L, 0, 0, 0, 0, 0, 1),
                new Debug(0, 0, 0, 0, 0xFFFF_0FF0L, 0x400),
                new ModelSpecific(0, List.of()),
                Bytes.of(fxsave),
                Pending.NONE,
                id == 0 ? Activity.RUNNING : Activity.WAIT_FOR_SIPI);
    }
}
