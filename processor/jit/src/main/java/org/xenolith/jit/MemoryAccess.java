package org.xenolith.jit;

/// How compiled regions reach memory behind a translation: static methods of `owner`,
///
/// ```java
/// static long get8(M memory, long at)                 // also 16, 32, 64; zero-extended
/// static void set8(M memory, long at, long value)
/// static boolean compareAndSet(M memory, long at, int bits, long expected, long value)
/// ```
///
/// where M is `memoryType` and the argument always `memory`, a constant to the JVM's compiler. They
/// and their types must be visible to the host of the [RegionFactory].
public record MemoryAccess(Class<?> owner, Class<?> memoryType, Object memory) {}
