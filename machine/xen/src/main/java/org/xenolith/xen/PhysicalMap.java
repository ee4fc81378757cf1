package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.stream.LongStream;

/// Which pages a domain has and where: balloon, moves, and pages that Xen lends it. Guarded by the
/// domain's lock.
///
/// Counts as Xen does: a page that the guest unhooks without giving it back
/// (`XENMEM_remove_from_physmap`, or by putting another in its place) still counts, though its
/// content is gone.
///
/// A domain may begin with more RAM on its map than it has pages, as one that Xen populates on
/// demand: then the first pages that it gives back are those that it never had.
final class PhysicalMap {
    private final GuestMemory memory;
    private long pagesMax;
    private long pages;

    /// Pages on the map that do not count yet.
    private long onDemand;

    private long highestGfn;

    /// Pages of ours by where they are. Follows from the special pages themselves.
    private final Map<Long, SpecialPage> special = new HashMap<>();

    /// Loopback grant mappings by place, and how many each frame has. Not state: a domain that has
    /// some cannot be moved.
    private final Map<Long, Integer> grantMapped = new HashMap<>();

    private final Map<Integer, Integer> grantUses = new HashMap<>();

    PhysicalMap(DomainSpec spec, GuestMemory memory) {
        this.memory = memory;
        this.pagesMax = spec.memoryPagesMax();
        this.pages = spec.memoryPages();
        this.onDemand = Math.max(0, mappedRam(spec, memory) - pages);
        this.highestGfn =
                spec.memoryMap().stream()
                        .mapToLong(range -> range.address() + range.bytes() - 1 >>> 12)
                        .filter(gfn -> memory.frameAt(gfn) >= 0)
                        .max()
                        .orElse(Math.max(0, pages - 1));
    }

    private static long mappedRam(DomainSpec spec, GuestMemory memory) {
        return spec.memoryMap().stream()
                .filter(range -> range.type() == MemoryAbi.E820_RAM)
                .flatMapToLong(range ->
                        LongStream.range(
                                range.address() >>> Sizes.PAGE_SHIFT,
                                range.address() + range.bytes() >>> Sizes.PAGE_SHIFT))
                .filter(gfn -> memory.frameAt(gfn) >= 0)
                .count();
    }

    /// Pages that the domain has (`XENMEM_current_reservation`).
    long pages() {
        return pages;
    }

    long pagesMax() {
        return pagesMax;
    }

    /// Sets how many pages the domain may have; those that it has stay (`XEN_DOMCTL_max_mem`).
    void limit(long count) {
        pagesMax = count;
    }

    /// The domain is to have `count` pages: of what is on its map that much counts
    /// (`XENMEM_set_pod_target`).
    void setTarget(long count) {
        long more = Math.clamp(count - pages, 0, onDemand);
        pages += more;
        onDemand -= more;
    }

    long highestGfn() {
        return highestGfn;
    }

    boolean isMapped(long gfn) {
        return memory.frameAt(gfn) >= 0;
    }

    /// Takes pages without a place, which no guest with a memory map of its own can use. Returns
    /// whether there was room.
    boolean reserve(long count) {
        if (count > pagesMax - pages) {
            return false;
        }
        pages += count;
        return true;
    }

    /// Puts a fresh page of zeros at `gfn`. False if there is none to have, or no such place.
    boolean populate(long gfn) {
        if (!GuestMemory.isAddressable(gfn) || pages >= pagesMax || isGrantInvolved(gfn)) {
            return false;
        }
        int old = memory.frameAt(gfn);
        boolean replacesRam = old >= 0 && !special.containsKey(gfn);
        int frame = memory.allocateFrame();
        if (frame < 0) {
            return false;
        }
        unhookSpecial(gfn);
        memory.map(gfn, frame);
        if (replacesRam) {
            memory.freeFrame(old);
        }
        pages++;
        highestGfn = Math.max(highestGfn, gfn);
        return true;
    }

    /// Gives pages back, one after the other, up to the first that is not there or is in use by a
    /// grant mapping. Returns how many.
    int giveBack(long[] gfns) {
        int done = 0;
        while (done < gfns.length) {
            int run = plainRun(gfns, done);
            if (run > 0) {
                memory.release(gfns, done, run);
                lose(run);
                done += run;
            } else if (!isGrantInvolved(gfns[done]) && unhook(gfns[done])) {
                done++;
            } else {
                return done;
            }
        }
        return done;
    }

    /// How many from index `from` on are RAM that nobody uses, each another page.
    private int plainRun(long[] gfns, int from) {
        var seen = new HashSet<Long>();
        int index = from;
        while (index < gfns.length
                && isMapped(gfns[index])
                && !special.containsKey(gfns[index])
                && !isGrantInvolved(gfns[index])
                && seen.add(gfns[index])) {
            index++;
        }
        return index - from;
    }

    private void lose(long count) {
        long uncounted = Math.min(count, onDemand);
        onDemand -= uncounted;
        pages -= count - uncounted;
    }

