package org.xenolith.conformance;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Engine;
import org.xenolith.engine.Exit;
import org.xenolith.engine.Vcpu;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.DescriptorTable;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.x86.Bits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Runs cases on an engine, through its public contract alone: in user mode of a small guest whose
/// exception handlers halt.
final class EngineExecutor implements CaseExecutor {
    private static final long INSTRUCTIONS_MAX = 2000;
    private static final int RUNS_MAX = 4;
    private static final int UNEXPECTED_EXIT = 253;
    private static final int UNUSABLE = 0x10000;
    private static final Set<Integer> WITH_ERROR_CODE = Set.of(8, 10, 11, 12, 13, 14, 17, 21);
    private static final Segment NULL = new Segment(0, 0, 0, UNUSABLE);
    private static final Segment USER_DATA = new Segment(0x2B, 0, -1, 0xC0F3);

    private final GuestMemory memory;
    private final Vcpu vcpu;
    private final VcpuState template;
    private final Set<String> broken = new HashSet<>();
    private final byte[] background = Arena.background();

    EngineExecutor(GuestMemory memory, Engine engine) {
        this.memory = memory;
        GuestLayout.build(memory);
        vcpu = engine.createVcpu(0, CpuidTable.builder().build());
        template = template();
    }

    /// Memory of the size that the guest needs.
    static GuestMemory memory() {
        return GuestMemory.withRam((long) GuestLayout.PAGES * PAGE_BYTES, 0);
    }

    private static VcpuState template() {
        var initial = VcpuState.powerOn(0);
        var segments =
                new VcpuState.Segments(
                        USER_DATA,
                        code(CodeMode.LONG),
                        USER_DATA,
                        USER_DATA,
                        NULL,
                        NULL,
                        new Segment(
                                0x50,
                                GuestLayout.SUPERVISOR + GuestLayout.GDT + ArenaCpu.LDT_OFFSET,
                                ArenaCpu.LDT_LIMIT,
                                0x82),
                        new Segment(
                                GuestLayout.TSS_SELECTOR,
                                GuestLayout.SUPERVISOR + GuestLayout.TSS,
                                GuestLayout.TSS_LIMIT,
                                0x8B),
                        new DescriptorTable(
                                GuestLayout.SUPERVISOR + GuestLayout.GDT, ArenaCpu.GDT_LIMIT),
                        new DescriptorTable(
                                GuestLayout.SUPERVISOR + GuestLayout.IDT,
                                GuestLayout.VECTORS * 16 - 1));
        var control =
                new VcpuState.Control(
                        Bits.CR0_PE
                                | Bits.CR0_PG
                                | Bits.CR0_NE
                                | Bits.CR0_WP
                                | Bits.CR0_ET
                                | Bits.CR0_MP
                                | Bits.CR0_AM,
                        0,
                        GuestLayout.PAGE_TABLES,
                        Bits.CR4_PAE
                                | Bits.CR4_PGE
                                | Bits.CR4_OSFXSR
                                | Bits.CR4_OSXMMEXCPT
                                | Bits.CR4_FSGSBASE,
                        0,
                        Bits.EFER_LME | Bits.EFER_LMA | Bits.EFER_NXE | Bits.EFER_SCE,
                        1);
        return initial.withSegments(segments).withControl(control);
    }

    @Override
    public List<CpuOutcome> run(List<CpuCase> cases) {
        var outcomes = new ArrayList<CpuOutcome>(cases.size());
        for (var test : cases) {
            outcomes.add(run(test));
        }
        return outcomes;
    }

    private CpuOutcome run(CpuCase test) {
        var initial = test.initialMemory(background);
        memory.write(GuestLayout.DATA, initial);
        putCode(test, false);
        vcpu.restore(state(test));
        Exit exit = null;
        try {
            exit = execute();
        } catch (RuntimeException e) {
            if (broken.add(test.form())) {
                System.out.println("case " + test.form() + " breaks us");
                e.printStackTrace(System.out);
            }
        }
        putCode(test, true);
        return outcome(initial, exit, vcpu.capture());
    }

