package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a helper that takes the context and, nearly always, only computes a value: a pure method that
/// computes it, and another, the guard, that answers `boolean`, whether the pure one does all that
/// the helper would do. Both are public static methods of the same class that take the same
/// numbers. They count only while [Context#isPlain] holds, which no quick form changes.
///
/// A helper without a value has a first number that is a register slot, and works on that register
/// and the one behind it alike: the pure methods take the register's value in the slot's place, and
/// of two further numbers the one for this register.
///
/// A compiler may use these where it cannot call the helper.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Quick {
    /// The name of the pure method.
    String value();

    /// The name of the guard.
    String guard();
}
