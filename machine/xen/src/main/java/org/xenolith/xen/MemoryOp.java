package org.xenolith.xen;

import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenErrno;

/// `XENMEM_*`, already copied out of guest memory, but for lists.
sealed interface MemoryOp {
    /// Low bits of the command; the rest says where an interrupted call continues.
    int COMMAND_BITS = 6;

    /// Increase, decrease or populate: `list` is the address of `count` gfns, of which the first
    /// `start` are done. Whatever is wrong with one ends it, and it returns how far it came.
    record Adjust(
            Adjustment adjustment,
            int domain,
            long list,
            long count,
            int order,
            int flags,
            long start)
            implements MemoryOp {}

    enum Adjustment {
        INCREASE,
        DECREASE,
        POPULATE
    }

    record Exchange(Struct.View in) implements MemoryOp {}

    record MaximumRamPage() implements MemoryOp {}

    record CurrentReservation(int domain) implements MemoryOp {}

    record MaximumReservation(int domain) implements MemoryOp {}

    record MaximumGpfn(int domain) implements MemoryOp {}

    /// `size` only counts for a range.
    record AddToPhysmap(int domain, int size, int space, long index, long gfn)
            implements MemoryOp {}

    record AddToPhysmapBatch(
            int domain, int space, int size, int extra, long indexes, long gfns, long errors)
            implements MemoryOp {}

    record RemoveFromPhysmap(int domain, long gfn) implements MemoryOp {}

    record MemoryMap(long entries, long buffer) implements MemoryOp {}

    record SetMemoryMap(int domain, long entries, long buffer) implements MemoryOp {}

    static MemoryOp parse(Call call) throws Refusal {
        // 32-bit callers pass an unsigned int, 64-bit ones an unsigned long.
        long command = call.argument(1);
        long start = command >>> COMMAND_BITS;
        int op = (int) command & (1 << COMMAND_BITS) - 1;
        long at = call.argument(2);
        return switch (op) {
            case MemoryAbi.XENMEM_increase_reservation ->
                    adjust(call, Adjustment.INCREASE, start, at);
            case MemoryAbi.XENMEM_decrease_reservation ->
                    adjust(call, Adjustment.DECREASE, start, at);
            case MemoryAbi.XENMEM_populate_physmap -> adjust(call, Adjustment.POPULATE, start, at);
            case MemoryAbi.XENMEM_exchange -> {
                fromStart(start);
                yield new Exchange(call.copyIn(MemoryAbi.EXCHANGE, at));
            }
            case MemoryAbi.XENMEM_maximum_ram_page -> {
                fromStart(start);
                yield new MaximumRamPage();
            }
            case MemoryAbi.XENMEM_current_reservation ->
                    new CurrentReservation(domain(call, start, at));
            case MemoryAbi.XENMEM_maximum_reservation ->
                    new MaximumReservation(domain(call, start, at));
            case MemoryAbi.XENMEM_maximum_gpfn -> new MaximumGpfn(domain(call, start, at));
            case MemoryAbi.XENMEM_add_to_physmap -> addToPhysmap(call, start, at);
            case MemoryAbi.XENMEM_add_to_physmap_batch -> addToPhysmapBatch(call, start, at);
            case MemoryAbi.XENMEM_remove_from_physmap -> {
                fromStart(start);
                var in = call.copyIn(MemoryAbi.REMOVE_FROM_PHYSMAP, at);
                yield new RemoveFromPhysmap(in.getInt("domid"), in.get("gpfn"));
            }
            default -> parseMaps(call, op, command, at);
        };
    }

