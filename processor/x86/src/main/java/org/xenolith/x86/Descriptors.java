package org.xenolith.x86;

/// Segment descriptors and the loading of segment registers (SDM vol. 3A, chapters 3 and 5).
///
/// A descriptor is its eight bytes as a `long`; its attributes are in the form of [Segments].
final class Descriptors {
    /// System descriptor types (SDM vol. 3A, table 3-2).
    static final int LDT = 2;

    static final int TSS_16_AVAILABLE = 1;
    static final int TSS_16_BUSY = 3;
    static final int CALL_GATE_16 = 4;
    static final int TASK_GATE = 5;
    static final int INTERRUPT_GATE_16 = 6;
    static final int TRAP_GATE_16 = 7;
    static final int TSS_AVAILABLE = 9;
    static final int TSS_BUSY = 11;
    static final int CALL_GATE = 12;
    static final int INTERRUPT_GATE = 14;
    static final int TRAP_GATE = 15;

    private Descriptors() {}

    static int attributes(long descriptor) {
        return (int) (descriptor >>> 40) & 0xF0FF;
    }

    static long base(long descriptor) {
        return descriptor >>> 16 & 0xFF_FFFF | descriptor >>> 32 & 0xFF00_0000L;
    }

    static int limit(long descriptor) {
        int limit = (int) (descriptor & 0xFFFF | descriptor >>> 32 & 0xF_0000);
        return (attributes(descriptor) & Segments.GRANULARITY) != 0 ? limit << 12 | 0xFFF : limit;
    }

    static int type(int attributes) {
        return attributes & 15;
    }

    static boolean isSystem(int attributes) {
        return (attributes & Segments.NON_SYSTEM) == 0;
    }

    static boolean isCode(int attributes) {
        return !isSystem(attributes) && (attributes & Segments.CODE) != 0;
    }

    static boolean isConforming(int attributes) {
        return (attributes & Segments.EXPAND_DOWN) != 0;
    }

    static boolean isPresent(int attributes) {
        return (attributes & Segments.PRESENT) != 0;
    }

    /// The linear address of a selector's descriptor; #`vector`(selector) if it is beyond its
    /// table.
    static long address(Cpu cpu, int selector, int vector, int bytes) {
        boolean local = (selector & 4) != 0;
        long base = local ? cpu.base(Segments.LDTR) : cpu.gdtBase;
        long limit = local ? cpu.limits[Segments.LDTR] & 0xFFFF_FFFFL : cpu.gdtLimit & 0xFFFFL;
        boolean usable =
                !local
                        || (cpu.attributes[Segments.LDTR] & Segments.UNUSABLE) == 0
                                && (cpu.attributes[Segments.LDTR] & Segments.PRESENT) != 0;
        if (!usable || (selector & 0xFFF8) + bytes - 1 > limit) {
            throw Trap.of(vector, selector & 0xFFFC);
        }
        return base + (selector & 0xFFF8);
    }

    /// Reads a descriptor with supervisor rights.
    static long read(Cpu cpu, int selector, int vector) {
        return cpu.loadSystem(64, address(cpu, selector, vector, 8));
    }

    /// Sets the accessed bit of a code or data descriptor, in memory if it is not set.
    static long accessed(Cpu cpu, int selector, long descriptor, int vector) {
        long accessedBit = 1L << 40;
        if ((descriptor & accessedBit) == 0) {
            long at = address(cpu, selector, vector, 8);
            cpu.storeSystem(8, at + 5, (descriptor | accessedBit) >>> 40 & 0xFF);
        }
        return descriptor | accessedBit;
    }

    /// Puts a descriptor into a segment register.
    static void install(Cpu cpu, int segment, int selector, long descriptor) {
        cpu.setSegment(
                segment, selector, base(descriptor), limit(descriptor), attributes(descriptor));
    }

    /// MOV, POP, LDS and their kin: loads a data segment register or SS. Changes nothing if it
    /// faults.
    static void loadSegment(Cpu cpu, int segment, int selector) {
        if (!cpu.isProtected() || cpu.isVirtual8086()) {
            loadReal(cpu, segment, selector);
        } else if ((selector & 0xFFFC) == 0) {
            loadNull(cpu, segment, selector);
        } else if (segment == Segments.SS) {
            loadStack(cpu, selector);
        } else {
            loadData(cpu, segment, selector);
        }
        cpu.modeChanged();
    }

