package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Bug;
import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.GrantTableAbi;
import org.xenolith.xen.abi.XenErrno;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The grant table of a domain, version 1: which of its pages it lets whom use
/// (xen/include/public/grant_table.h). Guarded by the domain's lock.
final class GrantTable {
    /// Bytes of an entry.
    private static final int ENTRY_BYTES = GrantTableAbi.ENTRY_V1.size(Abi.X86_64);

    private static final int ENTRIES_IN_FRAME = Sizes.PAGE_BYTES / ENTRY_BYTES;

    /// Grants that a domain may have mapped into itself at a time.
    private static final int MAPPINGS_MAX = 1024;

    /// A guest may change an entry while we mark it; one that does not stop is refused.
    private static final int MARK_ATTEMPTS = 5;

    private final DomainLock lock;
    private final GuestMemory memory;
    private final Words words;
    private final PhysicalMap physical;
    private final int framesMax;
    private final List<SpecialPage> frames = new ArrayList<>();

    /// Entries in use. Not state: back ends map anew after a restore.
    private final Map<Integer, Use> uses = new HashMap<>();

    /// Loopback mappings by handle. Not state: a domain that has some cannot be moved.
    private final TreeMap<Integer, Mapping> mappings = new TreeMap<>();

    /// Who uses an entry, and how often; what it named when that began.
    private static final class Use {
        private final int domain;
        private final long gfn;
        private int readers;
        private int writers;

        Use(int domain, long gfn) {
            this.domain = domain;
            this.gfn = gfn;
        }
    }

    /// A grant that the domain has mapped into itself, at `gfn`.
    private record Mapping(int reference, long gfn, boolean writable) {}

    /// What became of an attempt to use an entry: `status` is `GNTST_okay` and `gfn` the page, or
    /// `status` says why not.
    record Access(int status, long gfn) {}

    GrantTable(
            DomainSpec spec,
            DomainLock lock,
            GuestMemory memory,
            Words words,
            PhysicalMap physical) {
        this.lock = lock;
        this.memory = memory;
        this.words = words;
        this.physical = physical;
        this.framesMax = spec.grantFramesMax();
        grow(1);
    }

    int frameCount() {
        return frames.size();
    }

    int framesMax() {
        return framesMax;
    }

    /// Makes the table `count` frames long, unless it is longer. False if that cannot be.
    boolean grow(int count) {
        if (count > framesMax) {
            return false;
        }
        while (frames.size() < count) {
            var page = SpecialPage.allocate(memory);
            if (page == null) {
                return false;
            }
            frames.add(page);
        }
        return true;
    }

    /// Frame `index` of the table, which grows for it.
    SpecialPage frame(long index) throws Refusal {
        boolean there = index >= 0 && index < framesMax && grow((int) index + 1);
        Refusal.unless(there, XenErrno.EINVAL);
        return frames.get((int) index);
    }

    // ---------------------------------------------------------------- entries

    /// The first word of an entry (flags and domain), or [Words#NOWHERE].
    private long entry(int reference) {
        int frame = reference / ENTRIES_IN_FRAME;
        return reference >= 0 && frame < frames.size()
                ? frames.get(frame).place() + (long) (reference % ENTRIES_IN_FRAME) * ENTRY_BYTES
                : Words.NOWHERE;
    }

    boolean exists(int reference) {
        return entry(reference) >= 0;
    }

    boolean isInUse(int reference) {
        return uses.containsKey(reference);
    }

    /// Exchanges two entries.
    void swap(int a, int b) {
        for (int offset = 0; offset < ENTRY_BYTES; offset += Integer.BYTES) {
            int word = words.get(entry(a) + offset);
            words.set(entry(a) + offset, words.get(entry(b) + offset));
            words.set(entry(b) + offset, word);
        }
    }

