package org.xenolith.baseline;

import org.xenolith.ir.HostInstruction.Part;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Width;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Which accesses of a block are so near each other, at fixed distances, that they are on one page
/// mostly: what a function saves on its stack, the members of a structure, what is read, changed
/// and written back. The first of a group looks for the page of all; see [AccessCode]. A group ends
/// with its block, also within a trace ([Traces]): what lies behind may never be executed.
final class PageGroups {
    /// How many groups may be open at a time.
    static final int PLACES = 4;

    /// From the first to the last byte of a group. The longer, the more are on two pages.
    private static final int BYTES_MAX = 512;

    /// An access: `distance` bytes from the value `root`.
    private record Access(int root, long distance, int bytes, boolean write) {}

    /// Accesses to the bytes from `low` to `high`, as distances from the first access's address.
    static final class Group {
        private final Access first;
        private final int head;
        private int last;
        private int low;
        private int high;
        private boolean write;
        private int place = -1;

        private Group(int index, Access first) {
            this.first = first;
            head = index;
            last = index;
            high = first.bytes;
            write = first.write;
        }

        private boolean add(int index, Access access) {
            long from = access.distance - first.distance;
            if (from < -BYTES_MAX || from > BYTES_MAX) {
                return false;
            }
            int least = Math.min(low, (int) from);
            int most = Math.max(high, (int) from + access.bytes);
            if (most - least > BYTES_MAX) {
                return false;
            }
            low = least;
            high = most;
            write |= access.write;
            last = index;
            return true;
        }

        int low() {
            return low;
        }

        int high() {
            return high;
        }

        /// Whether one of the accesses writes.
        boolean writes() {
            return write;
        }

        /// Where the frame says where the group's bytes are.
        int place() {
            return place;
        }
    }

    private final Plan plan;
    private final Group[] groups;
    private final Access[] accesses;

    PageGroups(Plan plan) {
        this.plan = plan;
        groups = new Group[plan.size()];
        accesses = new Access[plan.size()];
        var open = new HashMap<Integer, Group>();
        for (int index = 0; index < plan.size(); index++) {
            if (!plan.isSkipped(index)) {
                add(index, open);
            }
        }
        givePlaces();
    }

    /// The group of an access, or null if it is in none.
    Group of(int index) {
        return groups[index];
    }

    boolean isFirst(int index) {
        return groups[index].head == index;
    }

    /// From the address of the group's first access to that of this one.
    int distance(int index) {
        return (int) (accesses[index].distance - groups[index].first.distance);
    }

    private void add(int index, Map<Integer, Group> open) {
        var op = plan.op(index);
        if (op.endsUnit() || op instanceof Op.Call call && changesPages(call)) {
            open.clear();
            return;
        }
        var access =
                switch (op) {
                    case Op.Load(var width, int address) -> access(address, width.bytes(), false);
                    case Op.Store(var width, int address, _) ->
                            access(address, width.bytes(), true);
                    case Op.StorePair(int address, _, _) -> access(address, 2 * Long.BYTES, true);
                    case Op.StoreConditional(var width, int address, _, _) ->
                            access(address, width.bytes(), true);
                    case Op.Host host when host.instruction().rm() instanceof Part.Memory memory ->
                            access(host.address(), memory.bytes(), memory.written());
                    case Op _ -> null;
                };
        if (access == null) {
            return;
        }
        accesses[index] = access;
        var group = open.get(access.root);
        if (group == null || !group.add(index, access)) {
            group = new Group(index, access);
            open.put(access.root, group);
        }
        groups[index] = group;
    }

    /// Whether other pages may be where they were, or others be allowed, after a call.
    private static boolean changesPages(Op.Call call) {
        return call.helper().enters().isPresent()
                || StringCode.canDo(call)
                || Ops.mayChangeAnything(call);
    }

    private Access access(int address, int bytes, boolean write) {
        long distance = 0;
        int root = plan.home(address);
        while (plan.op(root) instanceof Op.Binary(var kind, var width, int left, int right)
                && (kind == BinaryKind.ADD || kind == BinaryKind.SUB)
                && width == Width.W64
                && plan.isConstant(right)) {
            long number = plan.constant(right, width);
            distance += kind == BinaryKind.ADD ? number : -number;
            root = plan.home(left);
        }
        return plan.isConstant(root) ? null : new Access(root, distance, bytes, write);
    }

    /// A group of one is none, nor is one for which there is no place.
    private void givePlaces() {
        var until = new int[PLACES];
        Arrays.fill(until, -1);
        for (int index = 0; index < groups.length; index++) {
            var group = groups[index];
            if (group != null && group.head == index && group.last > index) {
                for (int place = 0; place < PLACES && group.place < 0; place++) {
                    if (until[place] < index) {
                        until[place] = group.last;
                        group.place = place;
                    }
                }
            }
        }
        for (int index = 0; index < groups.length; index++) {
            if (groups[index] != null && groups[index].place < 0) {
                groups[index] = null;
            }
        }
    }
}
