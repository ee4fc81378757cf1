package org.xenolith.state.stream;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;

import java.lang.foreign.MemorySegment;

/// The pages of one PAGE_DATA record, to be written. Filled, written and cleared again and again by
/// one thread.
public final class PageList {
    /// As many as Xen puts into a record.
    public static final int PAGES_MAX = 1024;

    private final long[] entries = new long[PAGES_MAX];
    private final MemorySegment[] contents = new MemorySegment[PAGES_MAX];
    private int count;
    private int withContent;

    /// A page with its content, which is read when the list is written.
    public void add(long gfn, MemorySegment content) {
        Bug.check(content.byteSize() == Sizes.PAGE_BYTES, "a page has 4096 bytes");
        put(PageKind.CONTENT, gfn);
        contents[withContent++] = content;
    }

    /// A page of zeros that the reader does not have yet.
    public void addAllocated(long gfn) {
        put(PageKind.ALLOCATED, gfn);
    }

    /// A page that is no longer there.
    public void addHole(long gfn) {
        put(PageKind.HOLE, gfn);
    }

    private void put(PageKind kind, long gfn) {
        Bug.check(!isFull(), "a list of pages has room");
        Bug.check((gfn & ~RecordTypes.PAGE_DATA_PFN_MASK) == 0, "a gfn has 52 bits");
        entries[count++] = kind.entry(gfn);
    }

    public boolean isEmpty() {
        return count == 0;
    }

    public boolean isFull() {
        return count == PAGES_MAX;
    }

    public void clear() {
        count = 0;
        withContent = 0;
    }

    int count() {
        return count;
    }

    long entry(int index) {
        return entries[index];
    }

    int withContent() {
        return withContent;
    }

    MemorySegment content(int index) {
        return contents[index];
    }
}
