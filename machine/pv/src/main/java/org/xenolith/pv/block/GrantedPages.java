package org.xenolith.pv.block;

import org.xenolith.base.Bug;
import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.xen.GrantMapping;
import org.xenolith.xen.XenDomain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The guest's pages that the requests of one ring use. Every mapping ends with its request, but
/// for persistent grants, which a front end uses again and again: of those the most recently used
/// [#PERSISTENT_MAX] stay mapped until [#close].
///
/// May be used from any thread.
final class GrantedPages implements AutoCloseable {
    /// Mappings kept between requests. They save little here, where a mapping is no more than an
    /// entry in a table: fewer than a front end may have are enough.
    static final int PERSISTENT_MAX = 512;

    private final XenDomain domain;
    private final boolean persistent;

    /// By reference, the least recently used first.
    private final Map<Integer, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);

    private int inUse;

    private static final class Kept {
        private final GrantMapping mapping;
        private int users;

        Kept(GrantMapping mapping) {
            this.mapping = mapping;
        }
    }

    /// A page for as long as a request uses it.
    final class Page implements AutoCloseable {
        private final GrantMapping mapping;

        /// Null for a mapping of this request alone.
        private final Kept keeper;

        private Page(GrantMapping mapping, Kept keeper) {
            this.mapping = mapping;
            this.keeper = keeper;
        }

        /// Guest-physical address of its first byte.
        long address() {
            return mapping.gfn() << Sizes.PAGE_SHIFT;
        }

        @Override
        public void close() {
            release(this);
        }
    }

    /// @param persistent the front end has said that it uses its grants again
    GrantedPages(XenDomain domain, boolean persistent) {
        this.domain = domain;
        this.persistent = persistent;
    }

    /// A page granted under `reference`; empty if it is not, or only for reading and `write` is
    /// set.
    Optional<Page> claim(int reference, boolean write) {
        return persistent ? claimPersistent(reference, write) : claimOnce(reference, write);
    }

    private Optional<Page> claimOnce(int reference, boolean write) {
        var mapping = domain.mapGrant(DomainId.CONTROL, reference, write);
        mapping.ifPresent(_ -> count(1));
        return mapping.map(granted -> new Page(granted, null));
    }

    private synchronized void count(int more) {
        inUse += more;
    }

    private Optional<Page> claimPersistent(int reference, boolean write) {
        var page = use(reference);
        if (page.isPresent()) {
            return page;
        }
        // Persistent grants are for both directions; what is not stays with its request.
        var mapping = domain.mapGrant(DomainId.CONTROL, reference, true);
        return mapping.isPresent()
                ? Optional.of(keep(reference, mapping.get()))
                : write ? Optional.empty() : claimOnce(reference, false);
    }

    private synchronized Optional<Page> use(int reference) {
        var found = kept.get(reference);
        if (found == null) {
            return Optional.empty();
        }
        found.users++;
        inUse++;
        return Optional.of(new Page(found.mapping, found));
    }

    private Page keep(int reference, GrantMapping mapping) {
        var toClose = new ArrayList<GrantMapping>();
        Page page;
        synchronized (this) {
            inUse++;
            var found = kept.get(reference);
            if (found == null && makeRoom(toClose)) {
                found = new Kept(mapping);
                kept.put(reference, found);
            } else if (found != null) {
                toClose.add(mapping); // another request was faster
            }
            if (found != null) {
                found.users++;
            }
            page = new Page(found == null ? mapping : found.mapping, found);
        }
        toClose.forEach(GrantMapping::close);
        return page;
    }

    /// Whether one more can be kept, perhaps in place of one that nobody uses.
    private boolean makeRoom(List<GrantMapping> toClose) {
        if (kept.size() < PERSISTENT_MAX) {
            return true;
        }
        var entries = kept.values().iterator();
        while (entries.hasNext()) {
            var oldest = entries.next();
            if (oldest.users == 0) {
                entries.remove();
                toClose.add(oldest.mapping);
                return true;
            }
        }
        return false;
    }

    private void release(Page page) {
        synchronized (this) {
            inUse--;
            if (page.keeper != null) {
                page.keeper.users--;
                return;
            }
        }
        page.mapping.close();
    }

    /// Pages that are mapped although no request uses them.
    synchronized int keptCount() {
        return kept.size();
    }

    /// Gives all pages back; no request uses one any more.
    @Override
    public void close() {
        List<GrantMapping> all;
        synchronized (this) {
            Bug.check(inUse == 0, "no request uses a page when its ring is closed");
            all = kept.values().stream().map(entry -> entry.mapping).toList();
            kept.clear();
        }
        all.forEach(GrantMapping::close);
    }
}
