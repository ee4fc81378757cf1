package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.DomainId;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.DomainSpec.MemoryRange;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenErrno;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The memory operations of a domain (`XENMEM_*`, xen/include/public/memory.h). A long list is
/// worked through in pieces, each under the lock.
final class MemoryOps {
    /// Largest extent that a guest may ask for: 2 MiB, as Xen's `CONFIG_DOMU_MAX_ORDER`.
    private static final int ORDER_MAX = 9;

    /// The largest list whose progress fits a command.
    private static final long EXTENTS_MAX = 0xFFFF_FFFFL >>> MemoryOp.COMMAND_BITS;

    /// Pages that are given back at a time: so often the translations of all vCPUs are dropped.
    private static final int RELEASE_PAGES = 1 << ORDER_MAX;

    private static final int FLAG_NODE_SHIFT = 8;
    private static final int FLAG_EXACT_NODE = 1 << 17;
    private static final int FLAG_VIRTUAL_NODE = 1 << 18;

    private final DomainId self;
    private final DomainLock lock;
    private final GuestMemory memory;
    private final PhysicalMap physical;
    private final SharedInfo shared;
    private final GrantTable grants;
    private List<MemoryRange> memoryMap;

    MemoryOps(
            DomainSpec spec,
            DomainLock lock,
            GuestMemory memory,
            PhysicalMap physical,
            SharedInfo shared,
            GrantTable grants) {
        this.self = spec.id();
        this.lock = lock;
        this.memory = memory;
        this.physical = physical;
        this.shared = shared;
        this.grants = grants;
        this.memoryMap = spec.memoryMap();
    }

    HypercallResult perform(MemoryOp op, Call call) throws Refusal {
        return switch (op) {
            case MemoryOp.Adjust adjust -> Call.value(adjust(adjust, call));
            case MemoryOp.Exchange(var in) -> exchange(in, call);
            case MemoryOp.MaximumRamPage _ -> Call.value(memory.frameCount());
            case MemoryOp.CurrentReservation(int domain) -> {
                Call.requireSelf(domain, self);
                yield Call.value(lock.hold(physical::pages));
            }
            case MemoryOp.MaximumReservation(int domain) -> {
                Call.requireSelf(domain, self);
                yield Call.value(lock.hold(physical::pagesMax));
            }
            case MemoryOp.MaximumGpfn(int domain) -> {
                Call.requireSelf(domain, self);
                yield Call.value(lock.hold(physical::highestGfn));
            }
            case MemoryOp.AddToPhysmap add -> add(add);
            case MemoryOp.AddToPhysmapBatch batch -> addBatch(batch, call);
            case MemoryOp.RemoveFromPhysmap(int domain, long gfn) -> {
                Call.requireSelf(domain, self);
                lock.run(() -> physical.remove(gfn));
                yield Call.ok();
            }
            case MemoryOp.MemoryMap map -> memoryMap(map, call);
            case MemoryOp.SetMemoryMap map -> setMemoryMap(map, call);
        };
    }

    // ---------------------------------------------------------------- ballooning

    /// Returns how many extents are done.
    private long adjust(MemoryOp.Adjust op, Call call) {
        boolean known = op.domain() == DomainId.SELF || op.domain() == self.value();
        boolean acceptable =
                known
                        && op.count() >= 0
                        && op.count() <= EXTENTS_MAX
                        && Integer.compareUnsigned(op.order(), ORDER_MAX) <= 0
                        && acceptableFlags(op.flags());
        if (!acceptable) {
            return op.start();
        }
        return op.adjustment() == MemoryOp.Adjustment.DECREASE
                ? decrease(op, call)
                : grow(op, call);
    }

    private long grow(MemoryOp.Adjust op, Call call) {
        long done = op.start();
        try {
            while (done < op.count() && call.spend(1 << op.order()) && growOne(op, done, call)) {
                done++;
            }
        } catch (Refusal _) {
            // The list ends where it cannot be read.
            return done;
        }
        return done;
    }

    private static boolean acceptableFlags(int flags) {
        boolean onDemand = (flags & MemoryAbi.XENMEMF_populate_on_demand) != 0;
        boolean exactNode =
                (flags & FLAG_EXACT_NODE) != 0 && (flags >>> FLAG_NODE_SHIFT & 0xFF) != 0;
        return !onDemand && !exactNode && (flags & FLAG_VIRTUAL_NODE) == 0;
    }

