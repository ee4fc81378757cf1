package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a pure helper: what it computes, for compilers that cannot call it.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Computes {
    Operation value();

    /// Divisions take a width in bits, the high and the low half of the dividend, and the divisor,
    /// of that width. They come after a [Guard] that says that the quotient is of that width too.
    enum Operation {
        QUOTIENT_UNSIGNED,
        REMAINDER_UNSIGNED,
        QUOTIENT_SIGNED,
        REMAINDER_SIGNED
    }
}
