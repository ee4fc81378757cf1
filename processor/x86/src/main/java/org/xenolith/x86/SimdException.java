package org.xenolith.x86;

/// The end of an SSE floating-point instruction (SDM vol. 1, 11.5): its flags join MXCSR; if one of
/// them is not masked, it has no other effect. **Hot path.**
final class SimdException {
    private SimdException() {}

    /// To be called when all lanes are computed and before anything is written. Throws #XM, or #UD
    /// if CR4.OSXMMEXCPT is clear.
    static void check(Cpu cpu) {
        if (!cpu.fpu.mxcsr.commit()) {
            throw (cpu.cr4 & Bits.CR4_OSXMMEXCPT) != 0
                    ? Trap.of(Trap.SIMD_FLOATING_POINT)
                    : Trap.invalidOpcode();
        }
    }
}
