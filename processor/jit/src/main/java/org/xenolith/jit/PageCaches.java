package org.xenolith.jit;

import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which accesses of a region share a page cache ([PageCache]). Those do whose addresses are made
/// from the same registers, for they tend to stay on a page; and among them those that look into a
/// small table, for they stay on one page or on two.
///
/// A register that is loaded from memory and used for one access only, as one that follows a list,
/// has none: it would hardly ever find its page.
final class PageCaches {
    /// Caches in a region at most: each takes two local variables, or five.
    static final int CACHES_MAX = 10;

    /// A table that is not larger is on two pages at most.
    private static final int TABLE_BYTES_MAX = 4096;

    /// What an address is made from, as register slots.
    private record Key(BitSet registers, boolean write, boolean table) {
        static Key of(Unit unit, int address, boolean write) {
            return new Key(sources(unit, address), write, !write && isInTable(unit.ops(), address));
        }
    }

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

    /// Whether a cache is for accesses that look into tables.
    boolean isForTables(int cache) {
        return caches.entrySet().stream()
                .anyMatch(entry -> entry.getValue() == cache && entry.getKey().table);
    }

    /// The cache for an access of `unit` at the value `address`, or -1 if it has none.
    int cache(Unit unit, int address, boolean write) {
        return caches.getOrDefault(Key.of(unit, address, write), -1);
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
                var key = Key.of(unit, address, !(op instanceof Op.Load));
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
        return key.table
                || key.registers.cardinality() != 1
                || gains.get(key.registers.nextSetBit(0)) > 0;
    }

    private static boolean isLoaded(Unit unit, int value) {
        return switch (unit.ops().get(value)) {
            case Op.Load _ -> true;
            case Op.Convert(_, _, _, int from) -> isLoaded(unit, from);
            case Op _ -> false;
        };
    }

    /// Whether an address is that of a small table and an index of few bits.
    private static boolean isInTable(List<Op> ops, int address) {
        return switch (ops.get(address)) {
            case Op.Binary(var kind, _, int left, int right) when kind == BinaryKind.ADD ->
                    isInTable(ops, left)
                            || isInTable(ops, right)
                            || isIndex(ops, left)
                            || isIndex(ops, right);
            case Op _ -> false;
        };
    }

    private static boolean isIndex(List<Op> ops, int value) {
        long most = most(ops, value);
        return most > 0 && most < TABLE_BYTES_MAX;
    }

    /// The greatest number that a value can be if a few bits are all that it is made from; -1 if it
    /// is not known.
    private static long most(List<Op> ops, int value) {
        return switch (ops.get(value)) {
            case Op.ReadRegister(int slot) -> mostWritten(ops, slot, value);
            case Op.Load(var width, _) when width.bits() <= Short.SIZE -> width.mask();
            case Op.Convert(_, var from, _, int of) when from.bits() <= Byte.SIZE -> from.mask();
            case Op.Convert(boolean signed, _, _, int of) when !signed -> most(ops, of);
            case Op.Binary(var kind, _, int left, int right) when kind == BinaryKind.AND ->
                    ops.get(right) instanceof Op.Const(_, long mask) ? mask : -1;
            case Op.Binary(var kind, _, int left, int right) when kind == BinaryKind.SHIFT_LEFT ->
                    ops.get(right) instanceof Op.Const(_, long count) && count < Short.SIZE
                            ? most(ops, left) << count
                            : -1;
            case Op _ -> -1;
        };
    }

    /// The same of what a register has got before `end`.
    private static long mostWritten(List<Op> ops, int slot, int end) {
        for (int index = end - 1; index >= 0; index--) {
            if (ops.get(index) instanceof Op.WriteRegister(int to, int value) && to == slot) {
                return most(ops, value);
            }
        }
        return -1;
    }

    /// The registers that an address is computed from; none for a constant, or for one that comes
    /// from elsewhere.
    private static BitSet sources(Unit unit, int address) {
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
