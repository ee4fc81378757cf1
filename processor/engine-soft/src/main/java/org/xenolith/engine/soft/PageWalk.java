package org.xenolith.engine.soft;

import org.xenolith.memory.GuestMemory;
import org.xenolith.x86.Bits;
import org.xenolith.x86.Cpu;
import org.xenolith.x86.Trap;

/// The guest's page tables (SDM vol. 3A, chapter 5): none, 32-bit, PAE, and 4-level, with large
/// pages. Sets accessed and dirty bits; raises the page faults.
final class PageWalk {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int EXECUTE = 2;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long GLOBAL = 1 << 8;
    private static final long NO_EXECUTE = 1L << 63;

    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;
    private static final long BEYOND_PHYSICAL =
            ADDRESS & -(1L << GuestMemory.PHYSICAL_ADDRESS_BITS);

    // Page-fault error code (SDM vol. 3A, 5.7).
    private static final int ERROR_PROTECTION = 1;
    private static final int ERROR_WRITE = 1 << 1;
    private static final int ERROR_USER = 1 << 2;
    private static final int ERROR_RESERVED = 1 << 3;
    private static final int ERROR_FETCH = 1 << 4;

    private final Cpu cpu;
    private final GuestMemory memory;

    PageWalk(Cpu cpu, GuestMemory memory) {
        this.cpu = cpu;
        this.memory = memory;
    }

    /// Translates for an access, or throws #PF. `user` is the privilege of the access, `override`
    /// that EFLAGS.AC lifts SMAP.
    Translation translate(long linear, int access, boolean user, boolean override) {
        if ((cpu.cr0 & Bits.CR0_PG) == 0) {
            return new Translation(linear & 0xFFFF_FFFFL, 4096, true, true, true, false, true);
        }
        int error = (access == WRITE ? ERROR_WRITE : 0) | (user ? ERROR_USER : 0);
        if (access == EXECUTE && fetchIsMarked()) {
            error |= ERROR_FETCH;
        }
        Translation found;
        do {
            found = walk(linear, error, access);
        } while (found == null);
        check(found, linear, access, user, override, error);
        return found;
    }

    /// Where `linear` leads if a supervisor reads it, or -1; changes nothing.
    long peek(long linear) {
        if ((cpu.cr0 & Bits.CR0_PG) == 0) {
            return linear & 0xFFFF_FFFFL;
        }
        try {
            return walk(linear, 0, -1).gpa();
        } catch (Trap notMapped) {
            return -1;
        }
    }

    private boolean fetchIsMarked() {
        boolean noExecute = (cpu.efer & Bits.EFER_NXE) != 0 && (cpu.cr4 & Bits.CR4_PAE) != 0;
        return noExecute || (cpu.cr4 & Bits.CR4_SMEP) != 0;
    }

    private void check(
            Translation t, long linear, int access, boolean user, boolean override, int error) {
        boolean allowed;
        if (user) {
            allowed =
                    t.user()
                            && switch (access) {
                                case WRITE -> t.writable();
                                case EXECUTE -> t.executable();
                                default -> true;
                            };
        } else {
            allowed =
                    switch (access) {
                        case EXECUTE ->
                                t.executable() && !(t.user() && (cpu.cr4 & Bits.CR4_SMEP) != 0);
                        case WRITE ->
                                (t.writable() || (cpu.cr0 & Bits.CR0_WP) == 0)
                                        && !smapForbids(t, override);
                        default -> !smapForbids(t, override);
                    };
        }
        if (!allowed) {
            throw Trap.pageFault(error | ERROR_PROTECTION, linear);
        }
    }

    private boolean smapForbids(Translation t, boolean override) {
        return t.user() && !override && (cpu.cr4 & Bits.CR4_SMAP) != 0;
    }

    // ---------------------------------------------------------------- the walks

    /// Null if an entry has been changed by another processor meanwhile; then it must be done
    /// again.
    private Translation walk(long linear, int error, int access) {
        if (cpu.longActive()) {
            long entries = cpu.cr3 & ADDRESS;
            return walkLong(linear, entries, 4, error, access);
        }
        if ((cpu.cr4 & Bits.CR4_PAE) != 0) {
            long at = (cpu.cr3 & 0xFFFF_FFE0L) + (linear >>> 30 & 3) * 8;
            long pointer = memory.readLong(at);
            if ((pointer & PRESENT) == 0) {
                throw Trap.pageFault(error, linear);
            }
            return walkLong(linear, pointer & ADDRESS, 2, error, access);
        }
        return walk32(linear, error, access);
    }

