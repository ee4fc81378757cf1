package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.jit.TranslationCache;

/// Pages that have the same first place: what is known of one does not depend on the other.
class TlbTest {
    private static final long PAGE = 0x40_1000;
    private static final long OTHER = PAGE + (4L << 20);
    private static final long THIRD = PAGE + (8L << 20);

    private final Tlb tlb = new Tlb(0x7000_0000);

    private static Translation small(boolean global) {
        return new Translation(0, 4096, true, true, true, global, true);
    }

    private void put(long page, long host, boolean write) {
        tlb.put(page, host, write, small(false));
    }

    /// Where a page is in memory, or -1.
    private long find(long[] tags, long page) {
        int index = Tlb.find(tags, page);
        return index < 0 ? -1 : tlb.offsets[index] + page;
    }

    @Test
    void twoPagesWithOneFirstPlaceAreBothThere() {
        put(PAGE, 0x1000, true);
        put(OTHER, 0x2000, false);

        assertThat(find(tlb.readTags, PAGE)).isEqualTo(0x1000);
        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(0x1000);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(0x2000);
        assertThat(find(tlb.writeTags, OTHER)).isEqualTo(-1);
    }

    @Test
    void aPageAtItsSecondPlaceIsChangedThere() {
        put(PAGE, 0x1000, false);
        put(OTHER, 0x2000, false);

        put(PAGE, 0x1000, true);
        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(0x1000);

        put(PAGE, 0x3000, false);
        assertThat(find(tlb.readTags, PAGE)).isEqualTo(0x3000);
        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(-1);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(0x2000);
    }

    @Test
    void aThirdPageReplacesOneOfThem() {
        put(PAGE, 0x1000, false);
        put(OTHER, 0x2000, false);
        put(THIRD, 0x3000, false);

        assertThat(find(tlb.readTags, THIRD)).isEqualTo(0x3000);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(0x2000);
        assertThat(find(tlb.readTags, PAGE)).isIn(0x1000L, -1L);
    }

    @Test
    void aPageIsForgottenWhereverItIs() {
        put(PAGE, 0x1000, true);
        put(OTHER, 0x2000, true);

        tlb.clearPage(PAGE + 17);

        assertThat(find(tlb.readTags, PAGE)).isEqualTo(-1);
        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(-1);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(0x2000);
    }

    @Test
    void globalPagesStayWhereverTheyAre() {
        tlb.put(PAGE, 0x1000, false, small(true));
        put(OTHER, 0x2000, false);

        tlb.clearNonGlobal();

        assertThat(find(tlb.readTags, PAGE)).isEqualTo(0x1000);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(-1);
    }

    @Test
    void writesAreForgottenWhereverTheyAre() {
        put(PAGE, 0x1000, true);
        put(OTHER, 0x2000, true);

        tlb.clearWrites();

        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(-1);
        assertThat(find(tlb.writeTags, OTHER)).isEqualTo(-1);
        assertThat(find(tlb.readTags, PAGE)).isEqualTo(0x1000);
    }

    /// What machine code does to its arrays when it has found PAGE at its second place; what it
    /// does not know is what is tested.
    private void promote() {
        int from = Tlb.find(tlb.readTags, PAGE);
        int first = TranslationCache.first(PAGE);
        long other = tlb.readTags[first];
        long[] own = {tlb.readTags[from], tlb.writeTags[from], tlb.distances[from]};
        tlb.readTags[from] = TranslationCache.EMPTY;
        tlb.writeTags[from] = TranslationCache.EMPTY;
        int to = other == TranslationCache.EMPTY ? from : TranslationCache.second(other);
        if (other != TranslationCache.EMPTY) {
            tlb.readTags[to] = other;
            tlb.writeTags[to] = tlb.writeTags[first];
            tlb.distances[to] = tlb.distances[first];
        }
        tlb.readTags[first] = own[0];
        tlb.writeTags[first] = own[1];
        tlb.distances[first] = own[2];
        tlb.moved(from, first, to);
    }

    @Test
    void whatMachineCodeDoesNotKnowOfAPageMovesWithIt() {
        tlb.put(PAGE, 0x1000, true, small(true));
        put(OTHER, 0x2000, false);

        promote();
        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(0x1000);
        assertThat(Tlb.find(tlb.readTags, OTHER)).isEqualTo(TranslationCache.second(OTHER));
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(0x2000);
        assertThat(find(tlb.writeTags, OTHER)).isEqualTo(-1);

        tlb.clearNonGlobal();
        assertThat(find(tlb.readTags, PAGE)).isEqualTo(0x1000);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(-1);
    }

    @Test
    void aPageMayMoveToAPlaceThatIsFree() {
        put(PAGE, 0x1000, true);
        put(OTHER, 0x2000, true);
        tlb.clearPage(OTHER);

        promote();
        assertThat(find(tlb.writeTags, PAGE)).isEqualTo(0x1000);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(-1);
    }

    /// INVLPG forgets all of a large page (SDM vol. 3A, 5.10.4.1), of which any part may be known.
    @Test
    void aLargePageIsForgottenWithAllItsParts() {
        var large = new Translation(0, 2 << 20, true, true, true, false, true);
        long part = PAGE + (1 << 20);
        tlb.put(PAGE, 0x1000, true, large);
        tlb.put(part, 0x10_1000, true, large);
        put(OTHER, 0x20_0000, true); // PAGE goes to its second place
        put(PAGE + (2 << 20), 0x30_0000, true);

        tlb.clearPage(PAGE & -(2L << 20));

        assertThat(find(tlb.readTags, PAGE)).isEqualTo(-1);
        assertThat(find(tlb.writeTags, part)).isEqualTo(-1);
        assertThat(find(tlb.readTags, OTHER)).isEqualTo(0x20_0000);
        assertThat(find(tlb.readTags, PAGE + (2 << 20))).isEqualTo(0x30_0000);
    }

    @Test
    void whatIsNotGlobalIsForgottenEachTime() {
        for (int round = 0; round < 3; round++) {
            tlb.put(THIRD, 0x3000, false, small(true));
            put(PAGE, 0x1000, true);
            put(OTHER, 0x2000, true);
            promote();

            tlb.clearNonGlobal();
            assertThat(find(tlb.readTags, PAGE)).isEqualTo(-1);
            assertThat(find(tlb.writeTags, OTHER)).isEqualTo(-1);
        }
        put(PAGE, 0x1000, true);
        tlb.clear();
        assertThat(find(tlb.readTags, PAGE)).isEqualTo(-1);
    }
}
