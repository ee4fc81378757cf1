package org.xenolith.migration.pages;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.state.stream.PagePacking;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

class PackingChoiceTest {
    private static final int RECORDS = 1000;

    /// How often each way is chosen when it takes so many nanoseconds for a page.
    private static Map<PagePacking, Integer> chosen(
            PackingChoice choice, Map<PagePacking, Integer> nanos) {
        var counts = new EnumMap<PagePacking, Integer>(PagePacking.class);
        for (int i = 0; i < RECORDS; i++) {
            var packing = choice.next();
            choice.took(packing, 64, 64L * nanos.get(packing));
            counts.merge(packing, 1, Integer::sum);
        }
        return counts;
    }

    private static Map<PagePacking, Integer> nanos(int none, int lz4, int zstd) {
        return Map.of(PagePacking.NONE, none, PagePacking.LZ4, lz4, PagePacking.ZSTD, zstd);
    }

    @Test
    void theFastestWayIsTaken() {
        var fast = chosen(PackingChoice.fastest(Optional.empty()), nanos(500, 2000, 9000));
        assertThat(fast.get(PagePacking.NONE)).isGreaterThan(RECORDS * 9 / 10);
        var slow = chosen(PackingChoice.fastest(Optional.empty()), nanos(90_000, 20_000, 9000));
        assertThat(slow.get(PagePacking.ZSTD)).isGreaterThan(RECORDS * 9 / 10);
    }

    @Test
    void theOneThatIsAskedForIsTakenAlways() {
        var only =
                chosen(
                        PackingChoice.fastest(Optional.of(PagePacking.ZSTD)),
                        nanos(500, 2000, 9000));
        assertThat(only).containsOnlyKeys(PagePacking.ZSTD);
    }

    @Test
    void whoSparesPacksEvenWhereOctetsCostNothing() {
        var sparing = chosen(PackingChoice.sparing(), nanos(0, 2000, 9000));
        assertThat(sparing).doesNotContainKey(PagePacking.NONE);
        assertThat(sparing.get(PagePacking.LZ4)).isGreaterThan(RECORDS * 9 / 10);
    }

    @Test
    void whoSparesPacksMoreOnAConnectionThatIsSlow() {
        var sparing = chosen(PackingChoice.sparing(), nanos(90_000, 20_000, 9000));
        assertThat(sparing.get(PagePacking.ZSTD)).isGreaterThan(RECORDS * 9 / 10);
    }
}
