package org.xenolith.jit;

import java.util.Optional;

/// How compiled regions reach memory behind a translation: static methods of `owner`,
///
/// ```java
/// static long get8(M memory, long at)                 // also 16, 32, 64; zero-extended
/// static void set8(M memory, long at, long value)
/// static boolean compareAndSet(M memory, long at, int bytes, long expected, long value)
/// ```
///
/// where M is the type of the memory and the argument always that memory, a constant to the JVM's
/// compiler. Without a memory the methods have no such parameter. The owner and its types must be
/// visible to the host of the [RegionFactory].
public record MemoryAccess(Class<?> owner, Optional<Memory> memory) {
    /// What is handed to every access.
    public record Memory(Class<?> type, Object object) {}

    /// Places are offsets in `memory`.
    public static MemoryAccess within(Class<?> owner, Class<?> type, Object memory) {
        return new MemoryAccess(owner, Optional.of(new Memory(type, memory)));
    }

    /// Places are addresses.
    public static MemoryAccess byAddress(Class<?> owner) {
        return new MemoryAccess(owner, Optional.empty());
    }
}
