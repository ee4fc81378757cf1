package org.xenolith.x86;

import java.lang.invoke.VarHandle;

/// What orders memory accesses beyond the usual: loads come in order, stores become visible in
/// order, and only a load may come before an earlier store (SDM vol. 3A, 9.2). **Hot path.**
public final class MemoryOrder {
    private MemoryOrder() {}

    /// MFENCE: what came before is visible to all before anything behind it is done.
    public static void fence(Cpu cpu) {
        VarHandle.fullFence();
    }

    /// What a serialising instruction does to memory accesses (SDM vol. 3A, 9.3).
    static void serialise() {
        VarHandle.fullFence();
    }

    /// The store of a locked CMPXCHG16B.
    public static void storePairConditional(
            Cpu cpu, long address, long expectedLow, long expectedHigh, long low, long high) {
        cpu.storePairConditional(address, expectedLow, expectedHigh, low, high);
    }
}
