package org.xenolith.engine.soft;

import static org.xenolith.base.Sizes.PAGE_BYTES;

import org.xenolith.baseline.MachineRegion;
import org.xenolith.jit.CompiledRegion;

import java.util.Comparator;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.LongStream;

/// A compiled region in use, entered where its entry block begins. It has been made from bytes of
/// one or more pages: those of the 64-byte lines whose bits are set. **Hot path.**
final class LiveRegion {
    /// After how many executions it is judged.
    private static final int TRIALS = 256;

    /// Executions, and instructions, after which nothing is counted any more.
    private static final int COUNTED_EXECUTIONS = 200_000;

    private static final long COUNTED_INSTRUCTIONS = 30_000_000;

    private static final int LASTING_INSTRUCTIONS = 300;

    private static final long[] NONE = {};

    /// A page of code: its linear address less that of the entry's page, the frame that it must lie
    /// in, and the lines that count.
    record Page(long distance, int frame, long lines) {}

    final Block entry;
    final CompiledRegion code;

    /// The same, if it is machine code.
    final MachineRegion machineCode;

    private final RegionRequest.Level level;

    /// Instructions that it must do in each execution to be worth its entry and exit.
    private final int worth;

    /// The entry's page first.
    final Page[] pages;

    /// Where the blocks begin that it consists of, less the entry's address.
    private final long[] members;

    private final boolean isMovable;
    private final boolean isUpper;
    private final boolean isLower;

    /// By vCPU: the generation of its code's addresses for which the pages are where they must be.
    private final long[] checkedGenerations;

    private boolean isCounted = true;
    private int executions;
    private long instructions;

    /// @param members where the blocks begin that it consists of, less the entry's address
    LiveRegion(
            Block entry,
            long[] members,
            RegionRequest.Level level,
            CompiledRegion code,
            Page[] pages,
            int worth,
            int vcpus) {
        this.entry = entry;
        this.level = level;
        this.members = members;
        this.code = code;
        this.machineCode = code instanceof MachineRegion machine ? machine : null;
        this.pages = pages;
        this.worth = worth;
        isMovable = isWarm() && machineCode != null && StoredRegion.areRelative(entry.pc, members);
        int upper = 0;
        for (var page : pages) {
            upper += CodePages.isUpper(linear(entry.pc, page)) ? 1 : 0;
        }
        isUpper = upper == pages.length;
        isLower = upper == 0;
        checkedGenerations = pages.length == 1 ? NONE : new long[vcpus];
    }

    private static long linear(long entry, Page page) {
        return (entry & -PAGE_BYTES) + page.distance;
    }

    /// Whether it can be entered at another address at which the same code lies.
    boolean isMovable() {
        return isMovable;
    }

    /// The same, if it [#isMovable], at another address where all its pages lie.
    LiveRegion at(Block entry, int vcpus) {
        return new LiveRegion(entry, members, level, code, pages, worth, vcpus);
    }

    /// Whoever still comes from another region leaves at once.
    void retire() {
        if (machineCode != null && CodePages.isUpper(entry.pc)) {
            machineCode.retire();
        }
    }

    boolean isWarm() {
        return level == RegionRequest.Level.WARM;
    }

    /// Whether all its code is in one half of the addresses.
    boolean isWithinHalf() {
        return isUpper || isLower;
    }

    /// The pages of an entry that are to be the region's, the entry's first.
    ///
    /// @param lines of 64 bytes that count, by linear page
    /// @param frames where linear pages lie
    static Page[] pages(long entry, Map<Long, Long> lines, ToIntFunction<Long> frames) {
        long first = entry & -PAGE_BYTES;
        return lines.entrySet().stream()
                .sorted(Comparator.comparing(page -> page.getKey() != first))
                .map(page ->
                        new Page(
                                page.getKey() - first,
                                frames.applyAsInt(page.getKey()),
                                page.getValue()))
                .toArray(Page[]::new);
    }

    /// Whether a block is part of it, other than as its entry.
    boolean passesThrough(Block block) {
        long distance = block.pc - entry.pc;
        return block != entry && LongStream.of(members).anyMatch(member -> member == distance);
    }

    /// Whether all pages are still where the code has been made from. The entry's is: that is how
    /// the entry was found.
    boolean isInPlace(SoftCpu cpu, int vcpu) {
        if (pages.length == 1) {
            return true;
        }
        long generation = generation(cpu.codePages());
        boolean remembers = vcpu < checkedGenerations.length;
        if (remembers && checkedGenerations[vcpu] == generation) {
            return true;
        }
        if (!isInPlace(entry.pc, cpu)) {
            return false;
        }
        if (remembers) {
            checkedGenerations[vcpu] = generation(cpu.codePages());
        }
        return true;
    }

    /// Whether all pages but that of the entry are where they must be if the entry is at `pc`.
    boolean isInPlace(long pc, SoftCpu cpu) {
        for (int index = 1; index < pages.length; index++) {
            if (cpu.codeFrame(linear(pc, pages[index])) != pages[index].frame) {
                return false;
            }
        }
        return true;
    }

    private long generation(CodePages pages) {
        if (isUpper) {
            return pages.upperGeneration();
        }
        return isLower ? pages.lowerGeneration() : pages.generation();
    }

    /// Whether an execution does so much that entry and exit do not count.
    boolean isLasting() {
        return executions > 0 && instructions / executions >= LASTING_INSTRUCTIONS;
    }

    /// Counts an execution of so many instructions, those of regions that it has gone on with
    /// included; answers whether it is time to look whether it [#isUseless].
    boolean ran(int executed) {
        if (!isCounted) {
            return false;
        }
        instructions += executed;
        executions++;
        isCounted =
                executions < (isWarm() ? TRIALS : COUNTED_EXECUTIONS)
                        && instructions < COUNTED_INSTRUCTIONS;
        return executions == TRIALS;
    }

    /// Whether the region is not worth its entry.
    boolean isUseless() {
        return instructions < (long) executions * worth;
    }
}
