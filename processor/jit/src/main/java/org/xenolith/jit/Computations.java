package org.xenolith.jit;

import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.UnaryKind;
import org.xenolith.ir.Width;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// Emits what computes a value from others, on the JVM's stack. Values are `long`s, zero-extended
/// from their width; a mask is emitted only where a result may have bits beyond it.
final class Computations {
    private static final ClassDesc LONG = ClassDesc.of("java.lang.Long");
    private static final ClassDesc INTEGER = ClassDesc.of("java.lang.Integer");
    private static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
    private static final MethodTypeDesc LONG_LONG_TO_LONG =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long, ConstantDescs.CD_long);
    private static final MethodTypeDesc LONG_INT_TO_LONG =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long, ConstantDescs.CD_int);
    private static final MethodTypeDesc LONG_TO_LONG =
            MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long);
    private static final MethodTypeDesc LONG_TO_INT =
            MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_long);
    private static final MethodTypeDesc LONG_LONG_TO_INT =
            MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_long, ConstantDescs.CD_long);

    private static final MethodTypeDesc INT_INT_TO_INT =
            MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int, ConstantDescs.CD_int);

    private final CodeBuilder code;

    Computations(CodeBuilder code) {
        this.code = code;
    }

    void binary(BinaryKind kind, Width width, Runnable left, Runnable right) {
        switch (kind) {
            case ADD -> {
                both(left, right).ladd();
                mask(width);
            }
            case SUB -> {
                both(left, right).lsub();
                mask(width);
            }
            case MUL -> {
                both(left, right).lmul();
                mask(width);
            }
            case MUL_HIGH_UNSIGNED -> multiplyHighUnsigned(width, left, right);
            case MUL_HIGH_SIGNED -> multiplyHighSigned(width, left, right);
            case AND -> both(left, right).land();
            case OR -> both(left, right).lor();
            case XOR -> both(left, right).lxor();
            case SHIFT_LEFT -> {
                both(left, right).l2i().lshl();
                mask(width);
            }
            case SHIFT_RIGHT -> both(left, right).l2i().lushr();
            case SHIFT_RIGHT_SIGNED -> {
                left.run();
                signExtend(width);
                right.run();
                code.l2i().lshr();
                mask(width);
            }
            case ROTATE_LEFT -> rotate("rotateLeft", width, left, right);
            case ROTATE_RIGHT -> rotate("rotateRight", width, left, right);
        }
    }

    private CodeBuilder bothAsInts(Runnable left, Runnable right) {
        left.run();
        code.l2i();
        right.run();
        return code.l2i();
    }

    private CodeBuilder both(Runnable left, Runnable right) {
        left.run();
        right.run();
        return code;
    }

    private void multiplyHighUnsigned(Width width, Runnable left, Runnable right) {
        both(left, right);
        if (width == Width.W64) {
            code.invokestatic(MATH, "unsignedMultiplyHigh", LONG_LONG_TO_LONG);
        } else {
            code.lmul().loadConstant(width.bits()).lushr();
        }
    }

    private void multiplyHighSigned(Width width, Runnable left, Runnable right) {
        left.run();
        signExtend(width);
        right.run();
        signExtend(width);
        if (width == Width.W64) {
            code.invokestatic(MATH, "multiplyHigh", LONG_LONG_TO_LONG);
        } else {
            code.lmul().loadConstant(width.bits()).lshr();
            mask(width);
        }
    }

    /// A value of 8 or 16 bits is repeated through all 64, rotated, and cut.
    private void rotate(String method, Width width, Runnable value, Runnable count) {
        if (width == Width.W32) {
            bothAsInts(value, count).invokestatic(INTEGER, method, INT_INT_TO_INT).i2l();
            mask(width);
            return;
        }
        value.run();
        switch (width) {
            case W8 -> code.loadConstant(0x0101_0101_0101_0101L).lmul();
            case W16 -> code.loadConstant(0x0001_0001_0001_0001L).lmul();
            case W32, W64 -> {}
        }
        count.run();
        code.l2i().invokestatic(LONG, method, LONG_INT_TO_LONG);
        mask(width);
    }

    void unary(UnaryKind kind, Width width, Runnable value) {
        switch (kind) {
            case NOT -> {
                value.run();
                code.loadConstant(width.mask()).lxor();
            }
            case NEGATE -> {
                value.run();
                code.lneg();
                mask(width);
            }
            case SWAP_BYTES -> {
                value.run();
                code.invokestatic(LONG, "reverseBytes", LONG_TO_LONG);
                if (width != Width.W64) {
                    code.loadConstant(64 - width.bits()).lushr();
                }
            }
            case LEADING_ZEROS -> {
                value.run();
                code.invokestatic(LONG, "numberOfLeadingZeros", LONG_TO_INT);
                if (width != Width.W64) {
                    code.loadConstant(64 - width.bits()).isub();
                }
                code.i2l();
            }
            case TRAILING_ZEROS -> {
                value.run();
                if (width != Width.W64) {
                    code.loadConstant(1L << width.bits()).lor();
                }
                code.invokestatic(LONG, "numberOfTrailingZeros", LONG_TO_INT).i2l();
            }
            case COUNT_ONES -> {
                value.run();
                code.invokestatic(LONG, "bitCount", LONG_TO_INT).i2l();
            }
        }
    }

    void convert(boolean signed, Width from, Width to, Runnable value) {
        value.run();
        if (from.bits() >= to.bits()) {
            if (from != to) {
                mask(to);
            }
        } else if (signed) {
            signExtend(from);
            mask(to);
        }
    }

    /// Cuts the `long` on the stack to a width.
    private void mask(Width width) {
        if (width != Width.W64) {
            code.loadConstant(width.mask()).land();
        }
    }

    private void signExtend(Width width) {
        if (width != Width.W64) {
            toSignedInt(width);
            code.i2l();
        }
    }

    /// The `long` on the stack becomes an `int`, sign-extended from a width of at most 32 bits.
    void toSignedInt(Width width) {
        switch (width) {
            case W8 -> code.l2i().i2b();
            case W16 -> code.l2i().i2s();
            case W32 -> code.l2i();
            case W64 -> throw new IllegalArgumentException("64 bits are no int");
        }
    }

    /// Two values on the stack become an `int` below, at or above zero. Zero-extended values of
    /// fewer than 64 bits are never negative.
    void compareUnsigned(Width width) {
        if (width == Width.W64) {
            code.invokestatic(LONG, "compareUnsigned", LONG_LONG_TO_INT);
        } else {
            code.lcmp();
        }
    }
}
