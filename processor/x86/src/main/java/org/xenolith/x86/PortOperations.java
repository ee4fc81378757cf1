package org.xenolith.x86;

/// What port instructions do. An access may leave the engine, and the instruction is then begun
/// again: nothing changes before it, and the string forms commit element by element.
public final class PortOperations {
    /// Where a TSS holds the offset of its I/O permission bitmap.
    private static final int BITMAP_POINTER = 102;

    private PortOperations() {}

    /// IN: the value read, of `bytes` bytes.
    public static long in(Cpu cpu, int port, int bytes) {
        checkPermission(cpu, port, bytes);
        return cpu.portRead(port, bytes);
    }

    public static void out(Cpu cpu, int port, int bytes, long value) {
        checkPermission(cpu, port, bytes);
        cpu.portWrite(port, bytes, value);
    }

    /// INS, with `repeated` 1 for REP INS. Sets `pc`.
    public static void inString(
            Cpu cpu, int bits, int addressBits, int repeated, long pc, long next) {
        long mask = StringOperations.mask(addressBits);
        int bytes = bits >>> 3;
        int port = (int) cpu.registers[Registers.RDX] & 0xFFFF;
        long step = StringOperations.step(cpu, bytes);
        int work = StringOperations.work(cpu);
        checkPermission(cpu, port, bytes);
        long count = elements(cpu, Registers.RDI, repeated, mask);
        while (count != 0 && work > 0) {
            long offset = StringOperations.index(cpu, Registers.RDI, mask);
            long to = StringOperations.linear(cpu, Segments.ES, offset, bytes, true);
            // What has been read from a device cannot be read again: no fault may follow.
            cpu.probeWrite(to, bytes);
            cpu.store(bits, to, cpu.portRead(port, bytes));
            count = elementDone(cpu, Registers.RDI, step, repeated, mask);
            work -= bytes;
        }
        StringOperations.stop(cpu, count == 0, pc, next);
    }

    /// OUTS, with `repeated` 1 for REP OUTS. Sets `pc`.
    public static void outString(
            Cpu cpu, int bits, int addressBits, int segment, int repeated, long pc, long next) {
        long mask = StringOperations.mask(addressBits);
        int bytes = bits >>> 3;
        int port = (int) cpu.registers[Registers.RDX] & 0xFFFF;
        long step = StringOperations.step(cpu, bytes);
        int work = StringOperations.work(cpu);
        checkPermission(cpu, port, bytes);
        long count = elements(cpu, Registers.RSI, repeated, mask);
        while (count != 0 && work > 0) {
            long offset = StringOperations.index(cpu, Registers.RSI, mask);
            long from = StringOperations.linear(cpu, segment, offset, bytes, false);
            cpu.portWrite(port, bytes, cpu.load(bits, from));
            count = elementDone(cpu, Registers.RSI, step, repeated, mask);
            work -= bytes;
        }
        StringOperations.stop(cpu, count == 0, pc, next);
    }

    /// How many elements are to be done. If there are none, 32-bit registers lose their high halves
    /// all the same.
    private static long elements(Cpu cpu, int register, int repeated, long mask) {
        if (repeated == 0) {
            return 1;
        }
        long count = StringOperations.count(cpu, mask);
        if (count == 0) {
            StringOperations.advance(cpu, register, 0, mask);
            StringOperations.countDown(cpu, 0, mask);
        }
        return count;
    }

    /// Commits an element; how many are left.
    private static long elementDone(Cpu cpu, int register, long step, int repeated, long mask) {
        StringOperations.advance(cpu, register, step, mask);
        long left = repeated == 0 ? 0 : StringOperations.countDown(cpu, 1, mask);
        cpu.elementDone();
        return left;
    }

    /// #GP(0) unless IOPL, or else the I/O permission bitmap of the TSS, allows all of `bytes`
    /// ports (SDM vol. 1, 19.5).
    private static void checkPermission(Cpu cpu, int port, int bytes) {
        if (!cpu.isProtected()) {
            return;
        }
        int iopl = cpu.systemFlags() >>> 12 & 3;
        if (!cpu.isVirtual8086() && cpu.cpl() <= iopl) {
            return;
        }
        if (!isInBitmap(cpu, port, bytes)) {
            throw Trap.generalProtection(0);
        }
    }

    private static boolean isInBitmap(Cpu cpu, int port, int bytes) {
        int attributes = cpu.attributes[Segments.TR];
        long limit = cpu.limits[Segments.TR] & 0xFFFF_FFFFL;
        boolean wide = (attributes & 8) != 0 && Descriptors.isPresent(attributes);
        if (!wide || limit < BITMAP_POINTER + 1) {
            return false;
        }
        long base = cpu.base(Segments.TR);
        long at = cpu.loadSystem(16, base + BITMAP_POINTER) + (port >>> 3);
        // Two bytes are always read, so the bitmap ends with a byte of ones.
        if (at + 1 > limit) {
            return false;
        }
        long bits = cpu.loadSystem(16, base + at) >>> (port & 7);
        return (bits & (1 << bytes) - 1) == 0;
    }
}
