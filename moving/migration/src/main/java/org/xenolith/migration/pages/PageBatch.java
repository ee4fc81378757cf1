package org.xenolith.migration.pages;

import org.xenolith.base.Sizes;
import org.xenolith.state.stream.PageKind;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Pages of one lane, copied where they are found and packed by another thread; and perhaps a
/// barrier behind them. Used again and again, by one thread at a time.
final class PageBatch {
    private static final int NO_BARRIER = 0;

    private final PageKind[] kinds = new PageKind[PageSender.RECORD_PAGES];
    private final long[] gfns = new long[PageSender.RECORD_PAGES];
    private final boolean[] again = new boolean[PageSender.RECORD_PAGES];
    private final byte[] contents = new byte[PageSender.RECORD_PAGES * Sizes.PAGE_BYTES];
    private int count;
    private int withContent;
    private int barrier = NO_BARRIER;

    boolean isFull() {
        return count == kinds.length;
    }

    /// @param mayComeAgain as of [PageSink#content]
    void content(long gfn, MemorySegment content, boolean mayComeAgain) {
        MemorySegment.copy(
                content, ValueLayout.JAVA_BYTE, 0, contents, place(withContent), Sizes.PAGE_BYTES);
        withContent++;
        again[count] = mayComeAgain;
        add(PageKind.CONTENT, gfn);
    }

    /// One without content.
    void add(PageKind kind, long gfn) {
        kinds[count] = kind;
        gfns[count] = gfn;
        count++;
    }

    /// Nothing is added behind it.
    void end(int barrierNumber) {
        barrier = barrierNumber;
    }

    private static int place(int index) {
        return index * Sizes.PAGE_BYTES;
    }

    /// Gives all of it to `sender`, and is empty then.
    void send(PageSender sender) throws IOException {
        var all = MemorySegment.ofArray(contents);
        int at = 0;
        for (int i = 0; i < count; i++) {
            switch (kinds[i]) {
                case CONTENT, DELTA -> {
                    var content = all.asSlice(place(at++), Sizes.PAGE_BYTES);
                    sender.content(gfns[i], content, again[i]);
                }
                case ALLOCATED -> sender.allocated(gfns[i]);
                case HOLE -> sender.hole(gfns[i]);
            }
        }
        if (barrier != NO_BARRIER) {
            sender.barrier(barrier);
        }
        count = 0;
        withContent = 0;
        barrier = NO_BARRIER;
    }
}
