package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How a case ended: the state saved by the exception that stopped it. Vector 3 with RIP behind an
/// INT3 of the surroundings means that it completed.
///
/// `address` is CR2 of a page fault, else 0. `selectors` are CS, SS, DS, ES, FS, GS. `changes` are
/// the maximal runs of bytes of the data pages that differ from what they were.
public record CpuOutcome(
        List<Long> registers,
        long rip,
        long rflags,
        long fsBase,
        long gsBase,
        int vector,
        long errorCode,
        long address,
        List<Integer> selectors,
        Bytes fxsave,
        List<MemoryPatch> changes) {
    /// The vector of a case that did not end within about 200 ms.
    public static final int TIMEOUT = 255;

    public CpuOutcome {
        registers = List.copyOf(registers);
        selectors = List.copyOf(selectors);
        changes = List.copyOf(changes);
    }

    /// The maximal runs of bytes in which `after` differs from `before`.
    public static List<MemoryPatch> changes(byte[] before, byte[] after) {
        var runs = new ArrayList<MemoryPatch>();
        int at = Arrays.mismatch(before, after);
        while (at >= 0 && at < before.length) {
            int end = at;
            while (end < before.length && before[end] != after[end]) {
                end++;
            }
            runs.add(new MemoryPatch(at, Bytes.of(Arrays.copyOfRange(after, at, end))));
            int next = Arrays.mismatch(before, end, before.length, after, end, after.length);
            at = next < 0 ? -1 : end + next;
        }
        return runs;
    }
}
