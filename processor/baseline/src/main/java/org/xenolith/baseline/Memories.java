package org.xenolith.baseline;

import org.xenolith.base.Bug;
import org.xenolith.ir.Context;
import org.xenolith.ir.Enters;
import org.xenolith.jit.TranslationCache;
import org.xenolith.linux.ExecutableMemory.Pointers;

import java.lang.foreign.MemorySegment;

/// The arrays that machine code is called with, as memory. Kept with the context, so that calls
/// allocate nothing. **Hot path.**
final class Memories {
    private static final Links NONE = new Links();

    /// A view of memory ([Enters]): the arrays of translations, and the links of regions.
    private static final class View {
        private long[] readTags;
        private long[] writeTags;
        private long[] offsets;
        private Links links = NONE;
        private Pointers pointers;

        private void see(long[] readTags, long[] writeTags, long[] offsets) {
            if (has(readTags, writeTags, offsets)) {
                return;
            }
            Bug.check(
                    readTags.length == TranslationCache.LENGTH
                            && writeTags.length == TranslationCache.LENGTH
                            && offsets.length == TranslationCache.LENGTH,
                    "translations are as many as code was made for");
            this.readTags = readTags;
            this.writeTags = writeTags;
            this.offsets = offsets;
            combine();
        }

        private boolean has(long[] readTags, long[] writeTags, long[] offsets) {
            return this.readTags == readTags
                    && this.writeTags == writeTags
                    && this.offsets == offsets;
        }

        private void follow(Links links) {
            if (this.links != links) {
                this.links = links;
                combine();
            }
        }

        private void combine() {
            if (readTags != null) {
                pointers =
                        new Pointers(
                                MemorySegment.ofArray(readTags),
                                MemorySegment.ofArray(writeTags),
                                MemorySegment.ofArray(offsets),
                                links.memory());
            }
        }
    }

    /// Calls with all views behind one whose code wanted them.
    private static final int CALLS_WITH_VIEWS = 256;

    final MemorySegment registers;

    /// How many calls are still to be with all views.
    private int callsWithViews;

    private final View[] views = new View[Enters.VIEWS];

    private Memories(Context context) {
        registers = MemorySegment.ofArray(context.registers);
        for (int number = 0; number < views.length; number++) {
            views[number] = new View();
        }
    }

    static Memories of(Context context) {
        if (context.compilerState instanceof Memories memories) {
            return memories;
        }
        var made = new Memories(context);
        context.compilerState = made;
        return made;
    }

    void see(int view, long[] readTags, long[] writeTags, long[] offsets) {
        views[view].see(readTags, writeTags, offsets);
    }

    void follow(int view, Links links) {
        views[view].follow(links);
    }

    /// The number of the view that has these arrays; if none has, the first has them from now on.
    int use(long[] readTags, long[] writeTags, long[] offsets) {
        for (int number = 0; number < views.length; number++) {
            if (views[number].has(readTags, writeTags, offsets)) {
                return number;
            }
        }
        for (var view : views) {
            if (view.readTags == null || view == views[0]) {
                view.see(readTags, writeTags, offsets);
            }
        }
        return 0;
    }

    /// Whether a call is to be with all views, which takes longer.
    boolean needsViews() {
        if (callsWithViews == 0) {
            return false;
        }
        callsWithViews--;
        return true;
    }

    /// Code has been left because it could not change the view.
    void wantViews() {
        callsWithViews = CALLS_WITH_VIEWS;
    }

    Pointers pointers(int view) {
        return views[view].pointers;
    }
}