    private boolean growOne(MemoryOp.Adjust op, long index, Call call) throws Refusal {
        int pages = 1 << op.order();
        if (op.adjustment() == MemoryOp.Adjustment.INCREASE) {
            return lock.hold(() -> physical.reserve(pages));
        }
        long gfn = call.copyInLong(op.list(), (int) index);
        return lock.hold(() -> {
            for (int i = 0; i < pages; i++) {
                if (!physical.populate(gfn + i)) {
                    return false;
                }
            }
            return true;
        });
    }

    private long decrease(MemoryOp.Adjust op, Call call) {
        long done = op.start();
        int extentsMax = RELEASE_PAGES >> op.order();
        while (done < op.count()) {
            int wanted = (int) Math.min(extentsMax, op.count() - done);
            var gfns = pages(op, done, wanted, call);
            int released = lock.hold(() -> physical.giveBack(gfns)) >> op.order();
            done += released;
            if (released < wanted) {
                return done;
            }
        }
        return done;
    }

    /// The gfns of so many extents, or of those before the first that cannot be read or is more
    /// than the call may do.
    private static long[] pages(MemoryOp.Adjust op, long from, int extents, Call call) {
        int pages = 1 << op.order();
        var gfns = new long[extents * pages];
        int count = 0;
        try {
            for (int i = 0; i < extents && call.spend(pages); i++) {
                long first = call.copyInLong(op.list(), (int) from + i);
                for (int page = 0; page < pages; page++) {
                    gfns[count++] = first + page;
                }
            }
        } catch (Refusal _) {
            return Arrays.copyOf(gfns, count);
        }
        return Arrays.copyOf(gfns, count);
    }

    /// `XENMEM_exchange` trades pages for contiguous ones, which a guest with a memory map of its
    /// own cannot: Xen checks all that it would check, and refuses.
    private HypercallResult exchange(Struct.View in, Call call) throws Refusal {
        int inOrder = in.getInt("in.extent_order");
        int outOrder = in.getInt("out.extent_order");
        boolean ordersAllowed =
                Integer.compareUnsigned(inOrder, ORDER_MAX) <= 0
                        && Integer.compareUnsigned(outOrder, ORDER_MAX) <= 0;
        Refusal.unless(ordersAllowed, XenErrno.EPERM);
        long inCount = in.get("in.nr_extents");
        long outCount = in.get("out.nr_extents");
        long max = call.abi() == Abi.X86_64 ? -1L : 0xFFFF_FFFFL;
        boolean sane =
                Long.compareUnsigned(in.get("nr_exchanged"), inCount) <= 0
                        && in.get("in.domid") == in.get("out.domid")
                        && Long.compareUnsigned(inCount, max >>> inOrder) <= 0
                        && Long.compareUnsigned(outCount, max >>> outOrder) <= 0
                        && inCount << inOrder == outCount << outOrder;
        Refusal.unless(sane, XenErrno.EINVAL);
        if (in.get("nr_exchanged") == inCount) {
            return Call.ok();
        }
        Call.requireSelf(in.getInt("in.domid"), self);
        long first = call.copyInLong(in.get("in.extent_start"), 0);
        boolean mapped = lock.hold(() -> physical.isMapped(first));
        throw Refusal.of(mapped ? XenErrno.EOPNOTSUPP : XenErrno.EINVAL);
    }

    // ---------------------------------------------------------------- the memory map of the guest

    private HypercallResult add(MemoryOp.AddToPhysmap op) throws Refusal {
        requireOwn(op.domain(), op.space());
        Refusal.unless(op.gfn() != -1, XenErrno.EINVAL);
        if (op.space() != MemoryAbi.XENMAPSPACE_gmfn_range) {
            lock.run(() -> addOne(op.space(), op.index(), op.gfn()));
            return Call.ok();
        }
        boolean overflow =
                Long.compareUnsigned(op.gfn() + op.size(), op.gfn()) < 0
                        || Long.compareUnsigned(op.index() + op.size(), op.index()) < 0;
        Refusal.unless(!overflow, XenErrno.EOVERFLOW);
        // Overlapping ranges are moved from the end that is not overwritten.
        boolean backwards =
                Long.compareUnsigned(op.gfn(), op.index()) > 0
                        && Long.compareUnsigned(op.gfn(), op.index() + op.size()) < 0;
        for (int i = 0; i < op.size(); i++) {
            long offset = backwards ? op.size() - 1 - i : i;
            lock.run(() ->
                    addOne(MemoryAbi.XENMAPSPACE_gmfn, op.index() + offset, op.gfn() + offset));
        }
        return Call.ok();
    }

