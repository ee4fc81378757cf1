package org.xenolith.engine.soft;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.DescriptorTable;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.memory.GuestMemory;
import org.xenolith.x86.Bits;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A guest in 64-bit supervisor mode: 2 MiB of memory at linear address 0 page by page, seen once
/// more at [#ALIAS], at each of [#RANDOM_ADDRESSES] and at [#UPPER_ADDRESS]. A page fault makes its
/// page present and goes on; [#INTERRUPT] counts.
final class TestGuest implements AutoCloseable {
    static final int CODE = 0x10000;
    static final int DATA = 0x40000;
    static final int STACK = 0x3F000;
    static final long ALIAS = 0x20_0000;
    static final int INTERRUPT = 0x40;

    /// Where Linux puts libraries, and programs that may lie anywhere.
    static final long[] RANDOM_ADDRESSES = {0x7F80_0000_0000L, 0x5500_0000_0000L};

    /// In the half of kernels.
    static final long UPPER_ADDRESS = -1L << 39;

    /// The table of the highest level, and what it says of 512 GiB that show the memory.
    static final int ROOT_TABLE = 0x1000;

    static final int ROOT_ENTRY = 0x2003;

    /// The page-table entry of linear address 0; of page `n`, 8 × n further.
    static final int PAGE_TABLE = 0x4000;

    private static final int FRAMES = 512;
    private static final int IDT = 0x5000;
    private static final int GDT = 0x6000;
    private static final int TSS = 0x7000;
    private static final int HANDLERS = 0x8000;
    static final int INTERRUPT_HANDLER = HANDLERS + 0x100;
    static final int HANDLER_STACK = 0xA000;
    private static final int COUNTER = 0xB000;
    private static final Segment DATA_SEGMENT = new Segment(0x10, 0, -1, 0xC093);
    private static final Segment CODE_SEGMENT = new Segment(8, 0, -1, 0xA09B);

    final GuestMemory memory = GuestMemory.withRam((long) FRAMES * PAGE_BYTES, 0);
    final SoftEngine engine;
    final SoftVcpu vcpu;

    TestGuest(SoftEngine.Options options, int blockMax) {
        this(options, blockMax, Optional.empty(), Regions.MACHINE_CODE_BYTES);
    }

    TestGuest(
            SoftEngine.Options options,
            int blockMax,
            Optional<Path> codeStore,
            int machineCodeBytes) {
        buildTables();
        engine =
                new SoftEngine(
                        memory,
                        Clock.system(),
                        Entropy.seeded(1),
                        options,
                        codeStore,
                        machineCodeBytes);
        vcpu = engine.createVcpu(0, CpuidTable.builder().build(), blockMax);
        vcpu.restore(state());
    }

    static TestGuest compiled() {
        return compiled(SoftEngine.Backend.BYTECODE);
    }

    static TestGuest compiled(SoftEngine.Backend backend) {
        return new TestGuest(
                new SoftEngine.Options(SoftEngine.Tier.COMPILER, 0, 0, false, backend),
                Translator.BLOCK_MAX);
    }

    /// The same, with machine code of earlier runs in `file`.
    static TestGuest compiled(SoftEngine.Backend backend, Path file) {
        return new TestGuest(
                new SoftEngine.Options(SoftEngine.Tier.COMPILER, 0, 0, false, backend),
                Translator.BLOCK_MAX,
                Optional.of(file),
                Regions.MACHINE_CODE_BYTES);
    }

    /// One that stops behind every instruction.
    static TestGuest evaluated() {
        return new TestGuest(new SoftEngine.Options(SoftEngine.Tier.EVALUATOR, 0, 0, false), 1);
    }

