package org.xenolith.engine.soft;

import org.xenolith.jit.CompiledRegion;

/// A compiled region in use, entered where its entry block begins. It has been made from bytes of
/// one or more pages: those of the 64-byte lines whose bits are set. **Hot path.**
final class LiveRegion {
    /// After how many executions it is judged, and how many instructions it must then have done in
    /// each to be worth its entry and exit.
    private static final int TRIALS = 256;

    private static final int WORTH_INSTRUCTIONS = 4;

    /// Instructions after which a region is hot.
    private static final long HOT_INSTRUCTIONS = 30_000_000;

    /// Instructions in an execution of a region that is soon left, and executions after which it is
    /// hot.
    private static final int SHORT_INSTRUCTIONS = 12;

    private static final int SHORT_EXECUTIONS = 200_000;

    private static final int LASTING_INSTRUCTIONS = 300;

    /// A page of code: its linear address, the frame that it must lie in, and the lines that count.
    record Page(long linear, int frame, long lines) {}

    final Block entry;
    final CompiledRegion code;
    final RegionRequest.Level level;

    /// The entry's page first.
    final Page[] pages;

    /// By vCPU: the generation of its code's addresses for which the pages are where they must be.
    private final long[] checkedGenerations;

    private boolean judged;
    private int executions;
    private long instructions;

    LiveRegion(
            Block entry, CompiledRegion code, RegionRequest.Level level, Page[] pages, int vcpus) {
        this.entry = entry;
        this.code = code;
        this.level = level;
        this.pages = pages;
        checkedGenerations = new long[vcpus];
    }

    /// Whether all pages are still where the code has been made from. The entry's is: that is how
    /// the entry was found.
    boolean isInPlace(SoftCpu cpu, int vcpu) {
        if (pages.length == 1) {
            return true;
        }
        boolean remembers = vcpu < checkedGenerations.length;
        if (remembers && checkedGenerations[vcpu] == cpu.codeGeneration()) {
            return true;
        }
        for (int index = 1; index < pages.length; index++) {
            if (cpu.codeFrame(pages[index].linear) != pages[index].frame) {
                return false;
            }
        }
        if (remembers) {
            checkedGenerations[vcpu] = cpu.codeGeneration();
        }
        return true;
    }

    /// Whether an execution does so much that entry and exit do not count.
    boolean isLasting() {
        return executions > 0 && instructions / executions >= LASTING_INSTRUCTIONS;
    }

    /// Counts an execution of so many instructions; answers whether something is to be done about
    /// the region: see [#isUseless] and [#isHot]. Few executions count long after it has been
    /// judged.
    boolean ran(int executed) {
        if (judged) {
            return false;
        }
        instructions += executed;
        executions++;
        if (executions == TRIALS && isUseless()) {
            return true;
        }
        if (instructions < HOT_INSTRUCTIONS && executions < executionsMax()) {
            return false;
        }
        judged = true;
        return true;
    }

    /// One that is left all the time, by what only better code can do, is hot earlier.
    private int executionsMax() {
        boolean isShort = instructions < (long) executions * SHORT_INSTRUCTIONS;
        return isShort ? SHORT_EXECUTIONS : Integer.MAX_VALUE;
    }

    /// Whether the region is not worth its entry: most accesses miss.
    boolean isUseless() {
        return instructions < (long) executions * WORTH_INSTRUCTIONS;
    }

    /// Whether better code is worth its price.
    boolean isHot() {
        return judged && level == RegionRequest.Level.WARM;
    }
}
