package org.xenolith.x86;

import org.xenolith.ir.Width;

/// A decoded instruction. `pc` is its offset in the code segment; `repeat` is the last of the
/// prefixes F2 and F3, or 0; `segmentOverride` is a segment number, or -1.
public record Instruction(
        Row row,
        long pc,
        int length,
        Width operandSize,
        Width addressSize,
        boolean rexW,
        int repeat,
        boolean lock,
        int segmentOverride,
        int modRm,
        Operand[] operands) {

    public Operand first() {
        return operands[0];
    }

    public Operand second() {
        return operands[1];
    }

    public Operand third() {
        return operands[2];
    }

    public Operand fourth() {
        return operands[3];
    }

    /// The offset of the instruction behind this one.
    public long next() {
        return pc + length;
    }

    /// The segment that a memory access through DS by default goes to.
    public int dataSegment() {
        return segmentOverride < 0 ? Segments.DS : segmentOverride;
    }

    @Override
    public String toString() {
        var text = new StringBuilder(row.name());
        for (var operand : operands) {
            text.append(' ').append(operand);
        }
        return text.toString();
    }
}