    private void buildTables() {
        memory.writeLong(ROOT_TABLE, ROOT_ENTRY);
        for (long address : RANDOM_ADDRESSES) {
            memory.writeLong(ROOT_TABLE + 8 * (address >>> 39), ROOT_ENTRY);
        }
        memory.writeLong(ROOT_TABLE + 8 * 511, ROOT_ENTRY);
        memory.writeLong(0x2000, 0x3003);
        memory.writeLong(0x3000, PAGE_TABLE + 3);
        memory.writeLong(0x3008, PAGE_TABLE + 3);
        for (int page = 0; page < FRAMES; page++) {
            memory.writeLong(PAGE_TABLE + 8L * page, (long) page << 12 | 3);
        }
        memory.writeLong(GDT + 8, 0x00AF_9B00_0000_FFFFL);
        memory.writeLong(GDT + 16, 0x00CF_9300_0000_FFFFL);
        memory.writeLong(TSS + 36, HANDLER_STACK);
        var pageFault = pageFault(HANDLERS);
        var interrupt = interrupt(INTERRUPT_HANDLER);
        var stop = new Assembler(HANDLERS + 0x200).bytes(0xF4);
        for (var handler : List.of(pageFault, interrupt, stop)) {
            memory.write(handler.origin(), handler.toBytes());
        }
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, vector == 14 ? pageFault : vector == INTERRUPT ? interrupt : stop);
        }
    }

    private void gate(int vector, Assembler handler) {
        long low = handler.origin() & 0xFFFF | 8 << 16 | 1L << 32 | 0x8EL << 40;
        memory.writeLong(IDT + 16L * vector, low | handler.origin() >>> 16 << 48);
        memory.writeLong(IDT + 16L * vector + 8, handler.origin() >>> 32);
    }

    /// push rax; mov rax, cr2; shr rax, 12; and eax, 511; or byte [PAGE_TABLE + rax*8], 1; pop rax;
    /// add rsp, 8; iretq.
    private static Assembler pageFault(long origin) {
        return new Assembler(origin)
                .bytes(0x50, 0x0F, 0x20, 0xD0, 0x48, 0xC1, 0xE8, 12, 0x25)
                .number(FRAMES - 1, 4)
                .bytes(0x80, 0x0C, 0xC5)
                .number(PAGE_TABLE, 4)
                .bytes(1, 0x58, 0x48, 0x83, 0xC4, 8, 0x48, 0xCF);
    }

    /// inc qword [COUNTER]; iretq.
    private static Assembler interrupt(long origin) {
        return new Assembler(origin)
                .bytes(0x48, 0xFF, 0x04, 0x25)
                .number(COUNTER, 4)
                .bytes(0x48, 0xCF);
    }

    private static VcpuState state() {
        var initial = VcpuState.powerOn(0);
        var s = initial.segments();
        var registers = new ArrayList<>(initial.general().registers());
        registers.set(4, (long) STACK);
        registers.set(14, (long) DATA);
        var segments =
                new VcpuState.Segments(
                        DATA_SEGMENT,
                        CODE_SEGMENT,
                        DATA_SEGMENT,
                        DATA_SEGMENT,
                        DATA_SEGMENT,
                        DATA_SEGMENT,
                        s.ldtr(),
                        new Segment(0x18, TSS, 0x67, 0x8B),
                        new DescriptorTable(GDT, 0x27),
                        new DescriptorTable(IDT, 0xFFF));
        var control =
                new VcpuState.Control(
                        Bits.CR0_PE | Bits.CR0_PG | Bits.CR0_NE | Bits.CR0_WP | Bits.CR0_ET,
                        0,
                        0x1000,
                        Bits.CR4_PAE | Bits.CR4_OSFXSR | Bits.CR4_FSGSBASE,
                        0,
                        Bits.EFER_LME | Bits.EFER_LMA | Bits.EFER_NXE,
                        1);
        return initial.withGeneral(new VcpuState.General(registers, CODE, 0x202))
                .withSegments(segments)
                .withControl(control);
    }

    /// One more vCPU in the same state, which begins at `pc` with a stack of its own.
    SoftVcpu addVcpu(int id, long pc) {
        var added = engine.createVcpu(id, CpuidTable.builder().build());
        var state = state();
        var registers = new ArrayList<>(state.general().registers());
        registers.set(4, STACK - 0x400L * id);
        added.restore(state.withGeneral(new VcpuState.General(registers, pc, 0x202)));
        return added;
    }

    /// Begins with the same code at an address that is `base` further on.
    void moveTo(long base) {
        var state = vcpu.capture();
        var general = state.general();
        vcpu.restore(
                state.withGeneral(
                        new VcpuState.General(
                                general.registers(), base + general.rip(), general.rflags())));
    }

    void load(Assembler code) {
        memory.write(code.origin(), code.toBytes());
    }

    /// Runs until the guest halts, in slices.
    void runToHalt(int slices) {
        for (int slice = 0; slice < slices; slice++) {
            if (vcpu.run(10_000) instanceof Exit.Halted) {
                return;
            }
        }
        throw new AssertionError("the guest does not halt, at " + where());
    }

    String where() {
        return Long.toHexString(vcpu.capture().general().rip());
    }

    long register(int number) {
        return vcpu.capture().general().registers().get(number);
    }

    /// What two guests must agree on, memory apart.
    String registers() {
        var state = vcpu.capture();
        return "%s %s %s %s"
                .formatted(
                        state.general().registers().stream().map(Long::toHexString).toList(),
                        Long.toHexString(state.general().rip()),
                        Long.toHexString(state.general().rflags()),
                        Long.toHexString(state.control().cr2()));
    }

    @Override
    public void close() {
        vcpu.close();
        engine.close();
        memory.close();
    }
}
