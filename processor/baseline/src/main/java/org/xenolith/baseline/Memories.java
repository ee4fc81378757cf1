package org.xenolith.baseline;

import org.xenolith.base.Bug;

import java.lang.foreign.MemorySegment;

/// The arrays that machine code is called with, as memory. A cache, so that calls allocate nothing;
/// several threads that use it do no more harm than to fill it anew. **Hot path.**
final class Memories {
    /// How many contexts, and how many translation caches, are remembered: those of a few vCPUs.
    private static final int REMEMBERED = 8;

    /// Arrays that belong together.
    static final class Translations {
        private final long[] key;
        final MemorySegment readTags;
        final MemorySegment writeTags;
        final MemorySegment offsets;

        private Translations(long[] readTags, long[] writeTags, long[] offsets) {
            key = readTags;
            this.readTags = MemorySegment.ofArray(readTags);
            this.writeTags = MemorySegment.ofArray(writeTags);
            this.offsets = MemorySegment.ofArray(offsets);
        }
    }

    private record Registers(long[] key, MemorySegment segment) {}

    private final int translationCount;
    private final Translations[] translations = new Translations[REMEMBERED];
    private final Registers[] registers = new Registers[REMEMBERED];
    private int nextTranslations;
    private int nextRegisters;

    /// Code of earlier generations is no more.
    volatile int generation;

    Memories(int translationCount) {
        this.translationCount = translationCount;
    }

    MemorySegment registers(long[] array) {
        for (var known : registers) {
            if (known == null) {
                break;
            }
            if (known.key == array) {
                return known.segment;
            }
        }
        var made = new Registers(array, MemorySegment.ofArray(array));
        registers[nextRegisters++ & REMEMBERED - 1] = made;
        return made.segment;
    }

    Translations translations(long[] readTags, long[] writeTags, long[] offsets) {
        for (var known : translations) {
            if (known == null) {
                break;
            }
            if (known.key == readTags) {
                return known;
            }
        }
        Bug.check(
                readTags.length == translationCount
                        && writeTags.length == translationCount
                        && offsets.length == translationCount,
                "translations are as many as code was made for");
        var made = new Translations(readTags, writeTags, offsets);
        translations[nextTranslations++ & REMEMBERED - 1] = made;
        return made;
    }
}
