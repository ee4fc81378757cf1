package org.xenolith.engine.soft;

import org.xenolith.baseline.Links;
import org.xenolith.baseline.MachineRegion;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// Lets regions of machine code that one vCPU leaves go on with the next by themselves: a table of
/// them for each mode of the processor. **Hot path** ([#enter]).
///
/// A region is in it after it has been entered, if all its code is in one half of the address
/// space: the entries of a half end with that half's generation ([CodePages]).
final class Chains {
    /// Modes that are remembered at a time: 64-bit code has a few.
    private static final int MODES_MAX = 8;

    private static final int NONE = -1;

    private final SoftCpu cpu;
    private final int[] modes = new int[MODES_MAX];

    /// Times that salts have come round when the links of a mode were last used.
    private final long[] rounds = new long[MODES_MAX];

    /// Replaced, never changed: others read it.
    private volatile Links[] links = {};

    private int mode = NONE;
    private long lower;
    private long upper;
    private Links current;
    private int replaced;

    Chains(SoftCpu cpu) {
        this.cpu = cpu;
    }

    /// A region is about to be entered in the processor's mode. It is where it must be.
    void enter(LiveRegion region, MachineRegion code) {
        var pages = cpu.codePages();
        if (cpu.mode != mode
                || pages.lowerGeneration() != lower
                || pages.upperGeneration() != upper) {
            select(cpu.mode, pages);
        }
        long pc = region.entry.pc;
        if (region.isWithinHalf() && !current.knows(pc, code)) {
            current.put(pc, code);
            VarHandle.fullFence();
            if (region.entry.region != region) {
                current.forget(pc); // others have taken it out of use meanwhile
            }
        }
    }

    private void select(int mode, CodePages pages) {
        int index = index(mode);
        this.mode = mode;
        lower = pages.lowerGeneration();
        upper = pages.upperGeneration();
        current = links[index];
        long round = lower / Links.SALTS + upper / Links.SALTS;
        if (rounds[index] != round) {
            current.clear();
            rounds[index] = round;
        }
        current.salt((int) (lower % Links.SALTS), (int) (upper % Links.SALTS));
        MachineRegion.follow(cpu, current);
    }

    private int index(int mode) {
        var known = links;
        for (int index = 0; index < known.length; index++) {
            if (modes[index] == mode) {
                return index;
            }
        }
        int index = known.length;
        if (index < MODES_MAX) {
            var more = Arrays.copyOf(known, index + 1);
            more[index] = new Links();
            links = more;
        } else {
            index = replaced++ % MODES_MAX;
            known[index].clear();
        }
        modes[index] = mode;
        return index;
    }

    /// A region at this address is no more in use. On any thread.
    void forget(long pc) {
        for (var each : links) {
            each.forget(pc);
        }
    }
}