    /// Begins a use of an entry by `domain`. `whole` uses need a grant of a whole page.
    Access acquire(int reference, int domain, boolean write, boolean whole) {
        lock.check();
        long place = entry(reference);
        if (place < 0) {
            return new Access(GrantTableAbi.GNTST_bad_gntref, 0);
        }
        var use = uses.get(reference);
        if (use != null && use.domain != domain) {
            return new Access(GrantTableAbi.GNTST_general_error, 0);
        }
        if (!mark(place, use, domain, write, whole)) {
            return new Access(GrantTableAbi.GNTST_general_error, 0);
        }
        if (use == null) {
            long gfn = Integer.toUnsignedLong(words.get(place + Integer.BYTES));
            use = new Use(domain, gfn);
        }
        if (!physical.isMapped(use.gfn)) {
            unmark(place, use);
            return new Access(GrantTableAbi.GNTST_bad_page, 0);
        }
        uses.put(reference, use);
        if (write) {
            use.writers++;
        } else {
            use.readers++;
        }
        return new Access(GrantTableAbi.GNTST_okay, use.gfn);
    }

    /// Sets GTF_reading, and GTF_writing to write, if the entry allows it.
    private boolean mark(long place, Use use, int domain, boolean write, boolean whole) {
        int typeMask = GrantTableAbi.GTF_type_mask | (whole ? GrantTableAbi.GTF_sub_page : 0);
        int seen = words.get(place);
        for (int attempt = 0; attempt < MARK_ATTEMPTS; attempt++) {
            boolean granted =
                    (seen & typeMask) == GrantTableAbi.GTF_permit_access && seen >>> 16 == domain;
            if (use == null && !granted || write && (seen & GrantTableAbi.GTF_readonly) != 0) {
                return false;
            }
            int marks = GrantTableAbi.GTF_reading | (write ? GrantTableAbi.GTF_writing : 0);
            int found = words.exchange(place, seen, seen | marks);
            if (found == seen) {
                return true;
            }
            seen = found;
        }
        return false;
    }

    private void unmark(long place, Use use) {
        if (use.writers == 0) {
            words.clearBits(place, GrantTableAbi.GTF_writing);
        }
        if (use.writers + use.readers == 0) {
            words.clearBits(place, GrantTableAbi.GTF_reading);
        }
    }

    /// Ends what [#acquire] began.
    void release(int reference, boolean write) {
        lock.check();
        var use = uses.get(reference);
        if (use == null) {
            return;
        }
        if (write) {
            use.writers--;
        } else {
            use.readers--;
        }
        unmark(entry(reference), use);
        if (use.writers + use.readers == 0) {
            uses.remove(reference);
        }
    }

    // ---------------------------------------------------------------- back ends

    /// Maps a grant for a back end; empty if the guest has not granted that. Takes the lock.
    Optional<GrantMapping> map(DomainId by, int reference, boolean write) {
        var access = lock.hold(() -> acquire(reference, by.value(), write, true));
        return access.status() == GrantTableAbi.GNTST_okay
                ? Optional.of(new BackendMapping(reference, access.gfn(), write))
                : Optional.empty();
    }

    /// Begins uses by `domain` of the pages under the first `count` of `references`, for one copy;
    /// puts their frame numbers into `gfns`. All of them, or none and false. Takes the lock once.
    boolean hold(DomainId domain, int[] references, int count, boolean write, long[] gfns) {
        return lock.hold(() -> {
            for (int i = 0; i < count; i++) {
                var access = acquire(references[i], domain.value(), write, false);
                if (access.status() != GrantTableAbi.GNTST_okay) {
                    releaseAll(references, i, write);
                    return false;
                }
                gfns[i] = access.gfn();
            }
            return true;
        });
    }

    /// Ends what [#hold] began. Takes the lock once.
    void letGo(int[] references, int count, boolean write) {
        lock.run(() -> releaseAll(references, count, write));
    }

    private void releaseAll(int[] references, int count, boolean write) {
        for (int i = 0; i < count; i++) {
            release(references[i], write);
        }
    }

    private final class BackendMapping implements GrantMapping {
        private final int reference;
        private final long gfn;
        private final boolean writable;
        private boolean closed;

        BackendMapping(int reference, long gfn, boolean writable) {
            this.reference = reference;
            this.gfn = gfn;
            this.writable = writable;
        }

        @Override
        public long gfn() {
            return gfn;
        }

        @Override
        public boolean writable() {
            return writable;
        }

