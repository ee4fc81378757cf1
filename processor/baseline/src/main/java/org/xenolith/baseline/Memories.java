package org.xenolith.baseline;

import org.xenolith.base.Bug;
import org.xenolith.ir.Context;
import org.xenolith.jit.TranslationCache;

import java.lang.foreign.MemorySegment;

/// The arrays that machine code is called with, as memory. Kept with the context, so that calls
/// allocate nothing. **Hot path.**
final class Memories {
    /// How many translation caches of a context are remembered: a few modes have one each.
    private static final int REMEMBERED = 8;

    private static final Links NONE = new Links();

    /// Arrays that belong together.
    static final class Translations {
        private final long[] readKey;
        private final long[] writeKey;
        private final long[] offsetKey;
        final MemorySegment readTags;
        final MemorySegment writeTags;
        final MemorySegment offsets;

        private Translations(long[] readTags, long[] writeTags, long[] offsets) {
            readKey = readTags;
            writeKey = writeTags;
            offsetKey = offsets;
            this.readTags = MemorySegment.ofArray(readTags);
            this.writeTags = MemorySegment.ofArray(writeTags);
            this.offsets = MemorySegment.ofArray(offsets);
        }
    }

    final MemorySegment registers;

    /// Of the regions that may follow each other; at first there are none.
    MemorySegment links = NONE.memory();

    private final Translations[] known = new Translations[REMEMBERED];
    private int next;

    private Memories(Context context) {
        registers = MemorySegment.ofArray(context.registers);
    }

    static Memories of(Context context) {
        if (context.compilerState instanceof Memories memories) {
            return memories;
        }
        var made = new Memories(context);
        context.compilerState = made;
        return made;
    }

    Translations translations(long[] readTags, long[] writeTags, long[] offsets) {
        for (var translations : known) {
            if (translations == null) {
                break;
            }
            if (translations.readKey == readTags
                    && translations.writeKey == writeTags
                    && translations.offsetKey == offsets) {
                return translations;
            }
        }
        Bug.check(
                readTags.length == TranslationCache.LENGTH
                        && writeTags.length == TranslationCache.LENGTH
                        && offsets.length == TranslationCache.LENGTH,
                "translations are as many as code was made for");
        var made = new Translations(readTags, writeTags, offsets);
        known[next++ & REMEMBERED - 1] = made;
        return made;
    }
}
