package org.xenolith.jit;

import org.xenolith.ir.Context;

/// What compiled regions extend. **Hot path.**
public abstract class CompiledRegion {
    protected CompiledRegion() {}

    /// Executes from the region's entry on until it is left. Afterwards the context is as it is
    /// between two instructions, `pc` says where to go on, and nothing is under way: an instruction
    /// that the region could not do (a translation is missing, a check refuses) has not begun.
    ///
    /// The arrays are a [TranslationCache]. A page may be read (written) if its address is at one
    /// of its places in `readTags` (`writeTags`); what `offsets` has at that place plus a linear
    /// address is then the place in memory, which for regions that are not checked by the JVM is an
    /// address of the host's. Nothing in them changes while the region runs.
    ///
    /// @param budget how many instructions to execute, more than 0; looked at where loops close
    /// @return the budget less the instructions executed; may be negative
    public abstract int run(
            Context context, long[] readTags, long[] writeTags, long[] offsets, int budget);
}