        @Override
        public void close() {
            lock.run(() -> {
                if (!closed) {
                    closed = true;
                    release(reference, writable);
                }
            });
        }
    }

    // ---------------------------------------------------------------- for people

    /// Entries in use, a line each: who uses it, its page, and how often it is held to be read and
    /// to be written.
    List<String> describe(DomainId self) {
        var lines = new ArrayList<String>();
        lines.add(
                "grant-table for domain %s: %d frames (%d max), %d in use, %d mapped into itself"
                        .formatted(self, frames.size(), framesMax, uses.size(), mappings.size()));
        new TreeMap<>(uses)
                .forEach((reference, use) ->
                        lines.add(
                                "[0x%03x]  d%d 0x%06x readers %d writers %d"
                                        .formatted(
                                                reference,
                                                use.domain,
                                                use.gfn,
                                                use.readers,
                                                use.writers)));
        return lines;
    }

    // ---------------------------------------------------------------- loopback mappings

    /// Maps a grant of the domain to itself at `gfn`. Returns a handle, or a negative `GNTST_*`.
    int mapLoopback(DomainId self, int reference, boolean write, long gfn) {
        int handle = 0;
        while (mappings.containsKey(handle)) {
            handle++;
        }
        if (handle >= MAPPINGS_MAX) {
            return GrantTableAbi.GNTST_no_space;
        }
        var access = acquire(reference, self.value(), write, true);
        if (access.status() != GrantTableAbi.GNTST_okay) {
            return access.status();
        }
        if (!physical.mapGrant(gfn, access.gfn())) {
            release(reference, write);
            return GrantTableAbi.GNTST_general_error;
        }
        mappings.put(handle, new Mapping(reference, gfn, write));
        return handle;
    }

    /// Ends a loopback mapping; returns a `GNTST_*`.
    int unmapLoopback(int handle, long gfn) {
        var mapping = mappings.get(handle);
        if (mapping == null) {
            return GrantTableAbi.GNTST_bad_handle;
        }
        if (mapping.gfn != gfn || !physical.unmapGrant(gfn)) {
            return GrantTableAbi.GNTST_general_error;
        }
        mappings.remove(handle);
        release(mapping.reference, mapping.writable);
        return GrantTableAbi.GNTST_okay;
    }

    // ---------------------------------------------------------------- state

    /// Whether the domain has mapped a grant into itself; then it cannot be moved.
    boolean hasLoopback() {
        return !mappings.isEmpty();
    }

    record State(List<SpecialPage.State> frames) {
        State {
            frames = List.copyOf(frames);
            require(
                    !frames.isEmpty() && frames.size() <= DomainSpec.GRANT_FRAMES_MAX,
                    "a grant table has 1 to 64 frames");
        }
    }

    /// Without the marks of the uses under way: who uses a page begins anew after a restore.
    State capture() {
        var captured = new ArrayList<SpecialPage.State>();
        for (var frame : frames) {
            captured.add(withoutMarks(frame.capture(), captured.size()));
        }
        return new State(captured);
    }

    /// GTF_reading and GTF_writing are in the first byte of an entry.
    private SpecialPage.State withoutMarks(SpecialPage.State page, int frame) {
        var content = page.content().toArray();
        for (int reference : uses.keySet()) {
            if (reference / ENTRIES_IN_FRAME == frame) {
                content[reference % ENTRIES_IN_FRAME * ENTRY_BYTES] &=
                        (byte) ~(GrantTableAbi.GTF_reading | GrantTableAbi.GTF_writing);
            }
        }
        return new SpecialPage.State(page.gfn(), Bytes.of(content));
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        int more = state.frames.size() - frames.size();
        require(
                state.frames.size() <= framesMax && memory.freeFrameCount() >= more,
                "the grant table fits its domain");
    }

    void restore(State state) {
        uses.clear();
        mappings.clear();
        while (frames.size() > state.frames.size()) {
            frames.removeLast().discard();
        }
        Bug.check(grow(state.frames.size()), "a checked state has frames");
        for (int i = 0; i < state.frames.size(); i++) {
            frames.get(i).restore(state.frames.get(i));
            physical.found(frames.get(i));
        }
    }
}
