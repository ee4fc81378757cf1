package org.xenolith.engine.soft;

import org.xenolith.jit.CompiledRegion;

/// A compiled region in use, entered where its entry block begins. It has been made from bytes of
/// one frame: those of the 64-byte lines whose bits are set in `lines`. **Hot path.**
final class LiveRegion {
    /// After how many executions it is judged, and how many instructions it must then have done in
    /// each to be worth its entry and exit.
    private static final int TRIALS = 256;

    private static final int WORTH_INSTRUCTIONS = 4;

    final Block entry;
    final CompiledRegion code;
    final int frame;
    final long lines;

    private int executions;
    private long instructions;

    LiveRegion(Block entry, CompiledRegion code, long lines) {
        this.entry = entry;
        this.code = code;
        this.frame = entry.firstFrame();
        this.lines = lines;
    }

    /// Counts an execution of so many instructions. Answers whether the region has turned out to be
    /// of no use: most accesses miss.
    boolean isUseless(int executed) {
        instructions += executed;
        return ++executions == TRIALS && instructions < TRIALS * WORTH_INSTRUCTIONS;
    }
}
