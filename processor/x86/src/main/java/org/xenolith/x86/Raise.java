package org.xenolith.x86;

import org.xenolith.ir.ReadOnly;

/// Helpers that end in an exception.
public final class Raise {
    private Raise() {}

    /// Raises exception `vector`; `errorCode` as in [Trap#NO_ERROR_CODE] or a code.
    @ReadOnly
    public static void fault(Cpu cpu, int vector, int errorCode) {
        throw Trap.of(vector, errorCode);
    }
}
