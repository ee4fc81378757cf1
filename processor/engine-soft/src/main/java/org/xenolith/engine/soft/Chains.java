package org.xenolith.engine.soft;

import org.xenolith.baseline.Links;
import org.xenolith.baseline.MachineRegion;
import org.xenolith.x86.Mode;
import org.xenolith.x86.View;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

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
    private final Links nothing = new Links();
    private final int[] modes = new int[MODES_MAX];

    /// Times that salts have come round when the links of a mode were last used.
    private final long[] rounds = new long[MODES_MAX];

    /// Replaced, never changed: others read it.
    private volatile Links[] links = {};

    private final BooleanSupplier isAlone;
    private boolean areLinked;
    private int userMode = NONE;
    private int kernelMode = NONE;
    private long lower;
    private long upper;
    private Links user;
    private Links kernel;
    private int replaced;

    /// @param isAlone whether no other vCPU executes regions
    Chains(SoftCpu cpu, BooleanSupplier isAlone) {
        this.cpu = cpu;
        this.isAlone = isAlone;
    }

    /// A region is about to be entered in the processor's mode. It is where it must be.
    void enter(LiveRegion region, MachineRegion code) {
        var pages = cpu.codePages();
        int mode = cpu.mode;
        if (mode != userMode && mode != kernelMode
                || pages.lowerGeneration() != lower
                || pages.upperGeneration() != upper) {
            linkStraight(code, pages);
            select(mode, pages);
        }
        var current = mode == userMode ? user : kernel;
        long pc = region.entry.pc;
        if (region.isWithinHalf() && !current.knows(pc, code)) {
            current.put(pc, code);
            VarHandle.fullFence();
            if (region.entry.region != region) {
                current.forget(pc); // others have taken it out of use meanwhile
            }
        }
    }

    /// What regions have been linked to straight holds for a generation of the upper half.
    private void linkStraight(MachineRegion code, CodePages pages) {
        if (pages.upperGeneration() != upper) {
            code.unlink();
        }
        if (!areLinked && isAlone.getAsBoolean()) {
            code.link(cpu);
            areLinked = true;
        }
    }

    /// A mode, and the one that system calls lead to or come from: those of CPL 1 and 2 have none.
    private void select(int mode, CodePages pages) {
        lower = pages.lowerGeneration();
        upper = pages.upperGeneration();
        boolean alone = cpu.cpl() == 1 || cpu.cpl() == 2;
        kernelMode = alone ? mode : Mode.withCpl(mode, 0);
        int index = index(kernelMode, NONE);
        kernel = links(index);
        userMode = alone ? NONE : Mode.withCpl(mode, 3);
        user = alone ? nothing : links(index(userMode, index));
        MachineRegion.follow(cpu, View.USER, user);
        MachineRegion.follow(cpu, View.SUPERVISOR, kernel);
        MachineRegion.follow(cpu, View.SUPERVISOR_OVERRIDE, kernel);
    }

    private Links links(int index) {
        var found = links[index];
        long round = lower / Links.SALTS + upper / Links.SALTS;
        if (rounds[index] != round) {
            found.clear();
            rounds[index] = round;
        }
        found.salt((int) (lower % Links.SALTS), (int) (upper % Links.SALTS));
        return found;
    }

    /// The place of a mode's links, which replace others if need be, but not those at `kept`.
    private int index(int mode, int kept) {
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
            index = replaced++ & MODES_MAX - 1;
            if (index == kept) {
                index = replaced++ & MODES_MAX - 1;
            }
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
