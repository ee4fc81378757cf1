package org.xenolith.jit;

import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Passes;
import org.xenolith.ir.Unit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/// The blocks of a region in the order in which they are emitted (reverse postorder, so that only
/// what closes a loop goes back), what each needs, and which registers are used.
public final class RegionFlow {
    private static final int NOT_SEEN = -3;
    private static final int PEELED_INSTRUCTIONS_MAX = 24;

    private final Region region;
    private final Map<Long, Region.Block> byPc = new HashMap<>();
    private final List<Region.Block> order = new ArrayList<>();
    private final Map<Long, Integer> places = new HashMap<>();
    private final List<Unit> units = new ArrayList<>();
    private int[] flagStates;
    private boolean quick;
    private final BitSet used = new BitSet();
    private final BitSet written = new BitSet();

    public RegionFlow(Region region) {
        this.region = region;
        region.blocks().forEach(block -> byPc.put(block.pc(), block));
        sort();
        removeDeadFlags();
        units.forEach(this::findUses);
        findFlagStates();
    }

    /// Blocks that can be reached, the entry first.
    public List<Region.Block> order() {
        return order;
    }

    /// The unit of the block at a place of the order, without what nobody needs.
    public Unit unit(int place) {
        return units.get(place);
    }

    /// The place of the block at `pc`, or -1 if going there leaves the region.
    public int place(long pc) {
        return places.getOrDefault(pc, -1);
    }

    /// The register slots that the region touches.
    BitSet used() {
        return used;
    }

    BitSet written() {
        return written;
    }

    /// Where a block goes on within the region, as far as is known.
    private static long[] targets(Region.Block block) {
        return switch (block.unit().ops().getLast()) {
            case Op.Jump(long target) -> new long[] {target};
            case Op.Branch(_, long taken, long notTaken) -> new long[] {taken, notTaken};
            case Op _ -> block.expected().stream().mapToLong(Long::longValue).toArray();
        };
    }

    /// Depth first without recursion: a region may be one long chain.
    private void sort() {
        record Visit(Region.Block block, long[] targets, int[] next) {}
        var visits = new ArrayList<Visit>();
        var seen = new HashSet<Long>();
        var entry = region.blocks().getFirst();
        seen.add(entry.pc());
        visits.add(new Visit(entry, targets(entry), new int[1]));
        while (!visits.isEmpty()) {
            var visit = visits.getLast();
            int next = visit.next[0]++;
            if (next == visit.targets.length) {
                visits.removeLast();
                order.addFirst(visit.block);
            } else {
                var target = byPc.get(visit.targets[next]);
                if (target != null && seen.add(target.pc())) {
                    visits.add(new Visit(target, targets(target), new int[1]));
                }
            }
        }
        peel(entry);
        for (int place = 0; place < order.size(); place++) {
            places.put(order.get(place).pc(), place);
        }
    }

    /// An entry that is part of a loop comes twice, first for the way from outside: so the loop's
    /// state of the flags need not be that of the entry. What jumps there jumps to the second.
    private void peel(Region.Block entry) {
        boolean loops =
                order.stream()
                        .flatMapToLong(block -> LongStream.of(targets(block)))
                        .anyMatch(target -> target == entry.pc());
        if (loops && entry.instructions() <= PEELED_INSTRUCTIONS_MAX) {
            order.addFirst(entry);
        }
    }

    /// Flags that the block sets and every successor sets again before anybody could see them.
    private void removeDeadFlags() {
        order.forEach(block -> units.add(block.unit()));
        var overwrites = new boolean[order.size()];
        for (int place = order.size() - 1; place >= 0; place--) {
            var unit = units.get(place);
            boolean dead = !(unit.ops().getLast() instanceof Op.JumpTo);
            for (long target : targets(order.get(place))) {
                int successor = place(target);
                dead &= successor > place && overwrites[successor];
            }
            if (dead) {
                unit = Passes.removeDeadValues(Passes.removeDeadFlags(unit, true));
                units.set(place, unit);
            }
            overwrites[place] = overwritesFlags(unit, dead);
        }
    }

    /// The state of the flags at the beginning of a block, see [RegionFlags].
    int flagState(int place) {
        return flagStates[place];
    }

    /// Where the block at a place of the order goes on, as far as is known.
    public long[] targets(int place) {
        return targets(order.get(place));
    }

    /// From blocks to those behind them, until nothing changes. Where ways with different states
    /// meet, the flags are in the context, unless nobody looks at them.
    private void findFlagStates() {
        flagStates = new int[order.size()];
        Arrays.fill(flagStates, NOT_SEEN);
        flagStates[0] = RegionFlags.IN_CONTEXT;
        for (int place = 0; place < flagStates.length; place++) {
            if (overwritesFlags(units.get(place), false)) {
                flagStates[place] = RegionFlags.DEAD;
            }
        }
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int place = 0; place < order.size(); place++) {
                if (flagStates[place] != NOT_SEEN) {
                    changed |= passOnFlagState(place);
                }
            }
        }
    }

    private boolean passOnFlagState(int place) {
        int behind = RegionFlags.stateBehind(units.get(place), flagStates[place]);
        boolean changed = false;
        for (long target : targets(order.get(place))) {
            int successor = place(target);
            if (successor >= 0
                    && flagStates[successor] != behind
                    && flagStates[successor] != RegionFlags.DEAD) {
                int met = flagStates[successor] == NOT_SEEN ? behind : RegionFlags.IN_CONTEXT;
                changed |= flagStates[successor] != met;
                flagStates[successor] = met;
            }
        }
        return changed;
    }

    private static boolean overwritesFlags(Unit unit, boolean otherwise) {
        for (var op : unit.ops()) {
            if (Ops.writesFlags(op)) {
                return true;
            }
            if (Ops.readsFlags(op) || Ops.mayFault(op)) {
                return false;
            }
        }
        return otherwise;
    }

    private void findUses(Unit unit) {
        for (var op : unit.ops()) {
            switch (op) {
                case Op.ReadRegister(int slot) -> used.set(slot);
                case Op.WriteRegister(int slot, _) -> {
                    used.set(slot);
                    written.set(slot);
                }
                case Op.Call call when call.helper().quick().isPresent() -> {
                    quick = true;
                    if (!call.helper().returnsValue()) {
                        int slot = slot(unit, call);
                        used.set(slot, slot + 2);
                        written.set(slot, slot + 2);
                    }
                }
                case Op _ -> {}
            }
        }
    }

    /// The register slot that a call without a value works on: its first number, a constant.
    static int slot(Unit unit, Op.Call call) {
        return (int) ((Op.Const) unit.ops().get(call.arguments().getFirst())).value();
    }

    /// Whether a block uses quick forms of helpers.
    boolean isQuick() {
        return quick;
    }
}
