package org.xenolith.migration.pages;

import org.xenolith.base.Sizes;
import org.xenolith.memory.Slabs;
import org.xenolith.state.stream.PageKind;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Pages that have been copied while a machine stood still, to be sent while it runs. Used again
/// and again. **Hot path** ([#content]). For one thread at a time.
public final class CopiedPages implements PageSink, AutoCloseable {
    /// Pages that are copied at once at most: 512 MiB.
    public static final int PAGES_MAX = 1 << 17;

    private static final int FIRST_ENTRIES = 1024;

    private final int pagesMax;
    private final Slabs contents = new Slabs();
    private PageKind[] kinds = new PageKind[FIRST_ENTRIES];
    private long[] gfns = new long[FIRST_ENTRIES];

    /// Of those with content, where it is.
    private long[] places = new long[FIRST_ENTRIES];

    private int count;
    private int withContent;

    public CopiedPages() {
        this(PAGES_MAX);
    }

    public CopiedPages(int pagesMax) {
        this.pagesMax = pagesMax;
    }

    /// Pages with content.
    public int withContent() {
        return withContent;
    }

    /// Has room for so many pages ready, so that while a machine stands still they are copied and
    /// nothing else is done.
    ///
    /// @throws OutOfMemoryError if the host has no more
    public void prepare(long pages) {
        int most = (int) Math.min(pages, pagesMax);
        contents.prepare((long) most * Sizes.PAGE_BYTES);
        if (most > gfns.length) {
            grow(most);
        }
    }

    /// @throws IOException if there are too many
    @Override
    public void content(long gfn, MemorySegment content, boolean again) throws IOException {
        if (withContent == pagesMax) {
            throw new IOException(
                    "the guest writes more than %d pages in an epoch".formatted(pagesMax));
        }
        add(PageKind.CONTENT, gfn);
        long place = contents.reserve(Sizes.PAGE_BYTES);
        contents.slice(place, Sizes.PAGE_BYTES).copyFrom(content);
        places[count - 1] = place;
        withContent++;
    }

    @Override
    public void allocated(long gfn) {
        add(PageKind.ALLOCATED, gfn);
    }

    @Override
    public void hole(long gfn) {
        add(PageKind.HOLE, gfn);
    }

    private void add(PageKind kind, long gfn) {
        if (count == gfns.length) {
            grow(2 * count);
        }
        kinds[count] = kind;
        gfns[count] = gfn;
        count++;
    }

    private void grow(int entries) {
        kinds = Arrays.copyOf(kinds, entries);
        gfns = Arrays.copyOf(gfns, entries);
        places = Arrays.copyOf(places, entries);
    }

    @Override
    public void flush() {
        // Nothing waits here for more.
    }

    /// Gives all of them to `sink`, in their order, and flushes it.
    public void send(PageSink sink) throws IOException {
        for (int i = 0; i < count; i++) {
            switch (kinds[i]) {
                case CONTENT, DELTA ->
                        sink.content(gfns[i], contents.slice(places[i], Sizes.PAGE_BYTES), true);
                case ALLOCATED -> sink.allocated(gfns[i]);
                case HOLE -> sink.hole(gfns[i]);
            }
        }
        sink.flush();
    }

    public void clear() {
        count = 0;
        withContent = 0;
        contents.clear();
    }

    /// Gives its memory back. It may be used again.
    @Override
    public void close() {
        clear();
        contents.close();
    }
}
