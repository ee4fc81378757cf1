package org.xenolith.ir;

import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.Op.UnaryKind;

/// What the computing ops answer. Values come and go zero-extended from their width.
public final class Arithmetic {
    private Arithmetic() {}

    /// A shift's or rotation's `right` is its count, below the width; it may be of any width.
    public static long binary(BinaryKind kind, Width width, long left, long right) {
        long result =
                switch (kind) {
                    case ADD -> left + right;
                    case SUB -> left - right;
                    case MUL -> left * right;
                    case MUL_HIGH_UNSIGNED -> multiplyHighUnsigned(width, left, right);
                    case MUL_HIGH_SIGNED -> multiplyHighSigned(width, left, right);
                    case AND -> left & right;
                    case OR -> left | right;
                    case XOR -> left ^ right;
                    case SHIFT_LEFT -> left << right;
                    case SHIFT_RIGHT -> left >>> right;
                    case SHIFT_RIGHT_SIGNED -> width.signExtend(left) >> right;
                    case ROTATE_LEFT -> rotateLeft(width, left, (int) right);
                    case ROTATE_RIGHT -> rotateLeft(width, left, width.bits() - (int) right);
                };
        return width.zeroExtend(result);
    }

    private static long multiplyHighUnsigned(Width width, long left, long right) {
        return width == Width.W64
                ? Math.unsignedMultiplyHigh(left, right)
                : left * right >>> width.bits();
    }

    private static long multiplyHighSigned(Width width, long left, long right) {
        return width == Width.W64
                ? Math.multiplyHigh(left, right)
                : width.signExtend(left) * width.signExtend(right) >> width.bits();
    }

    /// The count is from 0 to the width.
    private static long rotateLeft(Width width, long value, int count) {
        return width == Width.W64
                ? Long.rotateLeft(value, count)
                : value << count | value >>> (width.bits() - count);
    }

    /// The number of leading or trailing zeros of zero is the width.
    public static long unary(UnaryKind kind, Width width, long value) {
        long result =
                switch (kind) {
                    case NOT -> ~value;
                    case NEGATE -> -value;
                    case SWAP_BYTES -> Long.reverseBytes(value) >>> (64 - width.bits());
                    case LEADING_ZEROS -> Long.numberOfLeadingZeros(value) - 64 + width.bits();
                    case TRAILING_ZEROS ->
                            Math.min(Long.numberOfTrailingZeros(value), width.bits());
                    case COUNT_ONES -> Long.bitCount(value);
                };
        return width.zeroExtend(result);
    }

    public static long convert(boolean signed, Width from, Width to, long value) {
        return to.zeroExtend(signed ? from.signExtend(value) : value);
    }

    public static boolean compare(CompareKind kind, Width width, long left, long right) {
        return switch (kind) {
            case EQUAL -> left == right;
            case NOT_EQUAL -> left != right;
            case LESS_UNSIGNED -> Long.compareUnsigned(left, right) < 0;
            case LESS_SIGNED -> width.signExtend(left) < width.signExtend(right);
        };
    }
}