    /// Tables of 512 eight-byte entries, from `levels` down to 1.
    private Translation walkLong(long linear, long table, int levels, int error, int access) {
        boolean user = true;
        boolean writable = true;
        boolean executable = true;
        for (int level = levels; ; level--) {
            int shift = 12 + 9 * (level - 1);
            long at = table + (linear >>> shift & 511) * 8;
            long entry = memory.readLong(at);
            if ((entry & PRESENT) == 0) {
                throw Trap.pageFault(error, linear);
            }
            boolean large = level > 1 && (entry & LARGE) != 0;
            if (hasReserved(entry, level, large)) {
                throw Trap.pageFault(error | ERROR_PROTECTION | ERROR_RESERVED, linear);
            }
            user &= (entry & USER) != 0;
            writable &= (entry & WRITABLE) != 0;
            executable &= (entry & NO_EXECUTE) == 0;
            boolean leaf = large || level == 1;
            boolean write = leaf && access == WRITE && allowsWrite(user, writable, error);
            if (access >= 0 && !mark(at, entry, 8, write)) {
                return null;
            }
            if (leaf) {
                long bytes = 1L << shift;
                long base = entry & ADDRESS & -bytes;
                return new Translation(
                        base | linear & bytes - 1,
                        bytes,
                        user,
                        writable,
                        executable,
                        (entry & GLOBAL) != 0 && (cpu.cr4 & Bits.CR4_PGE) != 0,
                        write || (entry & DIRTY) != 0);
            }
            table = entry & ADDRESS;
        }
    }

    private boolean allowsWrite(boolean user, boolean writable, int error) {
        boolean userAccess = (error & ERROR_USER) != 0;
        return userAccess ? user && writable : writable || (cpu.cr0 & Bits.CR0_WP) == 0;
    }

    private boolean hasReserved(long entry, int level, boolean large) {
        boolean noExecute = (cpu.efer & Bits.EFER_NXE) != 0;
        if ((entry & BEYOND_PHYSICAL) != 0 || (entry & NO_EXECUTE) != 0 && !noExecute) {
            return true;
        }
        if (!cpu.longActive() && (entry & 0x7FF0_0000_0000_0000L) != 0) {
            return true;
        }
        if (level == 4 && (entry & LARGE) != 0) {
            return true;
        }
        // Bit 12 of a large page's entry selects its memory type; those above must be clear.
        long span = 1L << 12 + 9 * (level - 1);
        return large && (entry & ADDRESS & span - 1 & ~0x1000L) != 0;
    }

    private Translation walk32(long linear, int error, int access) {
        long at = (cpu.cr3 & 0xFFFF_F000L) + (linear >>> 22 & 1023) * 4;
        long directory = memory.readInt(at) & 0xFFFF_FFFFL;
        if ((directory & PRESENT) == 0) {
            throw Trap.pageFault(error, linear);
        }
        boolean user = (directory & USER) != 0;
        boolean writable = (directory & WRITABLE) != 0;
        if ((directory & LARGE) != 0 && (cpu.cr4 & Bits.CR4_PSE) != 0) {
            if ((directory & 1 << 21) != 0) {
                throw Trap.pageFault(error | ERROR_PROTECTION | ERROR_RESERVED, linear);
            }
            boolean write = access == WRITE && allowsWrite(user, writable, error);
            if (access >= 0 && !mark(at, directory, 4, write)) {
                return null;
            }
            // PSE-36: bits 20:13 are bits 39:32 of the address.
            long base = directory & 0xFFC0_0000L | (directory >>> 13 & 0xFF) << 32;
            return leaf32(base | linear & 0x3F_FFFFL, 1 << 22, user, writable, directory, write);
        }
        if (access >= 0 && !mark(at, directory, 4, false)) {
            return null;
        }
        at = (directory & 0xFFFF_F000L) + (linear >>> 12 & 1023) * 4;
        long entry = memory.readInt(at) & 0xFFFF_FFFFL;
        if ((entry & PRESENT) == 0) {
            throw Trap.pageFault(error, linear);
        }
        user &= (entry & USER) != 0;
        writable &= (entry & WRITABLE) != 0;
        boolean write = access == WRITE && allowsWrite(user, writable, error);
        if (access >= 0 && !mark(at, entry, 4, write)) {
            return null;
        }
        long gpa = entry & 0xFFFF_F000L | linear & 0xFFF;
        return leaf32(gpa, 4096, user, writable, entry, write);
    }

    private Translation leaf32(
            long gpa, long bytes, boolean user, boolean writable, long entry, boolean write) {
        boolean global = (entry & GLOBAL) != 0 && (cpu.cr4 & Bits.CR4_PGE) != 0;
        boolean dirty = write || (entry & DIRTY) != 0;
        return new Translation(gpa, bytes, user, writable, true, global, dirty);
    }

    /// Sets the accessed and the dirty bit of an entry as one locked operation (SDM vol. 3A, 5.8).
    /// False if the entry is no longer as it was read.
    private boolean mark(long at, long entry, int bytes, boolean dirty) {
        long marked = entry | ACCESSED | (dirty ? DIRTY : 0);
        if (marked == entry) {
            return true;
        }
        return bytes == 8
                ? memory.compareAndSetLong(at, entry, marked)
                : memory.compareAndSetInt(at, (int) entry, (int) marked);
    }
}
