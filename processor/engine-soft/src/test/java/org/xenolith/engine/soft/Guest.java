package org.xenolith.engine.soft;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.base.Sizes;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.DescriptorTable;
import org.xenolith.engine.VcpuState.Segment;
import org.xenolith.memory.GuestMemory;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Set;

/// A machine of one vCPU, with page tables, descriptor tables and a handler for each vector that
/// halts. A test puts a few instructions at [#CODE] and looks at where they end.
///
/// ```
///   1000 page tables    7000 GDT    8000 IDT    9000 TSS    A000 handlers, 16 bytes each
///  10000 code          11000 code of user mode
///  20000 data          21000 data of user mode
///  30000 stack's end   32000 stack's end of user mode   38000 of handlers   3C000 of IST 1
/// ```
///
/// The first 2 MiB are mapped to themselves page by page; user mode may use its own pages only.
final class Guest implements AutoCloseable {
    static final long PAGES = 0x1000;
    static final long LEVEL_2 = 0x3000;
    static final long LEVEL_1 = 0x4000;
    static final long GDT = 0x7000;
    static final long IDT = 0x8000;
    static final long TSS = 0x9000;
    static final long HANDLERS = 0xA000;
    static final long CODE = 0x10000;
    static final long USER_CODE = 0x11000;
    static final long DATA = 0x20000;
    static final long USER_DATA = 0x21000;
    static final long STACK = 0x30000;
    static final long USER_STACK = 0x32000;
    static final long HANDLER_STACK = 0x38000;
    static final long IST_1 = 0x3C000;
    static final long RAM_BYTES = 8 * Sizes.MIB;

    static final int CODE_SELECTOR = 0x08;
    static final int DATA_SELECTOR = 0x10;
    static final int USER_CODE_32_SELECTOR = 0x1B;
    static final int USER_DATA_SELECTOR = 0x23;
    static final int USER_CODE_SELECTOR = 0x2B;
    static final int ABSENT_SELECTOR = 0x30;
    static final int READ_ONLY_SELECTOR = 0x38;
    static final int TSS_SELECTOR = 0x40;

    /// Numbers of general registers.
    static final int RAX = 0;

    static final int RCX = 1;
    static final int RDX = 2;
    static final int RBX = 3;
    static final int RSP = 4;
    static final int RBP = 5;
    static final int RSI = 6;
    static final int RDI = 7;
    static final int R11 = 11;

    static final long CR0_WP = 1 << 16;
    static final long CR0_AM = 1 << 18;
    static final long CR4_DE = 1 << 3;
    static final long CR4_PSE = 1 << 4;
    static final long CR4_PAE = 1 << 5;
    static final long CR4_PGE = 1 << 7;
    static final long CR4_SMEP = 1 << 20;
    static final long CR4_SMAP = 1 << 21;
    static final long EFER_NXE = 1 << 11;
    static final int TF = 1 << 8;
    static final int IF = 1 << 9;
    static final int NT = 1 << 14;
    static final int RF = 1 << 16;
    static final int AC = 1 << 18;

    static final long NO_EXECUTE = 1L << 63;

    private static final long CR0_BASE = 0x8000_0033L;
    private static final long EFER_LONG = 0x501;
    private static final Set<Integer> WITH_ERROR_CODE = Set.of(8, 10, 11, 12, 13, 14, 17);
    private static final int RUNS_MAX = 1000;

    /// The kinds of paging.
    enum Paging {
        LONG,
        PAE,
        /// Two levels of four-byte entries.
        LEGACY
    }

    /// Goes on a little whenever somebody looks, so that runs can be repeated.
    private static final class CountingClock implements Clock {
        private long nanos;

        @Override
        public long nanos() {
            return nanos += 10;
        }

        @Override
        public long wallNanos() {
            return nanos();
        }
    }

    /// What a handler finds on its stack. `errorCode` is -1 for a vector without one; `rsp` and
    /// `ss` are 0 where they are not pushed.
    record Fault(int vector, long errorCode, long rip, int cs, long rflags, long rsp, int ss) {}

    private final Paging paging;
    private final GuestMemory memory = GuestMemory.withRam(RAM_BYTES, 4);
    private final SoftEngine engine;
    private final SoftVcpu vcpu;

    Guest(Execution execution, Paging paging) {
        this.paging = paging;
        engine =
                new SoftEngine(
                        memory, new CountingClock(), Entropy.seeded(1), execution.options(0, true));
        vcpu = engine.createVcpu(0, CpuidTable.builder().build());
        reset();
    }

    /// Back to the beginning: tables and processor.
    void reset() {
        buildPages();
        buildTables();
        vcpu.restore(initial());
    }

    Guest(Execution execution) {
        this(execution, Paging.LONG);
    }

    SoftVcpu vcpu() {
        return vcpu;
    }

    GuestMemory memory() {
        return memory;
    }

    boolean isLong() {
        return paging == Paging.LONG;
    }

