package org.xenolith.baseline;

import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;
import org.xenolith.jit.RegionFlow;

import java.util.Arrays;

/// The kind of the flags at the beginning of each block of a region. Where ways meet that do not
/// agree, and at the entry, flags that the block or one behind it reads are made explicit on the
/// way there; others may be of any kind.
final class FlagKinds {
    private static final int NOT_SEEN = -2;

    private final RegionFlow flow;
    private final boolean[] needed;
    private final int[] kinds;

    FlagKinds(RegionFlow flow) {
        this.flow = flow;
        int count = flow.order().size();
        needed = new boolean[count];
        kinds = new int[count];
        Arrays.fill(kinds, NOT_SEEN);
        findNeeds();
        findKinds();
    }

    /// The kind, or [FlagCode#UNKNOWN].
    int kind(int place) {
        return kinds[place];
    }

    private void findNeeds() {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int place = needed.length - 1; place >= 0; place--) {
                if (!needed[place] && needs(place)) {
                    needed[place] = true;
                    changed = true;
                }
            }
        }
    }

    private boolean needs(int place) {
        for (var op : flow.unit(place).ops()) {
            if (!FlagCode.canBeOfAnyKind(op)) {
                return true;
            }
            if (Ops.writesFlags(op)) {
                return false;
            }
        }
        for (long target : flow.targets(place)) {
            int successor = flow.place(target);
            if (successor >= 0 && needed[successor]) {
                return true;
            }
        }
        return false;
    }

    private void findKinds() {
        kinds[0] = needed[0] ? FlagCode.explicit() : FlagCode.UNKNOWN;
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int place = 0; place < kinds.length; place++) {
                if (kinds[place] != NOT_SEEN) {
                    changed |= passOn(place);
                }
            }
        }
    }

    private boolean passOn(int place) {
        int behind = behind(flow.unit(place), kinds[place]);
        boolean changed = false;
        for (long target : flow.targets(place)) {
            int successor = flow.place(target);
            if (successor >= 0 && kinds[successor] != behind) {
                int met = kinds[successor] == NOT_SEEN ? behind : meet(successor);
                changed |= kinds[successor] != met;
                kinds[successor] = met;
            }
        }
        return changed;
    }

    private int meet(int place) {
        return needed[place] ? FlagCode.explicit() : FlagCode.UNKNOWN;
    }

    private static int behind(Unit unit, int before) {
        int kind = before;
        for (var op : unit.ops()) {
            kind = FlagCode.kindAfter(op, kind);
        }
        return kind;
    }
}