    private void requireOwn(int domain, int space) throws Refusal {
        Refusal.unless(
                space != MemoryAbi.XENMAPSPACE_dev_mmio
                        || domain != DomainId.SELF && domain != self.value(),
                XenErrno.EACCES);
        Call.requireSelf(domain, self);
    }

    private void addOne(int space, long index, long gfn) throws Refusal {
        switch (space) {
            case MemoryAbi.XENMAPSPACE_shared_info -> {
                Refusal.unless(index == 0, XenErrno.EINVAL);
                physical.mapSpecial(shared.page(), gfn);
            }
            case MemoryAbi.XENMAPSPACE_grant_table -> physical.mapSpecial(grants.frame(index), gfn);
            case MemoryAbi.XENMAPSPACE_gmfn -> physical.move(index, gfn);
            // No other domain's memory may be mapped.
            case MemoryAbi.XENMAPSPACE_gmfn_foreign -> throw Refusal.of(XenErrno.EPERM);
            default -> throw Refusal.of(XenErrno.EINVAL);
        }
    }

    private HypercallResult addBatch(MemoryOp.AddToPhysmapBatch op, Call call) throws Refusal {
        requireOwn(op.domain(), op.space());
        for (int i = 0; i < op.size(); i++) {
            long index = call.copyInLong(op.indexes(), i);
            long gfn = call.copyInLong(op.gfns(), i);
            boolean noGfn = gfn == -1 || call.abi() == Abi.X86_32 && gfn == 0xFFFF_FFFFL;
            Refusal.unless(!noGfn, XenErrno.EINVAL);
            long error = 0;
            try {
                lock.run(() -> addOne(op.space(), index, gfn));
            } catch (Refusal refusal) {
                error = refusal.errno().negative();
            }
            call.copyOutNumber(op.errors() + (long) i * Integer.BYTES, error, Integer.BYTES);
        }
        return Call.ok();
    }

    // ---------------------------------------------------------------- the e820 map

    private HypercallResult memoryMap(MemoryOp.MemoryMap op, Call call) throws Refusal {
        var ranges = lock.hold(() -> memoryMap);
        Refusal.unless(!ranges.isEmpty(), XenErrno.ENOSYS);
        int count = (int) Math.min(op.entries(), ranges.size());
        var entries =
                ByteBuffer.allocate(count * MemoryAbi.E820_ENTRY_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (var range : ranges.subList(0, count)) {
            entries.putLong(range.address()).putLong(range.bytes()).putInt(range.type());
        }
        call.copyOut(op.buffer(), entries.array());
        call.copyOutField(MemoryAbi.MEMORY_MAP, call.argument(2), "nr_entries", count);
        return Call.ok();
    }

    private HypercallResult setMemoryMap(MemoryOp.SetMemoryMap op, Call call) throws Refusal {
        Refusal.unless(op.entries() <= DomainSpec.MEMORY_RANGES_MAX, XenErrno.EINVAL);
        Call.requireSelf(op.domain(), self);
        var bytes = call.copyIn(op.buffer(), (int) op.entries() * MemoryAbi.E820_ENTRY_BYTES);
        var entries = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        var ranges = new ArrayList<MemoryRange>();
        while (entries.hasRemaining()) {
            ranges.add(new MemoryRange(entries.getLong(), entries.getLong(), entries.getInt()));
        }
        lock.run(() -> {
            memoryMap = List.copyOf(ranges);
        });
        return Call.ok();
    }

    record State(List<MemoryRange> memoryMap) {
        State {
            memoryMap = List.copyOf(memoryMap);
            require(
                    memoryMap.size() <= DomainSpec.MEMORY_RANGES_MAX,
                    "a memory map has at most 128 ranges");
        }
    }

    State capture() {
        return new State(memoryMap);
    }

    void restore(State state) {
        memoryMap = state.memoryMap;
    }
}