    /// Real mode leaves limit and attributes as they are; virtual-8086 mode fixes them.
    static void loadReal(Cpu cpu, int segment, int selector) {
        if (cpu.isVirtual8086()) {
            cpu.setSegment(segment, selector, (long) selector << 4, 0xFFFF, 0xF3);
            return;
        }
        cpu.setSegment(
                segment,
                selector,
                (long) selector << 4,
                cpu.limits[segment],
                cpu.attributes[segment]);
    }

    private static void loadNull(Cpu cpu, int segment, int selector) {
        if (segment == Segments.SS) {
            // Only 64-bit code below ring 3 may have a null stack segment.
            if (!cpu.is64() || cpu.cpl() == 3 || (selector & 3) != cpu.cpl()) {
                throw Trap.generalProtection(0);
            }
            installNullStack(cpu, selector, cpu.cpl());
            return;
        }
        cpu.setSegment(segment, selector, 0, 0, Segments.UNUSABLE);
    }

    /// A null SS keeps a DPL, which is the CPL.
    static void installNullStack(Cpu cpu, int selector, int cpl) {
        int attributes =
                Segments.UNUSABLE
                        | Segments.NON_SYSTEM
                        | Segments.WRITABLE
                        | Segments.ACCESSED
                        | Segments.PRESENT
                        | Segments.BIG
                        | cpl << Segments.DPL_SHIFT;
        cpu.setSegment(Segments.SS, selector, 0, 0, attributes);
    }

    private static void loadStack(Cpu cpu, int selector) {
        long descriptor = read(cpu, selector, Trap.GENERAL_PROTECTION);
        checkStack(selector, descriptor, cpu.cpl(), Trap.GENERAL_PROTECTION);
        install(
                cpu,
                Segments.SS,
                selector,
                accessed(cpu, selector, descriptor, Trap.GENERAL_PROTECTION));
    }

    /// A stack segment for privilege `cpl`: writable data of just that privilege. Faults with
    /// `vector`, or with #SS if it is not present.
    static void checkStack(int selector, long descriptor, int cpl, int vector) {
        int attributes = attributes(descriptor);
        boolean writableData =
                !isSystem(attributes)
                        && !isCode(attributes)
                        && (attributes & Segments.WRITABLE) != 0;
        if (!writableData || (selector & 3) != cpl || Segments.dpl(attributes) != cpl) {
            throw Trap.of(vector, selector & 0xFFFC);
        }
        if (!isPresent(attributes)) {
            throw Trap.of(Trap.STACK_FAULT, selector & 0xFFFC);
        }
    }

    private static void loadData(Cpu cpu, int segment, int selector) {
        long descriptor = read(cpu, selector, Trap.GENERAL_PROTECTION);
        int attributes = attributes(descriptor);
        boolean code = isCode(attributes);
        boolean readable = !code || (attributes & Segments.WRITABLE) != 0;
        int privilege = Math.max(cpu.cpl(), selector & 3);
        boolean allowed = code && isConforming(attributes) || Segments.dpl(attributes) >= privilege;
        if (isSystem(attributes) || !readable || !allowed) {
            throw Trap.generalProtection(selector & 0xFFFC);
        }
        if (!isPresent(attributes)) {
            throw Trap.of(Trap.SEGMENT_NOT_PRESENT, selector & 0xFFFC);
        }
        install(
                cpu,
                segment,
                selector,
                accessed(cpu, selector, descriptor, Trap.GENERAL_PROTECTION));
    }

    /// After a return to a lower privilege: data segments that it may not use become null (SDM vol.
    /// 3A, 5.8.6).
    static void dropPrivilegedData(Cpu cpu) {
        int cpl = cpu.cpl();
        for (int segment : new int[] {Segments.ES, Segments.DS, Segments.FS, Segments.GS}) {
            int attributes = cpu.attributes[segment];
            boolean conforming = isCode(attributes) && isConforming(attributes);
            boolean unusable = (attributes & Segments.UNUSABLE) != 0;
            if (!unusable && !conforming && Segments.dpl(attributes) < cpl) {
                cpu.setSegment(segment, 0, 0, 0, Segments.UNUSABLE);
            }
        }
    }
}
