package org.xenolith.jit;

import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which accesses of a region share a page cache: the last page that they have found, in local
/// variables. Those do whose addresses are made from the same registers, for they tend to stay on a
/// page.
///
/// A register that is loaded from memory and used for one access only, as one that follows a list,
/// has none: it would hardly ever find its page.
final class PageCaches {
    /// Caches in a region at most: each takes two local variables.
    static final int CACHES_MAX = 10;

    /// What an address is made from, as register slots.
    private record Key(BitSet registers, boolean write) {}

    private final Map<Key, Long> weights = new HashMap<>();
    private final Map<Key, Integer> caches = new HashMap<>();

    /// By register: accesses whose address is that register and a constant, less the loads that
    /// replace it.
    private final Map<Integer, Integer> gains = new HashMap<>();

    PageCaches(RegionFlow flow) {
        for (int place = 0; place < flow.order().size(); place++) {
            count(flow.unit(place), flow.order().get(place).weight());
        }
        weights.entrySet().stream()
                .filter(entry -> isWorthwhile(entry.getKey()))
                .sorted(Map.Entry.<Key, Long>comparingByValue().reversed())
                .limit(CACHES_MAX)
                .forEach(entry -> caches.put(entry.getKey(), caches.size()));
    }

    int count() {
        return caches.size();
    }

    /// The cache for an access of `unit` at the value `address`, or -1 if it has none.
    int cache(Unit unit, int address, boolean write) {
        return caches.getOrDefault(new Key(registers(unit, address), write), -1);
    }

    private void count(Unit unit, long weight) {
        for (var op : unit.ops()) {
            int address =
                    switch (op) {
                        case Op.Load(_, int at) -> at;
                        case Op.Store(_, int at, _) -> at;
                        case Op.StorePair(int at, _, _) -> at;
                        case Op.StoreConditional(_, int at, _, _) -> at;
                        case Op _ -> -1;
                    };
            if (address >= 0) {
                var key = new Key(registers(unit, address), !(op instanceof Op.Load));
                weights.merge(key, weight, Long::sum);
                if (key.registers.cardinality() == 1) {
                    gains.merge(key.registers.nextSetBit(0), 1, Integer::sum);
                }
            }
            if (op instanceof Op.WriteRegister(int slot, int value) && isLoaded(unit, value)) {
                gains.merge(slot, -1, Integer::sum);
            }
        }
    }

    private boolean isWorthwhile(Key key) {
        return key.registers.cardinality() != 1 || gains.get(key.registers.nextSetBit(0)) > 0;
    }

    private static boolean isLoaded(Unit unit, int value) {
        return switch (unit.ops().get(value)) {
            case Op.Load _ -> true;
            case Op.Convert(_, _, _, int from) -> isLoaded(unit, from);
            case Op _ -> false;
        };
    }

    /// The registers that an address is computed from; none for a constant, or for one that comes
    /// from elsewhere.
    private static BitSet registers(Unit unit, int address) {
        var registers = new BitSet();
        collect(unit.ops(), address, registers);
        return registers;
    }

    private static void collect(List<Op> ops, int value, BitSet registers) {
        switch (ops.get(value)) {
            case Op.ReadRegister(int slot) -> registers.set(slot);
            case Op.Binary(var kind, _, int left, int right)
                    when kind == BinaryKind.ADD
                            || kind == BinaryKind.SUB
                            || kind == BinaryKind.SHIFT_LEFT -> {
                collect(ops, left, registers);
                collect(ops, right, registers);
            }
            case Op.Convert(_, _, _, int from) -> collect(ops, from, registers);
            case Op.Const _ -> {}
            case Op op -> {
                for (int operand : Ops.isPure(op) ? Ops.operands(op) : new int[0]) {
                    collect(ops, operand, registers);
                }
            }
        }
    }
}
