package org.xenolith.migration.pages;

import org.xenolith.base.Sizes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// The last content that was sent of some pages, so that of a page that is sent again only the
/// difference goes. **Hot path.** Each gfn has one place, which it shares with others. For one
/// thread.
final class SentPages implements AutoCloseable {
    private static final long NONE = -1;

    /// A page of which more is another is told whole: the difference of two contents that have
    /// nothing to do with each other packs worse than either.
    private static final int CHANGED_WORDS_MAX = Sizes.PAGE_BYTES / Long.BYTES / 2;

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final Arena arena = Arena.ofShared();
    private final Striping striping;
    private final long[] gfns;
    private final MemorySegment contents;

    /// @param pages of all lanes together that there is room for
    SentPages(int pages, Striping striping) {
        this.striping = striping;
        int places = Integer.highestOneBit(pages / striping.lanes());
        gfns = new long[places];
        Arrays.fill(gfns, NONE);
        contents = arena.allocate((long) places * Sizes.PAGE_BYTES, Sizes.PAGE_BYTES);
    }

    /// What became of a page by [#exchange].
    enum Change {
        /// It is not known what the target has, or is of no use: the page goes whole.
        WHOLE,
        /// The difference goes.
        DIFFERENCE,
        /// The target has it as it is.
        NONE
    }

    /// Keeps the page at `at` of `page` for the next time. Where the difference to what was kept is
    /// the shorter thing to say, it takes the page's place there.
    Change exchange(long gfn, byte[] page, int at) {
        int index = index(gfn);
        long place = (long) index * Sizes.PAGE_BYTES;
        if (gfns[index] != gfn) {
            gfns[index] = gfn;
            keep(page, at, place);
            return Change.WHOLE;
        }
        int changed = changedWords(page, at, place);
        if (changed == 0) {
            return Change.NONE;
        }
        if (changed > CHANGED_WORDS_MAX) {
            keep(page, at, place);
            return Change.WHOLE;
        }
        for (int i = 0; i < Sizes.PAGE_BYTES; i += Long.BYTES) {
            long now = (long) WORDS.get(page, at + i);
            WORDS.set(page, at + i, now ^ contents.get(WORD, place + i));
            contents.set(WORD, place + i, now);
        }
        return Change.DIFFERENCE;
    }

    private int index(long gfn) {
        return (int) striping.within(gfn) & gfns.length - 1;
    }

    private void keep(byte[] page, int at, long place) {
        MemorySegment.copy(page, at, contents, ValueLayout.JAVA_BYTE, place, Sizes.PAGE_BYTES);
    }

    private int changedWords(byte[] page, int at, long place) {
        int changed = 0;
        for (int i = 0; i < Sizes.PAGE_BYTES; i += Long.BYTES) {
            changed += (long) WORDS.get(page, at + i) == contents.get(WORD, place + i) ? 0 : 1;
        }
        return changed;
    }

    /// The target has another content now, or none.
    void forget(long gfn) {
        int index = index(gfn);
        if (gfns[index] == gfn) {
            gfns[index] = NONE;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