    // ---------------------------------------------------------------- tables

    private void buildPages() {
        switch (paging) {
            case LONG -> {
                memory.writeLong(PAGES, 0x2007);
                memory.writeLong(0x2000, LEVEL_2 | 7);
            }
            case PAE -> memory.writeLong(PAGES, LEVEL_2 | 1);
            case LEGACY -> memory.writeInt(PAGES, (int) LEVEL_1 | 7);
        }
        if (paging != Paging.LEGACY) {
            memory.writeLong(LEVEL_2, LEVEL_1 | 7);
        }
        for (long page = 0; page < 512; page++) {
            mapPage(page << 12, page << 12 | 3);
        }
        for (long page : new long[] {USER_CODE, USER_DATA, USER_STACK - 4096}) {
            mapPage(page, page | 7);
        }
    }

    private long entryAt(long linear) {
        return LEVEL_1 + (linear >>> 12) * (paging == Paging.LEGACY ? 4 : 8);
    }

    /// Replaces the entry of a page below 2 MiB.
    void mapPage(long linear, long entry) {
        if (paging == Paging.LEGACY) {
            memory.writeInt(entryAt(linear), (int) entry);
        } else {
            memory.writeLong(entryAt(linear), entry);
        }
    }

    /// The entry of a page below 2 MiB.
    long entry(long linear) {
        return paging == Paging.LEGACY
                ? memory.readInt(entryAt(linear)) & 0xFFFF_FFFFL
                : memory.readLong(entryAt(linear));
    }

