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
    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final Arena arena = Arena.ofShared();
    private final long[] gfns;
    private final MemorySegment contents;

    /// Room for `places` pages, a power of two.
    SentPages(int places) {
        gfns = new long[places];
        Arrays.fill(gfns, NONE);
        contents = arena.allocate((long) places * Sizes.PAGE_BYTES, Sizes.PAGE_BYTES);
    }

    /// What became of a page by [#exchange].
    enum Change {
        /// It is not known what the target has: the page goes whole.
        WHOLE,
        /// The difference goes.
        DIFFERENCE,
        /// The target has it as it is.
        NONE
    }

    /// Keeps the page at `at` of `page` for the next time; if it was kept before, it becomes the
    /// difference there.
    Change exchange(long gfn, byte[] page, int at) {
        int index = (int) gfn & gfns.length - 1;
        long place = (long) index * Sizes.PAGE_BYTES;
        if (gfns[index] != gfn) {
            gfns[index] = gfn;
            MemorySegment.copy(page, at, contents, ValueLayout.JAVA_BYTE, place, Sizes.PAGE_BYTES);
            return Change.WHOLE;
        }
        long any = 0;
        for (int i = 0; i < Sizes.PAGE_BYTES; i += Long.BYTES) {
            long now = (long) WORDS.get(page, at + i);
            long difference = now ^ contents.get(ValueLayout.JAVA_LONG_UNALIGNED, place + i);
            contents.set(ValueLayout.JAVA_LONG_UNALIGNED, place + i, now);
            WORDS.set(page, at + i, difference);
            any |= difference;
        }
        return any == 0 ? Change.NONE : Change.DIFFERENCE;
    }

    /// The target has another content now, or none.
    void forget(long gfn) {
        int index = (int) gfn & gfns.length - 1;
        if (gfns[index] == gfn) {
            gfns[index] = NONE;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