    /// Whether moving or freeing `gfn` would pull a page from under a grant mapping.
    private boolean isGrantInvolved(long gfn) {
        return grantMapped.containsKey(gfn) || grantUses.containsKey(memory.frameAt(gfn));
    }

    private boolean unhook(long gfn) {
        boolean ram = isMapped(gfn) && !special.containsKey(gfn);
        boolean done = clear(gfn);
        if (ram) {
            lose(1);
        }
        return done;
    }

    /// As [#unhook], but RAM goes on counting.
    private boolean clear(long gfn) {
        boolean ours = special.containsKey(gfn);
        unhookSpecial(gfn);
        int frame = memory.unmap(gfn);
        if (frame >= 0 && !ours) {
            memory.freeFrame(frame);
        }
        return frame >= 0;
    }

    private void unhookSpecial(long gfn) {
        var page = special.remove(gfn);
        if (page != null) {
            page.unhooked();
        }
    }

    /// Unhooks the page at `gfn`; it goes on counting (`XENMEM_remove_from_physmap`).
    void remove(long gfn) throws Refusal {
        Refusal.unless(isMapped(gfn), XenErrno.ENOENT);
        Refusal.unless(!isGrantInvolved(gfn), XenErrno.EBUSY);
        clear(gfn);
    }

    /// Shows a page of ours at `gfn`; RAM that was there is given back.
    void mapSpecial(SpecialPage page, long gfn) throws Refusal {
        Refusal.unless(GuestMemory.isAddressable(gfn), XenErrno.EINVAL);
        Refusal.unless(!isGrantInvolved(gfn), XenErrno.EBUSY);
        if (page.gfn() == gfn) {
            return;
        }
        unhook(gfn);
        if (page.gfn() != SpecialPage.NO_GFN) {
            special.remove(page.gfn());
        }
        page.map(gfn);
        special.put(gfn, page);
        highestGfn = Math.max(highestGfn, gfn);
    }

    /// Moves RAM from `from` to `to`, where what was there is given back (`XENMAPSPACE_gmfn`).
    void move(long from, long to) throws Refusal {
        Refusal.unless(isMapped(from), XenErrno.EACCES);
        Refusal.unless(!special.containsKey(from), XenErrno.EINVAL);
        Refusal.unless(GuestMemory.isAddressable(to), XenErrno.EINVAL);
        Refusal.unless(!isGrantInvolved(from) && !isGrantInvolved(to), XenErrno.EBUSY);
        if (from == to) {
            return;
        }
        unhook(to);
        int frame = memory.unmap(from);
        Bug.check(frame >= 0, "a mapped page has a frame");
        memory.map(to, frame);
        highestGfn = Math.max(highestGfn, to);
    }

    // ---------------------------------------------------------------- loopback grant mappings

    /// Shows the page at `source` at `gfn` too. RAM that was there is lost, as in Xen. False if
    /// that cannot be.
    boolean mapGrant(long gfn, long source) {
        int frame = memory.frameAt(source);
        if (frame < 0
                || special.containsKey(source)
                || special.containsKey(gfn)
                || grantMapped.containsKey(source)
                || isGrantInvolved(gfn)
                || gfn == source
                || !GuestMemory.isAddressable(gfn)) {
            return false;
        }
        int old = memory.unmap(gfn);
        if (old >= 0) {
            memory.freeFrame(old);
        }
        memory.map(gfn, frame);
        grantMapped.put(gfn, frame);
        grantUses.merge(frame, 1, Integer::sum);
        return true;
    }

    /// Ends [#mapGrant]; a hole remains. False if `gfn` shows no grant.
    boolean unmapGrant(long gfn) {
        var frame = grantMapped.remove(gfn);
        if (frame == null) {
            return false;
        }
        memory.unmap(gfn);
        grantUses.computeIfPresent(frame, (_, uses) -> uses == 1 ? null : uses - 1);
        return true;
    }

    // ---------------------------------------------------------------- state

    /// Pages, how many more are on the map and do not count, how many there may be, and the highest
    /// gfn ever used.
    record State(long pages, long onDemand, long pagesMax, long highestGfn) {
        State {
            require(pages >= 0 && onDemand >= 0 && pagesMax >= 0, "a domain has a number of pages");
            require(GuestMemory.isAddressable(highestGfn), "a gfn is within guest memory");
        }
    }

    State capture() {
        return new State(pages, onDemand, pagesMax, highestGfn);
    }

    void restore(State state) {
        pages = state.pages;
        onDemand = state.onDemand;
        pagesMax = state.pagesMax;
        highestGfn = state.highestGfn;
        special.clear();
        grantMapped.clear();
        grantUses.clear();
    }

    /// After a restore: `page` is where its state says.
    void found(SpecialPage page) {
        if (page.gfn() != SpecialPage.NO_GFN) {
            special.put(page.gfn(), page);
        }
    }

    /// The byte of [GuestMemory#segment] where the page at `gfn` begins, or [Words#NOWHERE].
    long place(long gfn) {
        return GuestMemory.isAddressable(gfn)
                ? memory.hostOffset(gfn << Sizes.PAGE_SHIFT)
                : Words.NOWHERE;
    }
}
