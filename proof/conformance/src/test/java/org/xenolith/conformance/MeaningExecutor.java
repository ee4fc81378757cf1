package org.xenolith.conformance;

import org.xenolith.base.Bug;
import org.xenolith.ir.Abort;
import org.xenolith.ir.Code;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Verifier;
import org.xenolith.state.Bytes;
import org.xenolith.x86.Bits;
import org.xenolith.x86.Decoder;
import org.xenolith.x86.FaultDetail;
import org.xenolith.x86.Instruction;
import org.xenolith.x86.InstructionSet;
import org.xenolith.x86.Lifter;
import org.xenolith.x86.Mode;
import org.xenolith.x86.Registers;
import org.xenolith.x86.Row;
import org.xenolith.x86.Segments;
import org.xenolith.x86.Trap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Runs cases on decoder, meanings and one executor of units, without an engine around them. An
/// exception ends a case where it is raised; INT3 is not executed, only seen.
final class MeaningExecutor implements CaseExecutor {
    private static final int INSTRUCTIONS_MAX = 200;
    private static final int INT3 = 0xCC;

    /// The vector of a case in which our own code fails.
    private static final int BROKEN = 254;

    private static final int USER_DATA = 0xC0F3;
    private static final int[] OUTCOME_SELECTORS = {
        Segments.CS, Segments.SS, Segments.DS, Segments.ES, Segments.FS, Segments.GS
    };

    private final ArenaCpu cpu = new ArenaCpu();
    private final Decoder decoder = new Decoder(InstructionSet.ALL);
    private final byte[] background = Arena.background();
    private final Function<Unit, Code> maker;
    private final boolean wholeBlocks;
    private final Set<String> broken = new HashSet<>();

    /// `maker` makes a unit executable; `wholeBlocks` gives it all instructions up to INT3 or the
    /// end of a block at once, which is right for instructions that cannot fault.
    MeaningExecutor(Function<Unit, Code> maker, boolean wholeBlocks) {
        this.maker = maker;
        this.wholeBlocks = wholeBlocks;
        cpu.cr0 =
                Bits.CR0_PE
                        | Bits.CR0_PG
                        | Bits.CR0_NE
                        | Bits.CR0_WP
                        | Bits.CR0_ET
                        | Bits.CR0_MP
                        | Bits.CR0_AM;
        cpu.cr4 = Bits.CR4_PAE | Bits.CR4_OSFXSR | Bits.CR4_OSXMMEXCPT | Bits.CR4_FSGSBASE;
        cpu.efer = Bits.EFER_LME | Bits.EFER_LMA | Bits.EFER_NXE | Bits.EFER_SCE;
        cpu.gdtBase = ArenaCpu.GDT;
        cpu.gdtLimit = ArenaCpu.GDT_LIMIT;
        cpu.cpuid = org.xenolith.engine.CpuidTable.builder().build();
    }

    @Override
    public List<CpuOutcome> run(List<CpuCase> cases) {
        var outcomes = new ArrayList<CpuOutcome>(cases.size());
        for (var test : cases) {
            outcomes.add(run(test));
        }
        return outcomes;
    }

    /// The row that a case's instruction is decoded to, if there is one.
    Optional<Row> row(CpuCase test) {
        cpu.begin(background, test);
        load(test);
        try {
            return Optional.of(decoder.decode(this::fetch, cpu.pc, new Mode(cpu.mode)).row());
        } catch (Trap trap) {
            return Optional.empty();
        } finally {
            cpu.end(test);
        }
    }

    private CpuOutcome run(CpuCase test) {
        var initial = test.initialMemory(background);
        cpu.begin(initial, test);
        load(test);
        Trap trap = null;
        try {
            for (int done = 0; done < INSTRUCTIONS_MAX && trap == null; done++) {
                trap = step();
            }
        } catch (RuntimeException e) {
            trap = Trap.of(BROKEN);
            if (broken.add(test.form())) {
                System.out.println("case " + test.form() + " breaks us");
                e.printStackTrace(System.out);
            }
        } finally {
            cpu.end(test);
        }
        return outcome(initial, trap);
    }

    /// One instruction; the exception it ends in, or null.
    private Trap step() {
        Instruction instruction = null;
        try {
            if (fetch(cpu.pc) == INT3) {
                cpu.pc++;
                return Trap.of(Trap.BREAKPOINT);
            }
            var mode = new Mode(cpu.mode);
            instruction = decoder.decode(this::fetch, cpu.pc, mode);
            var lifter = new Lifter(mode);
            lifter.lift(instruction);
            while (wholeBlocks && !lifter.hasEnded() && fetch(lifter.next()) != INT3) {
                lifter.lift(decoder.decode(this::fetch, lifter.next(), mode));
            }
            lifter.endAt(lifter.next());
            var unit = lifter.unit();
            var violations = Verifier.violations(unit);
            Bug.check(violations.isEmpty(), instruction + " is lawful: " + violations + unit);
            maker.apply(unit).execute(cpu);
            return null;
        } catch (Trap trap) {
            return instruction == null ? trap : FaultDetail.complete(cpu, instruction, trap);
        } catch (Abort restart) {
            return null;
        }
    }

