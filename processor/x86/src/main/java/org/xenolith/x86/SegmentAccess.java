package org.xenolith.x86;

import org.xenolith.ir.ReadOnly;

/// Checks of data accesses through segments that are not flat (SDM vol. 3A, 5.3 and 5.5), outside
/// 64-bit mode.
public final class SegmentAccess {
    private SegmentAccess() {}

    /// The linear address of `bytes` to be read at `offset`.
    @ReadOnly
    public static long linearForRead(Cpu cpu, int segment, long offset, int bytes) {
        check(cpu, segment, offset, bytes, false);
        return cpu.base(segment) + offset & 0xFFFF_FFFFL;
    }

    /// The linear address of `bytes` to be written at `offset`.
    @ReadOnly
    public static long linearForWrite(Cpu cpu, int segment, long offset, int bytes) {
        check(cpu, segment, offset, bytes, true);
        return cpu.base(segment) + offset & 0xFFFF_FFFFL;
    }

    /// Whether an instruction byte at offset `pc` is within the code segment.
    public static boolean isWithinCode(Cpu cpu, long pc) {
        return Long.compareUnsigned(pc, cpu.limits[Segments.CS] & 0xFFFF_FFFFL) <= 0;
    }

    private static void check(Cpu cpu, int segment, long offset, int bytes, boolean write) {
        if (!isAllowed(cpu, segment, offset, Math.max(bytes, 1), write)) {
            throw Trap.of(segment == Segments.SS ? Trap.STACK_FAULT : Trap.GENERAL_PROTECTION, 0);
        }
    }

    private static boolean isAllowed(Cpu cpu, int segment, long offset, int bytes, boolean write) {
        int attributes = cpu.attributes[segment];
        if (cpu.isProtected() && !cpu.isVirtual8086()) {
            if ((attributes & Segments.UNUSABLE) != 0) {
                return false;
            }
            boolean code = (attributes & Segments.CODE) != 0;
            boolean readableOrWritable = (attributes & Segments.WRITABLE) != 0;
            if (write ? code || !readableOrWritable : code && !readableOrWritable) {
                return false;
            }
        }
        long limit = cpu.limits[segment] & 0xFFFF_FFFFL;
        long last = offset + bytes - 1;
        int kind = attributes & (Segments.CODE | Segments.EXPAND_DOWN);
        if (kind == Segments.EXPAND_DOWN) {
            long top = (attributes & Segments.BIG) != 0 ? 0xFFFF_FFFFL : 0xFFFF;
            return offset > limit && last <= top;
        }
        // What crosses the end of 4 GiB wraps around.
        return last <= limit || limit == 0xFFFF_FFFFL;
    }
}