    // These take the command as it is: with a start it names nothing.
    private static MemoryOp parseMaps(Call call, int op, long command, long at) throws Refusal {
        Refusal.unless(command == op, XenErrno.ENOSYS);
        return switch (op) {
            case MemoryAbi.XENMEM_memory_map -> {
                var in = call.copyIn(MemoryAbi.MEMORY_MAP, at);
                yield new MemoryMap(in.get("nr_entries"), in.get("buffer"));
            }
            case MemoryAbi.XENMEM_set_memory_map -> {
                var in = call.copyIn(MemoryAbi.FOREIGN_MEMORY_MAP, at);
                yield new SetMemoryMap(
                        in.getInt("domid"), in.get("map.nr_entries"), in.get("map.buffer"));
            }
            // For the control domain alone.
            case MemoryAbi.XENMEM_machine_memory_map,
                    MemoryAbi.XENMEM_set_pod_target,
                    MemoryAbi.XENMEM_get_pod_target ->
                    throw Refusal.of(XenErrno.EPERM);
            case MemoryAbi.XENMEM_acquire_resource -> throw Refusal.of(XenErrno.EACCES);
            // There is no virtual NUMA topology.
            case MemoryAbi.XENMEM_get_vnumainfo -> throw Refusal.of(XenErrno.EOPNOTSUPP);
            default -> throw Refusal.of(XenErrno.ENOSYS);
        };
    }

    private static void fromStart(long start) throws Refusal {
        Refusal.unless(start == 0, XenErrno.EINVAL);
    }

    private static int domain(Call call, long start, long at) throws Refusal {
        fromStart(start);
        return call.copyIn(MemoryAbi.DOMAIN, at).getInt("domid");
    }

    private static Adjust adjust(Call call, Adjustment adjustment, long start, long at) {
        try {
            var in = call.copyIn(MemoryAbi.RESERVATION, at);
            return new Adjust(
                    adjustment,
                    in.getInt("domid"),
                    in.get("extent_start"),
                    in.get("nr_extents"),
                    in.getInt("extent_order"),
                    in.getInt("mem_flags"),
                    start);
        } catch (Refusal _) {
            // Like every other failure of these three, it shows as no progress.
            return new Adjust(adjustment, 0, 0, 0, 0, 0, start);
        }
    }

    private static AddToPhysmap addToPhysmap(Call call, long start, long at) throws Refusal {
        Refusal.unless(start == (start & 0xFFFF), XenErrno.EDOM);
        var in = call.copyIn(MemoryAbi.ADD_TO_PHYSMAP, at);
        int space = in.getInt("space");
        Refusal.unless(space != MemoryAbi.XENMAPSPACE_gmfn_foreign, XenErrno.ENOSYS);
        int size = in.getInt("size");
        long index = in.get("idx");
        long gfn = in.get("gpfn");
        if (space == MemoryAbi.XENMAPSPACE_gmfn_range) {
            Refusal.unless(start <= size, XenErrno.EILSEQ);
            index += start;
            gfn += start;
            size -= (int) start;
        }
        return new AddToPhysmap(in.getInt("domid"), size, space, index, widen(call, gfn));
    }

    // A 32-bit caller's all-ones is no gfn either.
    private static long widen(Call call, long gfn) {
        return call.abi() == Abi.X86_32 && gfn == 0xFFFF_FFFFL ? -1 : gfn;
    }

    private static AddToPhysmapBatch addToPhysmapBatch(Call call, long start, long at)
            throws Refusal {
        Refusal.unless(start == (start & 0xFFFF), XenErrno.EDOM);
        var in = call.copyIn(MemoryAbi.ADD_TO_PHYSMAP_BATCH, at);
        int space = in.getInt("space");
        Refusal.unless(space != MemoryAbi.XENMAPSPACE_gmfn_range, XenErrno.EOPNOTSUPP);
        int size = in.getInt("size");
        Refusal.unless(start < size || start == 0 && size == 0, XenErrno.EILSEQ);
        int words = call.abi().longBytes();
        return new AddToPhysmapBatch(
                in.getInt("domid"),
                space,
                size - (int) start,
                in.getInt("u"),
                in.get("idxs") + start * words,
                in.get("gpfns") + start * words,
                in.get("errs") + start * Integer.BYTES);
    }
}