    /// The code byte at an offset in the code segment.
    private int fetch(long pc) {
        if (cpu.is64()) {
            return cpu.fetch(pc);
        }
        if (Long.compareUnsigned(pc, cpu.limits[Segments.CS] & 0xFFFF_FFFFL) > 0) {
            throw Trap.generalProtection(0);
        }
        return cpu.fetch(cpu.base(Segments.CS) + pc & 0xFFFF_FFFFL);
    }

    private void load(CpuCase test) {
        for (int i = 0; i < 16; i++) {
            cpu.registers[i] = test.registers().get(i);
        }
        cpu.pc = test.rip();
        var mode = test.mode();
        cpu.setSegment(Segments.CS, mode.selector(), mode.base(), mode.limit(), mode.attributes());
        for (int segment : new int[] {Segments.SS, Segments.DS, Segments.ES}) {
            cpu.setSegment(segment, 0x2B, 0, -1, USER_DATA);
        }
        cpu.setSegment(Segments.FS, 0, test.fsBase(), 0, Segments.UNUSABLE);
        cpu.setSegment(Segments.GS, 0, test.gsBase(), 0, Segments.UNUSABLE);
        cpu.setSegment(
                Segments.LDTR, 0x50, ArenaCpu.GDT + ArenaCpu.LDT_OFFSET, ArenaCpu.LDT_LIMIT, 0x82);
        cpu.setSegment(Segments.TR, 0x40, ArenaCpu.TSS, ArenaCpu.TSS_LIMIT, 0x8B);
        cpu.setRflags(test.rflags());
        cpu.setInterruptShadow(false);
        cpu.pendingDebug = 0;
        loadFloating(test.fxsave().toArray());
        cpu.modeChanged();
    }

    private void loadFloating(byte[] image) {
        var fpu = cpu.fpu;
        fpu.controlWord = word(image, FloatingState.FCW);
        int status = word(image, FloatingState.FSW);
        fpu.top = status >>> 11 & 7;
        fpu.statusWord = status & ~0x3800;
        fpu.occupied = image[FloatingState.FTW] & 0xFF;
        fpu.instructionPointer = 0;
        fpu.dataPointer = 0;
        fpu.lastOpcode = 0;
        fpu.mxcsr.value(word(image, FloatingState.MXCSR));
        for (int i = 0; i < 8; i++) {
            int at = FloatingState.ST0 + 16 * i;
            fpu.significands[fpu.top + i & 7] = number(image, at);
            fpu.signExponents[fpu.top + i & 7] = word(image, at + 8);
        }
        for (int i = 0; i < 32; i++) {
            cpu.registers[Registers.XMM + i] = number(image, FloatingState.XMM0 + 8 * i);
        }
    }

    private CpuOutcome outcome(byte[] initial, Trap trap) {
        var registers = Arrays.stream(cpu.registers, 0, 16).boxed().toList();
        var selectors = Arrays.stream(OUTCOME_SELECTORS).mapToObj(s -> cpu.selector(s)).toList();
        int vector = trap == null ? CpuOutcome.TIMEOUT : trap.vector();
        long error = trap == null || trap.errorCode() == Trap.NO_ERROR_CODE ? 0 : trap.errorCode();
        return new CpuOutcome(
                registers,
                cpu.pc,
                cpu.rflags(),
                cpu.base(Segments.FS),
                cpu.base(Segments.GS),
                vector,
                error,
                vector == Trap.PAGE_FAULT ? trap.address() : 0,
                selectors,
                Bytes.of(floating()),
                CpuOutcome.changes(initial, cpu.data()));
    }

    private byte[] floating() {
        var image = new byte[CpuCase.FXSAVE_BYTES];
        var fpu = cpu.fpu;
        FloatingState.putShort(image, FloatingState.FCW, fpu.controlWord);
        FloatingState.putShort(image, FloatingState.FSW, fpu.statusWord | fpu.top << 11);
        image[FloatingState.FTW] = (byte) fpu.occupied;
        FloatingState.putShort(image, FloatingState.MXCSR, fpu.mxcsr.value());
        for (int i = 0; i < 8; i++) {
            int at = FloatingState.ST0 + 16 * i;
            putNumber(image, at, fpu.significands[fpu.top + i & 7]);
            FloatingState.putShort(image, at + 8, fpu.signExponents[fpu.top + i & 7]);
        }
        for (int i = 0; i < 32; i++) {
            putNumber(image, FloatingState.XMM0 + 8 * i, cpu.registers[Registers.XMM + i]);
        }
        return image;
    }

    private static int word(byte[] bytes, int at) {
        return bytes[at] & 0xFF | (bytes[at + 1] & 0xFF) << 8;
    }

    private static long number(byte[] bytes, int at) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | bytes[at + i] & 0xFF;
        }
        return value;
    }

    private static void putNumber(byte[] bytes, int at, long value) {
        for (int i = 0; i < 8; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
    }

    @Override
    public void close() {}
}
