package org.xenolith.xen;

import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.GrantTableAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenErrno;

/// The grant operations that a guest may call (`GNTTABOP_*`, xen/include/public/grant_table.h).
/// Each structure of a list has a status of its own (`GNTST_*`).
final class GrantTableOps {
    private static final int VERSION = 1;

    private final DomainId self;
    private final DomainLock lock;
    private final GuestMemory memory;
    private final GrantTable table;
    private final PhysicalMap physical;

    GrantTableOps(
            DomainId self,
            DomainLock lock,
            GuestMemory memory,
            GrantTable table,
            PhysicalMap physical) {
        this.self = self;
        this.lock = lock;
        this.memory = memory;
        this.table = table;
        this.physical = physical;
    }

    HypercallResult perform(GrantTableOp op, Call call) throws Refusal {
        switch (op) {
            case GrantTableOp.MapGrantRef(long list, int count) ->
                    forEach(call, GrantTableAbi.MAP_GRANT_REF, list, count, this::map);
            case GrantTableOp.UnmapGrantRef(long list, int count) ->
                    forEach(call, GrantTableAbi.UNMAP_GRANT_REF, list, count, this::unmap);
            case GrantTableOp.Copy(long list, int count) ->
                    forEach(call, GrantTableAbi.COPY, list, count, this::copy);
            case GrantTableOp.SwapGrantRef(long list, int count) ->
                    forEach(call, GrantTableAbi.SWAP_GRANT_REF, list, count, this::swap);
            case GrantTableOp.SetupTable setup -> setUp(setup, call);
            case GrantTableOp.QuerySize(int domain) -> querySize(domain, call);
            case GrantTableOp.SetVersion(long version) -> setVersion(version, call);
            case GrantTableOp.GetVersion(int domain) -> {
                Call.requireSelf(domain, self);
                call.copyOutField(GrantTableAbi.GET_VERSION, call.argument(2), "version", VERSION);
            }
        }
        return Call.ok();
    }

    /// What is done with one structure of a list, under the lock. Returns its status.
    private interface Step {
        int perform(Struct.View entry);
    }

    private void forEach(Call call, Struct struct, long list, int count, Step step) throws Refusal {
        for (int i = 0; i < count; i++) {
            Refusal.unless(call.spend(1), XenErrno.E2BIG);
            var entry = call.copyIn(struct, list, i);
            int status = lock.hold(() -> step.perform(entry));
            call.copyOut(struct, list, i, entry.set("status", status));
        }
    }

    private int map(Struct.View entry) {
        int flags = entry.getInt("flags");
        if ((flags & (GrantTableAbi.GNTMAP_device_map | GrantTableAbi.GNTMAP_host_map)) == 0) {
            return GrantTableAbi.GNTST_bad_gntref;
        }
        int refused =
                GrantTableAbi.GNTMAP_device_map
                        | GrantTableAbi.GNTMAP_application_map
                        | GrantTableAbi.GNTMAP_contains_pte;
        if ((flags & refused) != 0) {
            return GrantTableAbi.GNTST_general_error;
        }
        // The granting domain is named by its number.
        if (entry.getInt("dom") != self.value()) {
            return GrantTableAbi.GNTST_bad_domain;
        }
        int handle =
                table.mapLoopback(
                        self,
                        entry.getInt("ref"),
                        (flags & GrantTableAbi.GNTMAP_readonly) == 0,
                        entry.get("host_addr") >>> Sizes.PAGE_SHIFT);
        if (handle < 0) {
            return handle;
        }
        entry.set("handle", handle).set("dev_bus_addr", entry.get("host_addr"));
        return GrantTableAbi.GNTST_okay;
    }

    private int unmap(Struct.View entry) {
        return table.unmapLoopback(
                entry.getInt("handle"), entry.get("host_addr") >>> Sizes.PAGE_SHIFT);
    }

    private int swap(Struct.View entry) {
        int a = entry.getInt("ref_a");
        int b = entry.getInt("ref_b");
        if (!table.exists(a) || !table.exists(b)) {
            return GrantTableAbi.GNTST_bad_gntref;
        }
        if (table.isInUse(a) || table.isInUse(b)) {
            return GrantTableAbi.GNTST_eagain;
        }
        table.swap(a, b);
        return GrantTableAbi.GNTST_okay;
    }

    // ---------------------------------------------------------------- copies

    /// One end of a copy. `reference` is -1 for a page of the caller's own.
    private record End(int status, long gfn, int reference, boolean write) {}