    private void buildTables() {
        boolean wide = isLong();
        long[] descriptors = {
            0,
            wide ? 0x00AF_9B00_0000_FFFFL : 0x00CF_9B00_0000_FFFFL,
            0x00CF_9300_0000_FFFFL,
            0x00CF_FB00_0000_FFFFL,
            0x00CF_F300_0000_FFFFL,
            wide ? 0x00AF_FB00_0000_FFFFL : 0x00CF_FB00_0000_FFFFL,
            0x00CF_1300_0000_FFFFL,
            0x00CF_9100_0000_FFFFL,
            0x0000_8B00_0000_0067L | TSS << 16,
            0
        };
        for (int index = 0; index < descriptors.length; index++) {
            memory.writeLong(GDT + index * 8L, descriptors[index]);
        }
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, CODE_SELECTOR, vector >= 0x80 ? 0xEE : 0x8E, 0);
            memory.writeByte(HANDLERS + vector * 16L, 0xF4);
        }
        if (wide) {
            memory.writeLong(TSS + 4, HANDLER_STACK);
            memory.writeLong(TSS + 36, IST_1);
        } else {
            memory.writeInt(TSS + 4, (int) HANDLER_STACK);
            memory.writeShort(TSS + 8, DATA_SELECTOR);
        }
    }

    /// Replaces a gate of the IDT; its handler stays.
    void gate(int vector, int selector, int attributes, int stack) {
        long handler = HANDLERS + vector * 16L;
        long low =
                handler & 0xFFFF
                        | (long) selector << 16
                        | (long) stack << 32
                        | (long) attributes << 40
                        | (handler & 0xFFFF_0000L) << 32;
        memory.writeLong(IDT + vector * (isLong() ? 16L : 8L), low);
    }

    private VcpuState initial() {
        int codeAttributes = isLong() ? 0xA09B : 0xC09B;
        var data = new Segment(DATA_SELECTOR, 0, -1, 0xC093);
        var segments =
                new VcpuState.Segments(
                        data,
                        new Segment(CODE_SELECTOR, 0, -1, codeAttributes),
                        data,
                        data,
                        data,
                        data,
                        new Segment(0, 0, 0, 0x10000),
                        new Segment(TSS_SELECTOR, TSS, 0x67, 0x8B),
                        new DescriptorTable(GDT, 0x4F),
                        new DescriptorTable(IDT, isLong() ? 0xFFF : 0x7FF));
        long cr4 = paging == Paging.LEGACY ? CR4_PSE : CR4_PAE;
        long efer = isLong() ? EFER_LONG : 0;
        var control =
                new VcpuState.Control(CR0_BASE | CR0_WP, 0, PAGES, cr4, 0, efer | EFER_NXE, 1);
        var state = VcpuState.powerOn(0).withSegments(segments).withControl(control);
        var registers = new ArrayList<>(state.general().registers());
        registers.set(RSP, STACK);
        return state.withGeneral(new VcpuState.General(registers, CODE, 2));
    }

    // ---------------------------------------------------------------- state

    /// Instructions in hexadecimal, at [#CODE].
    void code(String hex) {
        put(CODE, hex);
    }

    void put(long at, String hex) {
        memory.write(at, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    VcpuState state() {
        return vcpu.capture();
    }

    long register(int number) {
        return state().general().registers().get(number);
    }

    long rip() {
        return state().general().rip();
    }

    long rflags() {
        return state().general().rflags();
    }

    void register(int number, long value) {
        var general = state().general();
        var registers = new ArrayList<>(general.registers());
        registers.set(number, value);
        vcpu.restore(
                state().withGeneral(
                                new VcpuState.General(registers, general.rip(), general.rflags())));
    }

    /// Goes on at `value`, even if it has halted.
    void rip(long value) {
        var g = state().general();
        vcpu.restore(
                state().withGeneral(new VcpuState.General(g.registers(), value, g.rflags()))
                        .withActivity(VcpuState.Activity.RUNNING));
    }

    /// Sets flags beside those that are set.
    void flags(long more) {
        var g = state().general();
        vcpu.restore(
                state().withGeneral(
                                new VcpuState.General(g.registers(), g.rip(), g.rflags() | more)));
    }

    void control(long cr0Clear, long cr0Set, long cr4Set) {
        var c = state().control();
        vcpu.restore(
                state().withControl(
                                new VcpuState.Control(
                                        c.cr0() & ~cr0Clear | cr0Set,
                                        c.cr2(),
                                        c.cr3(),
                                        c.cr4() | cr4Set,
                                        c.cr8(),
                                        c.efer(),
                                        c.xcr0())));
    }

    void debug(int number, long address, long dr7) {
        var s = state();
        long[] dr = {s.debug().dr0(), s.debug().dr1(), s.debug().dr2(), s.debug().dr3()};
        dr[number] = address;
        vcpu.restore(
                new VcpuState(
                        s.general(),
                        s.segments(),
                        s.control(),
                        new VcpuState.Debug(dr[0], dr[1], dr[2], dr[3], s.debug().dr6(), dr7),
                        s.msrs(),
                        s.fxsave(),
                        s.pending(),
                        s.activity()));
    }

    /// Goes to user mode: its code, data and stack.
    void enterUserMode() {
        var s = state().segments();
        var data = new Segment(USER_DATA_SELECTOR, 0, -1, 0xC0F3);
        var code = new Segment(USER_CODE_SELECTOR, 0, -1, isLong() ? 0xA0FB : 0xC0FB);
        vcpu.restore(
                state().withSegments(
                                new VcpuState.Segments(
                                        data, code, data, data, data, data, s.ldtr(), s.tr(),
                                        s.gdtr(), s.idtr())));
        rip(USER_CODE);
        register(RSP, USER_STACK);
    }

    /// Limits the IDT to its first `bytes`.
    void limitIdt(int bytes) {
        var s = state().segments();
        vcpu.restore(
                state().withSegments(
                                new VcpuState.Segments(
                                        s.es(),
                                        s.cs(),
                                        s.ss(),
                                        s.ds(),
                                        s.fs(),
                                        s.gs(),
                                        s.ldtr(),
                                        s.tr(),
                                        s.gdtr(),
                                        new DescriptorTable(s.idtr().base(), bytes - 1))));
    }

    // ---------------------------------------------------------------- running

    /// Runs until something other than the end of a budget makes it leave.
    Exit run() {
        for (int runs = 0; runs < RUNS_MAX; runs++) {
            var exit = vcpu.run(1000);
            if (!(exit instanceof Exit.Preempted)) {
                return exit;
            }
        }
        throw new AssertionError("the guest does not end; rip " + Long.toHexString(rip()));
    }

    /// Runs until the guest halts in its own code.
    void runToHalt() {
        var exit = run();
        if (!(exit instanceof Exit.Halted) || inHandler()) {
            var fault = inHandler() ? " " + frame() : "";
            throw new AssertionError("the guest leaves with " + exit + fault);
        }
    }

    /// Runs until a handler is reached, and tells what it finds.
    Fault fault() {
        var exit = run();
        if (!(exit instanceof Exit.Halted) || !inHandler()) {
            throw new AssertionError("no handler is reached, but " + exit + ", rip " + rip());
        }
        return frame();
    }

    private boolean inHandler() {
        return rip() > HANDLERS && rip() <= HANDLERS + 0x1000;
    }

    private Fault frame() {
        int vector = (int) (rip() - 1 - HANDLERS) / 16;
        int bytes = isLong() ? 8 : 4;
        long at = register(RSP);
        long error = -1;
        if (WITH_ERROR_CODE.contains(vector)) {
            error = word(at);
            at += bytes;
        }
        int cs = (int) word(at + bytes);
        boolean whole = isLong() || (cs & 3) != 0;
        return new Fault(
                vector,
                error,
                word(at),
                cs,
                word(at + 2L * bytes),
                whole ? word(at + 3L * bytes) : 0,
                whole ? (int) word(at + 4L * bytes) : 0);
    }

    private long word(long at) {
        return isLong() ? memory.readLong(at) : memory.readInt(at) & 0xFFFF_FFFFL;
    }

    @Override
    public void close() {
        vcpu.close();
        engine.close();
        memory.close();
    }
}
