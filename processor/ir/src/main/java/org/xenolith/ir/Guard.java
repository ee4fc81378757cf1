package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a helper that only checks: it takes the context, changes nothing, returns nothing, and throws
/// [Abort] where its guard refuses. The guard is a pure public static method of the same class that
/// takes the same numbers and answers `boolean`: whether the helper would do nothing. A compiler
/// may test the guard where it cannot call the helper.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Guard {
    /// The name of the guard.
    String value();
}
