package org.xenolith.conformance;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.memory.GuestMemory;

/// A small guest in 64-bit mode: the address space of [Arena] for user mode, and a supervisor that
/// stops at every exception. All of RAM is mapped for the supervisor at [#SUPERVISOR].
final class GuestLayout {
    static final long SUPERVISOR = 0xFFFF_8000_0000_0000L;
    static final int PAGES = 64;

    static final long PAGE_TABLES = 0x1000;
    static final long GDT = 0x10000;
    static final long IDT = 0x11000;
    static final long TSS = 0x12000;
    static final long STACK = 0x13000;
    static final long HANDLERS = 0x14000;
    static final long DATA = 0x18000;
    static final long CODE = 0x20000;

    static final int VECTORS = 256;
    static final int HANDLER_BYTES = 16;
    static final int TSS_LIMIT = 0x67;
    static final int TSS_SELECTOR = 0x40;
    static final int KERNEL_CODE = 0x10;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long NO_EXECUTE = 1L << 63;
    private static final int HLT = 0xF4;
    private static final int INT3 = 0xCC;
    private static final int INTERRUPT_GATE = 0x8E;
    private static final int USER_MAY_CALL = 0x60;

    private final GuestMemory memory;
    private long nextTable = PAGE_TABLES + PAGE_BYTES;

    private GuestLayout(GuestMemory memory) {
        this.memory = memory;
    }

    /// Builds everything that does not change from case to case.
    static void build(GuestMemory memory) {
        var layout = new GuestLayout(memory);
        for (int page = 0; page < PAGES; page++) {
            long at = (long) page * PAGE_BYTES;
            layout.map(SUPERVISOR + at, at, WRITABLE);
        }
        for (int page = 0; page < Arena.PAGES; page++) {
            long at = (long) page * PAGE_BYTES;
            long rights = USER | NO_EXECUTE | (at < Arena.WRITABLE_BYTES ? WRITABLE : 0);
            layout.map(Arena.DATA + at, DATA + at, rights);
            layout.map(Arena.LOW_DATA + at, DATA + at, rights);
        }
        for (long at = 0; at < Arena.CODE_BYTES; at += PAGE_BYTES) {
            layout.map(Arena.CODE + at, CODE + at, USER);
        }
        for (int at = 0; at < Arena.CODE_BYTES; at++) {
            memory.writeByte(CODE + at, INT3);
        }
        memory.write(GDT, ArenaCpu.descriptorTables());
        layout.gates();
        memory.writeLong(TSS + 4, SUPERVISOR + STACK + PAGE_BYTES);
        memory.writeShort(TSS + 102, TSS_LIMIT + 1);
    }

    private void gates() {
        for (int vector = 0; vector < VECTORS; vector++) {
            long handler = HANDLERS + (long) vector * HANDLER_BYTES;
            memory.writeByte(handler, HLT);
            long target = SUPERVISOR + handler;
            boolean callable = vector == 3 || vector == 4;
            int type = INTERRUPT_GATE | (callable ? USER_MAY_CALL : 0);
            memory.writeLong(
                    IDT + vector * 16L,
                    target & 0xFFFF
                            | (long) KERNEL_CODE << 16
                            | (long) type << 40
                            | (target >>> 16 & 0xFFFF) << 48);
            memory.writeLong(IDT + vector * 16L + 8, target >>> 32);
        }
    }

    /// Maps one page by four levels of tables.
    private void map(long linear, long physical, long rights) {
        long table = PAGE_TABLES;
        for (int shift = 39; shift > 12; shift -= 9) {
            long entry = table + (linear >>> shift & 511) * 8;
            if ((memory.readLong(entry) & PRESENT) == 0) {
                memory.writeLong(entry, nextTable | PRESENT | WRITABLE | USER);
                nextTable += PAGE_BYTES;
            }
            table = memory.readLong(entry) & 0xFFFF_FFFF_F000L;
        }
        memory.writeLong(table + (linear >>> 12 & 511) * 8, physical | PRESENT | rights);
    }
}
