package org.xenolith.x86;

/// The stack of a more privileged level, named by the TSS, being filled before it is switched to
/// (SDM vol. 3A, 5.8.5). Outside long mode.
final class InnerStack {
    private final Cpu cpu;
    private final int selector;
    private final long descriptor;
    private final int bytes;
    private final int error;
    private long pointer;

    InnerStack(Cpu cpu, int selector, long descriptor, long pointer, int bytes, int external) {
        this.cpu = cpu;
        this.selector = selector;
        this.descriptor = descriptor;
        this.pointer = pointer;
        this.bytes = bytes;
        this.error = selector & 0xFFFC | external;
    }

    /// Selector, pointer and descriptor of the stack for privilege `cpl`.
    static long[] find(Cpu cpu, int cpl, int external) {
        boolean wide = (cpu.attributes[Segments.TR] & 8) != 0;
        int offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
        int length = wide ? 6 : 4;
        if (offset + length - 1 > (cpu.limits[Segments.TR] & 0xFFFF_FFFFL)) {
            throw Trap.of(Trap.INVALID_TSS, cpu.selector(Segments.TR) & 0xFFFC | external);
        }
        long at = cpu.base(Segments.TR) + offset;
        long pointer = cpu.loadSystem(wide ? 32 : 16, at);
        int selector = (int) cpu.loadSystem(16, at + (wide ? 4 : 2));
        if ((selector & 0xFFFC) == 0) {
            throw Trap.of(Trap.INVALID_TSS, external);
        }
        try {
            long descriptor = Descriptors.read(cpu, selector, Trap.INVALID_TSS);
            Descriptors.checkStack(selector, descriptor, cpl, Trap.INVALID_TSS);
            return new long[] {selector, pointer, descriptor};
        } catch (Trap trap) {
            throw trap.vector() == Trap.PAGE_FAULT
                    ? trap
                    : Trap.of(trap.vector(), trap.errorCode() | external);
        }
    }

    void push(long value) {
        boolean wide = (Descriptors.attributes(descriptor) & Segments.BIG) != 0;
        pointer = pointer - bytes & (wide ? 0xFFFF_FFFFL : 0xFFFF);
        if (!isWithin(pointer)) {
            throw Trap.of(Trap.STACK_FAULT, error);
        }
        long linear = Descriptors.base(descriptor) + pointer & 0xFFFF_FFFFL;
        cpu.storeSystem(bytes * 8, linear, value & -1L >>> 64 - bytes * 8);
    }

    private boolean isWithin(long offset) {
        int attributes = Descriptors.attributes(descriptor);
        long limit = Descriptors.limit(descriptor) & 0xFFFF_FFFFL;
        long last = offset + bytes - 1;
        if ((attributes & Segments.EXPAND_DOWN) != 0) {
            long top = (attributes & Segments.BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFF;
            return offset > limit && last <= top;
        }
        return last <= limit;
    }

    /// Switches to it.
    void install() {
        long marked = Descriptors.accessed(cpu, selector, descriptor, Trap.INVALID_TSS);
        Descriptors.install(cpu, Segments.SS, selector, marked);
        boolean wide = (Descriptors.attributes(descriptor) & Segments.BIG) != 0;
        long kept = wide ? 0 : cpu.registers[Registers.RSP] & ~0xFFFFL;
        cpu.registers[Registers.RSP] = kept | pointer;
    }
}
