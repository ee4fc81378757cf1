package org.xenolith.x86;

/// Stack instructions that make several accesses: PUSHA, POPA, ENTER. Each checks all of them
/// before it changes anything.
public final class Frames {
    private Frames() {}

    /// The linear address of `bytes` at stack offset `offset`, checked against the segment.
    static long stackAddress(Cpu cpu, long offset, int bytes, boolean write) {
        if (cpu.is64()) {
            return offset;
        }
        long wrapped = offset & stackMask(cpu);
        return write
                ? SegmentAccess.linearForWrite(cpu, Segments.SS, wrapped, bytes)
                : SegmentAccess.linearForRead(cpu, Segments.SS, wrapped, bytes);
    }

    /// Ones where the stack pointer has bits.
    static long stackMask(Cpu cpu) {
        if (cpu.is64()) {
            return -1;
        }
        return (cpu.mode & Mode.STACK_32) != 0 ? 0xFFFF_FFFFL : 0xFFFF;
    }

    /// Replaces as much of a register as the stack is wide.
    static void setStackWide(Cpu cpu, int register, long value) {
        long mask = stackMask(cpu);
        long kept = mask == 0xFFFF ? cpu.registers[register] & ~mask : 0;
        cpu.registers[register] = kept | value & mask;
    }

    public static void pushAll(Cpu cpu, int bytes) {
        long pointer = cpu.registers[Registers.RSP];
        for (int index = 0; index < 8; index++) {
            long at = pointer - (long) (index + 1) * bytes;
            cpu.probeWrite(stackAddress(cpu, at, bytes, true), bytes);
        }
        for (int index = 0; index < 8; index++) {
            long at = pointer - (long) (index + 1) * bytes;
            cpu.store(bytes * 8, stackAddress(cpu, at, bytes, true), low(cpu, index, bytes));
        }
        setStackWide(cpu, Registers.RSP, pointer - 8L * bytes);
    }

    private static long low(Cpu cpu, int register, int bytes) {
        return cpu.registers[register] & -1L >>> (64 - bytes * 8);
    }

    public static void popAll(Cpu cpu, int bytes) {
        long pointer = cpu.registers[Registers.RSP];
        var values = new long[8];
        for (int index = 0; index < 8; index++) {
            long address = stackAddress(cpu, pointer + (long) index * bytes, bytes, false);
            values[index] = cpu.load(bytes * 8, address);
        }
        for (int index = 0; index < 8; index++) {
            int register = 7 - index;
            if (register != Registers.RSP) {
                long kept = bytes == 2 ? cpu.registers[register] & ~0xFFFFL : 0;
                cpu.registers[register] = kept | values[index];
            }
        }
        setStackWide(cpu, Registers.RSP, pointer + 8L * bytes);
    }

    /// ENTER with frames nested `level` deep.
    public static void enter(Cpu cpu, int bytes, int size, int level) {
        long pointer = cpu.registers[Registers.RSP];
        long frame = pointer - bytes & stackMask(cpu);
        int pushes = 1 + level;
        for (int index = 1; index <= pushes; index++) {
            if (index > 1 && index <= level) {
                cpu.probeRead(outerFrame(cpu, index - 1, bytes), bytes);
            }
            long at = pointer - (long) index * bytes;
            cpu.probeWrite(stackAddress(cpu, at, bytes, true), bytes);
        }
        long end = pointer - (long) pushes * bytes - size;
        // The manual asks that the final stack pointer could be written (SDM vol. 2A, ENTER).
        cpu.probeWrite(stackAddress(cpu, end, bytes, true), bytes);
        store(cpu, pointer - bytes, bytes, cpu.registers[Registers.RBP]);
        // One by one, since the new frame may overlap the old one.
        for (int index = 1; index < level; index++) {
            long copy = cpu.load(bytes * 8, outerFrame(cpu, index, bytes));
            store(cpu, pointer - (long) (index + 1) * bytes, bytes, copy);
        }
        if (level > 0) {
            store(cpu, pointer - (long) pushes * bytes, bytes, frame);
        }
        long kept = bytes == 2 ? cpu.registers[Registers.RBP] & ~0xFFFFL : 0;
        cpu.registers[Registers.RBP] = kept | frame & -1L >>> (64 - bytes * 8);
        setStackWide(cpu, Registers.RSP, end);
    }

    /// Where the `index`th pointer of the enclosing frame's display is.
    private static long outerFrame(Cpu cpu, int index, int bytes) {
        long at = cpu.registers[Registers.RBP] - (long) index * bytes;
        return stackAddress(cpu, at, bytes, false);
    }

    private static void store(Cpu cpu, long at, int bytes, long value) {
        cpu.store(bytes * 8, stackAddress(cpu, at, bytes, true), value & -1L >>> (64 - bytes * 8));
    }
}
