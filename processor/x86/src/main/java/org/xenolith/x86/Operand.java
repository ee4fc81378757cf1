package org.xenolith.x86;

import org.xenolith.ir.Width;

/// An operand of a decoded instruction.
public sealed interface Operand {
    /// A general-purpose register; `high` means bits 15:8 of it (AH, CH, DH, BH).
    record Register(int number, Width width, boolean high) implements Operand {}

    /// What stands for RIP as the base of a memory operand.
    int RIP = 16;

    /// Memory at `segment:(base + index * scale + displacement)`. A register number of -1 is none.
    /// Where the base is [#RIP], `displacement` is the sum already, not yet cut to the address
    /// size. `bytes` is 0 where the meaning decides.
    record Memory(
            int segment,
            int base,
            int index,
            int scale,
            long displacement,
            Width addressSize,
            int bytes)
            implements Operand {}

    /// An immediate, sign-extended or not as the row says, then cut to `width`.
    record Immediate(Width width, long value) implements Operand {}

    /// The target of a near branch, not yet cut to the operand size.
    record Target(long address) implements Operand {}

    /// A far pointer in the instruction.
    record FarPointer(int selector, long offset) implements Operand {}

    /// A segment register by its encoding; numbers above 5 do not exist.
    record SegmentRegister(int number) implements Operand {}

    record ControlRegister(int number) implements Operand {}

    record DebugRegister(int number) implements Operand {}

    /// An XMM register, of which the meaning uses `bytes` (4, 8 or 16).
    record Vector(int number, int bytes) implements Operand {}

    /// An MMX register, 0 to 7.
    record Mmx(int number) implements Operand {}
}