    private Exit execute() {
        Exit exit = null;
        for (int runs = 0; runs < RUNS_MAX && !(exit instanceof Exit.Halted); runs++) {
            exit = vcpu.run(INSTRUCTIONS_MAX);
            if (!(exit instanceof Exit.Halted || exit instanceof Exit.Preempted)) {
                break;
            }
        }
        return exit;
    }

    private void putCode(CpuCase test, boolean erase) {
        var code = test.code().toArray();
        if (erase) {
            Arrays.fill(code, (byte) 0xCC);
        }
        long at = test.codeOffset();
        int length = (int) Math.min(code.length, Arena.CODE_BYTES - at);
        memory.write(GuestLayout.CODE + at, code, 0, length);
    }

    private static Segment code(CodeMode mode) {
        return new Segment(mode.selector(), mode.base(), mode.limit(), mode.attributes());
    }

    private VcpuState state(CpuCase test) {
        var s = template.segments();
        var segments =
                new VcpuState.Segments(
                        s.es(),
                        code(test.mode()),
                        s.ss(),
                        s.ds(),
                        new Segment(0, test.fsBase(), 0, UNUSABLE),
                        new Segment(0, test.gsBase(), 0, UNUSABLE),
                        s.ldtr(),
                        s.tr(),
                        s.gdtr(),
                        s.idtr());
        return new VcpuState(
                new VcpuState.General(test.registers(), test.rip(), test.rflags()),
                segments,
                template.control(),
                template.debug(),
                template.msrs(),
                Bytes.of(Arrays.copyOf(test.fxsave().toArray(), VcpuState.FXSAVE_BYTES)),
                template.pending(),
                VcpuState.Activity.RUNNING);
    }

    private CpuOutcome outcome(byte[] initial, Exit exit, VcpuState state) {
        var changes = CpuOutcome.changes(initial, memory.read(GuestLayout.DATA, Arena.BYTES));
        var registers = new ArrayList<>(state.general().registers());
        var segments = state.segments();
        var fxsave = Bytes.of(Arrays.copyOf(state.fxsave().toArray(), CpuCase.FXSAVE_BYTES));
        if (!(exit instanceof Exit.Halted)) {
            int vector = exit instanceof Exit.Preempted ? CpuOutcome.TIMEOUT : UNEXPECTED_EXIT;
            return new CpuOutcome(
                    registers,
                    state.general().rip(),
                    state.general().rflags(),
                    0,
                    0,
                    vector,
                    0,
                    0,
                    List.of(0, 0, 0, 0, 0, 0),
                    fxsave,
                    changes);
        }
        long handler = state.general().rip() - 1 - GuestLayout.SUPERVISOR - GuestLayout.HANDLERS;
        int vector = (int) (handler / GuestLayout.HANDLER_BYTES);
        long stack = registers.get(CaseBuilder.RSP) - GuestLayout.SUPERVISOR;
        boolean withError = WITH_ERROR_CODE.contains(vector);
        long error = withError ? memory.readLong(stack) : 0;
        long frame = withError ? stack + 8 : stack;
        registers.set(CaseBuilder.RSP, memory.readLong(frame + 24));
        var selectors =
                List.of(
                        memory.readShort(frame + 8),
                        memory.readShort(frame + 32),
                        segments.ds().selector(),
                        segments.es().selector(),
                        segments.fs().selector(),
                        segments.gs().selector());
        return new CpuOutcome(
                registers,
                memory.readLong(frame),
                memory.readLong(frame + 16),
                segments.fs().base(),
                segments.gs().base(),
                vector,
                error,
                vector == 14 ? state.control().cr2() : 0,
                selectors,
                fxsave,
                changes);
    }

    @Override
    public void close() {
        vcpu.close();
    }
}