    private int copy(Struct.View entry) {
        int flags = entry.getInt("flags");
        boolean sourceGranted = (flags & GrantTableAbi.GNTCOPY_source_gref) != 0;
        boolean destGranted = (flags & GrantTableAbi.GNTCOPY_dest_gref) != 0;
        int refused = refuse(entry.getInt("source.domid"), sourceGranted);
        if (refused == GrantTableAbi.GNTST_okay) {
            refused = refuse(entry.getInt("dest.domid"), destGranted);
        }
        if (refused != GrantTableAbi.GNTST_okay) {
            return refused;
        }
        var source = claim(entry, "source", sourceGranted, false);
        if (source.status != GrantTableAbi.GNTST_okay) {
            return source.status;
        }
        var dest = claim(entry, "dest", destGranted, true);
        int status = dest.status;
        if (status == GrantTableAbi.GNTST_okay) {
            status = copy(entry, source, dest);
        }
        release(dest);
        release(source);
        return status;
    }

    private int refuse(int domain, boolean granted) {
        if (domain != DomainId.SELF && !granted) {
            return GrantTableAbi.GNTST_permission_denied;
        }
        boolean own = domain == DomainId.SELF || domain == self.value();
        return own ? GrantTableAbi.GNTST_okay : GrantTableAbi.GNTST_bad_domain;
    }

    private End claim(Struct.View entry, String end, boolean granted, boolean write) {
        if (granted) {
            int reference = entry.getInt(end + ".u.ref");
            var access = table.acquire(reference, self.value(), write, false);
            boolean held = access.status() == GrantTableAbi.GNTST_okay;
            return new End(access.status(), access.gfn(), held ? reference : -1, write);
        }
        long gfn = entry.get(end + ".u.gmfn");
        boolean mapped = physical.isMapped(gfn);
        return new End(
                mapped ? GrantTableAbi.GNTST_okay : GrantTableAbi.GNTST_bad_page, gfn, -1, write);
    }

    private void release(End end) {
        if (end.reference >= 0) {
            table.release(end.reference, end.write);
        }
    }

    private int copy(Struct.View entry, End source, End dest) {
        int from = entry.getInt("source.offset");
        int to = entry.getInt("dest.offset");
        int length = entry.getInt("len");
        if (from + length > Sizes.PAGE_BYTES || to + length > Sizes.PAGE_BYTES) {
            return GrantTableAbi.GNTST_bad_copy_arg;
        }
        var bytes = memory.read((source.gfn << Sizes.PAGE_SHIFT) + from, length);
        memory.write((dest.gfn << Sizes.PAGE_SHIFT) + to, bytes);
        return GrantTableAbi.GNTST_okay;
    }

    // ---------------------------------------------------------------- the table itself

    private int statusOf(int domain) {
        if (domain == DomainId.SELF || domain == self.value()) {
            return GrantTableAbi.GNTST_okay;
        }
        return domain == DomainId.CONTROL.value()
                ? GrantTableAbi.GNTST_permission_denied
                : GrantTableAbi.GNTST_bad_domain;
    }

    private void setUp(GrantTableOp.SetupTable op, Call call) throws Refusal {
        int status = statusOf(op.domain());
        if (status == GrantTableAbi.GNTST_okay) {
            boolean fits =
                    op.frames() <= table.framesMax()
                            && lock.hold(() -> table.grow((int) op.frames()));
            status = fits ? listFrames(op, call) : GrantTableAbi.GNTST_general_error;
        }
        call.copyOutField(GrantTableAbi.SETUP_TABLE, call.argument(2), "status", status);
    }

    private int listFrames(GrantTableOp.SetupTable op, Call call) throws Refusal {
        int width = call.abi().longBytes();
        for (int i = 0; i < op.frames(); i++) {
            int index = i;
            long gfn = lock.<Long, Refusal>hold(() -> table.frame(index).gfn());
            if (call.abi() == Abi.X86_32 && gfn >>> 32 != 0) {
                return GrantTableAbi.GNTST_address_too_big;
            }
            try {
                call.copyOutNumber(op.frameList() + (long) i * width, gfn, width);
            } catch (Refusal _) {
                return GrantTableAbi.GNTST_bad_virt_addr;
            }
        }
        return GrantTableAbi.GNTST_okay;
    }

    private void querySize(int domain, Call call) throws Refusal {
        long at = call.argument(2);
        int status = statusOf(domain);
        if (status == GrantTableAbi.GNTST_okay) {
            int count = lock.hold(table::frameCount);
            call.copyOutField(GrantTableAbi.QUERY_SIZE, at, "nr_frames", count);
            call.copyOutField(GrantTableAbi.QUERY_SIZE, at, "max_nr_frames", table.framesMax());
        }
        call.copyOutField(GrantTableAbi.QUERY_SIZE, at, "status", status);
    }

    /// Only version 1 is offered, as on a Xen started with `gnttab=max-ver:1`.
    private void setVersion(long version, Call call) throws Refusal {
        call.copyOutField(GrantTableAbi.SET_VERSION, call.argument(2), "version", VERSION);
        Refusal.unless(version == 1 || version == 2, XenErrno.EINVAL);
        Refusal.unless(version == VERSION, XenErrno.ENOSYS);
    }
}
