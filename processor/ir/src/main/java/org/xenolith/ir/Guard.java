package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a helper that only checks: it takes the context, changes nothing, returns nothing, and throws
/// [Abort] where its guard refuses. The guard is a pure public static method of the same class that
/// takes the same numbers and answers `boolean`: whether the helper would do nothing. A compiler
/// may test the guard where it cannot call the helper.
///
/// A helper that changes something may have one too, for the case that it nearly always has nothing
/// to do.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Guard {
    /// The name of the guard.
    String value();

    /// What the guard asks of the first number, for compilers that cannot call it.
    Form form() default Form.OTHER;

    /// The bits that the form speaks of.
    int bits() default 0;

    /// What a guard may be. All but the last say the same as the method, unless something else is
    /// said; refusing more is right.
    enum Form {
        /// The number, sign-extended from its low `bits`, is itself.
        FITS_SIGNED,
        /// The number is zero.
        IS_ZERO,
        /// The low `bits` are zero.
        IS_MULTIPLE,
        /// The numbers are a width in bits, the high and the low half of a dividend, and a divisor,
        /// of that width: the unsigned quotient is of that width too.
        DIVIDES_UNSIGNED,
        /// The same with sign. May be refused where the dividend is no sign-extended low half, and
        /// where the divisor is -1.
        DIVIDES_SIGNED,
        /// Only the method knows.
        OTHER
    }
}
