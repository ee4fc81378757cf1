package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.XenErrno;

import java.util.HashMap;
import java.util.Map;

/// Which pages a domain has and where: balloon, moves, and pages that Xen lends it. Guarded by the
/// domain's lock.
///
/// Counts as Xen does: a page that the guest unhooks without giving it back
/// (`XENMEM_remove_from_physmap`, or by putting another in its place) still counts, though its
/// content is gone.
final class PhysicalMap {
    private final GuestMemory memory;
    private final long pagesMax;
    private long pages;
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
        this.highestGfn =
                spec.memoryMap().stream()
                        .mapToLong(range -> range.address() + range.bytes() - 1 >>> 12)
                        .filter(gfn -> memory.frameAt(gfn) >= 0)
                        .max()
                        .orElse(Math.max(0, pages - 1));
    }

    /// Pages that the domain has (`XENMEM_current_reservation`).
    long pages() {
        return pages;
    }

    long pagesMax() {
        return pagesMax;
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

    /// Gives the page at `gfn` back. False if there is none, or it is in use by a grant mapping.
    boolean giveBack(long gfn) {
        return !isGrantInvolved(gfn) && unhook(gfn);
    }

    /// Whether moving or freeing `gfn` would pull a page from under a grant mapping.
    private boolean isGrantInvolved(long gfn) {
        return grantMapped.containsKey(gfn) || grantUses.containsKey(memory.frameAt(gfn));
    }

    private boolean unhook(long gfn) {
        if (special.containsKey(gfn)) {
            unhookSpecial(gfn);
            memory.unmap(gfn);
            return true;
        }
        int frame = memory.unmap(gfn);
        if (frame < 0) {
            return false;
        }
        memory.freeFrame(frame);
        pages--;
        return true;
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
        boolean ram = !special.containsKey(gfn);
        unhook(gfn);
        if (ram) {
            pages++;
        }
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

    /// Pages, and the highest gfn ever used.
    record State(long pages, long highestGfn) {
        State {
            require(pages >= 0, "a domain has a number of pages");
            require(GuestMemory.isAddressable(highestGfn), "a gfn is within guest memory");
        }
    }

    State capture() {
        return new State(pages, highestGfn);
    }

    void restore(State state) {
        pages = state.pages;
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
