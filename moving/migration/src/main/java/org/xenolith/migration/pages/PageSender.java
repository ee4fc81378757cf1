package org.xenolith.migration.pages;

import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Gathers pages into records, packs them and writes them. A page is copied when it is added. For
/// one thread.
public final class PageSender implements PageTransmission {
    /// Pages of a record: enough for packing to find repetitions, few enough to fit a cache.
    static final int RECORD_PAGES = 64;

    /// Pages whose last content is kept, by all connections together: 32 MiB.
    private static final int KEPT_PAGES = 8192;

    private final StreamWriter out;
    private final MeteredOutput meter;
    private final Clock clock;
    private final PackingChoice choice;
    private final SentPages kept;
    private final long[] entries = new long[RECORD_PAGES];
    private final byte[] contents = new byte[RECORD_PAGES * Sizes.PAGE_BYTES];
    private int count;
    private int withContent;
    private long pages;
    private long passed;

    public PageSender(StreamWriter out, MeteredOutput meter, Clock clock, PackingChoice choice) {
        this(out, meter, clock, choice, Striping.NONE);
    }

    /// For the pages of one lane.
    PageSender(
            StreamWriter out,
            MeteredOutput meter,
            Clock clock,
            PackingChoice choice,
            Striping striping) {
        this.out = out;
        this.meter = meter;
        this.clock = clock;
        this.choice = choice;
        this.kept = new SentPages(KEPT_PAGES, striping);
    }

    @Override
    public long pages() {
        return pages;
    }

    @Override
    public long passed() {
        return passed;
    }

    @Override
    public long furtherBytes() {
        return 0;
    }

    @Override
    public void onTaken(Runnable then) {
        meter.onTaken(then);
    }

    @Override
    public void content(long gfn, MemorySegment content, boolean again) throws IOException {
        passed++;
        int at = withContent * Sizes.PAGE_BYTES;
        MemorySegment.copy(content, ValueLayout.JAVA_BYTE, 0, contents, at, Sizes.PAGE_BYTES);
        switch (again ? kept.exchange(gfn, contents, at) : SentPages.Change.WHOLE) {
            case WHOLE -> addWithContent(PageKind.CONTENT, gfn);
            case DIFFERENCE -> addWithContent(PageKind.DELTA, gfn);
            case NONE -> {}
        }
    }

    @Override
    public void allocated(long gfn) throws IOException {
        passed++;
        add(PageKind.ALLOCATED, gfn);
    }

    @Override
    public void hole(long gfn) throws IOException {
        kept.forget(gfn);
        add(PageKind.HOLE, gfn);
    }

    private void addWithContent(PageKind kind, long gfn) throws IOException {
        withContent++;
        pages++;
        add(kind, gfn);
    }

    private void add(PageKind kind, long gfn) throws IOException {
        entries[count++] = kind.entry(gfn);
        if (count == RECORD_PAGES) {
            writeRecord();
        }
    }

    private void writeRecord() throws IOException {
        if (count == 0) {
            return;
        }
        long start = clock.nanos();
        var packing = choice.next();
        out.packed(entries, count, contents, withContent * Sizes.PAGE_BYTES, packing);
        if (withContent > 0) {
            choice.took(packing, withContent, clock.nanos() - start);
        }
        count = 0;
        withContent = 0;
    }

    /// Has the connection take all pages that were added.
    @Override
    public void flush() throws IOException {
        writeRecord();
        meter.flush();
    }

    /// The same, and a [StreamRecord.Barrier] behind them.
    void barrier(int number) throws IOException {
        writeRecord();
        out.write(new StreamRecord.Barrier(number));
        meter.flush();
    }

    @Override
    public void close() {
        kept.close();
    }
}
