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

    private int claims;

    private static final class Kept {
        private final GrantMapping mapping;
        private int users;

        Kept(GrantMapping mapping) {
            this.mapping = mapping;
        }
    }

    /// Pages for as long as a request uses them.
    final class Claim implements AutoCloseable {
        private final GrantMapping[] mappings;

        /// Null for a mapping of this request alone.
        private final Kept[] keepers;

        private Claim(int count) {
            mappings = new GrantMapping[count];
            keepers = new Kept[count];
        }

        int count() {
            return mappings.length;
        }

        /// Guest-physical address of a page's first byte.
        long address(int index) {
            return mappings[index].gfn() << Sizes.PAGE_SHIFT;
        }

        private void set(int index, GrantMapping mapping, Kept keeper) {
            mappings[index] = mapping;
            keepers[index] = keeper;
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

    /// The pages granted under `references`, in their order; empty if one of them is not, or only
    /// for reading and `write` is set.
    Optional<Claim> claim(int[] references, boolean write) {
        var claim = new Claim(references.length);
        boolean complete = begin(claim, references);
        try {
            complete = complete || mapOthers(claim, references, write);
        } finally {
            if (!complete) {
                claim.close();
            }
        }
        return complete ? Optional.of(claim) : Optional.empty();
    }

    private boolean mapOthers(Claim claim, int[] references, boolean write) {
        for (int i = 0; i < references.length; i++) {
            if (claim.mappings[i] == null && !map(references[i], write, claim, i)) {
                return false;
            }
        }
        return true;
    }

    /// Claims those that are kept. Answers whether these are all.
    private synchronized boolean begin(Claim claim, int[] references) {
        claims++;
        boolean all = persistent;
        for (int i = 0; persistent && i < references.length; i++) {
            var found = kept.get(references[i]);
            if (found == null) {
                all = false;
            } else {
                found.users++;
                claim.set(i, found.mapping, found);
            }
        }
        return all;
    }

    private boolean map(int reference, boolean write, Claim claim, int index) {
        if (persistent) {
            // Persistent grants are for both directions; what is not stays with its request.
            var mapping = domain.mapGrant(DomainId.CONTROL, reference, true);
            if (mapping.isPresent()) {
                keep(reference, mapping.get(), claim, index);
                return true;
            } else if (write) {
                return false;
            }
        }
        var mapping = domain.mapGrant(DomainId.CONTROL, reference, write);
        mapping.ifPresent(granted -> claim.set(index, granted, null));
        return mapping.isPresent();
    }

    private void keep(int reference, GrantMapping mapping, Claim claim, int index) {
        var toClose = new ArrayList<GrantMapping>();
        synchronized (this) {
            var found = kept.get(reference);
            if (found == null && makeRoom(toClose)) {
                found = new Kept(mapping);
                kept.put(reference, found);
            } else if (found != null) {
                toClose.add(mapping); // another request was faster, or this one has it twice
            }
            if (found != null) {
                found.users++;
            }
            claim.set(index, found == null ? mapping : found.mapping, found);
        }
        toClose.forEach(GrantMapping::close);
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

    private void release(Claim claim) {
        synchronized (this) {
            claims--;
            for (var keeper : claim.keepers) {
                if (keeper != null) {
                    keeper.users--;
                }
            }
        }
        for (int i = 0; i < claim.count(); i++) {
            if (claim.mappings[i] != null && claim.keepers[i] == null) {
                claim.mappings[i].close();
            }
        }
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
            Bug.check(claims == 0, "no request uses a page when its ring is closed");
            all = kept.values().stream().map(entry -> entry.mapping).toList();
            kept.clear();
        }
        all.forEach(GrantMapping::close);
    }
}
