package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a [ReadOnly] helper that takes nothing but the context and, where the context's clock is the
/// host's, answers that clock's monotonic nanoseconds plus what is in a register slot. A compiler
/// that has been told so may ask the host itself.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface HostTime {
    /// The slot of what is added.
    int offset();
}
