package org.xenolith.migration.pages;

import org.xenolith.state.stream.PagePacking;

import java.util.List;
import java.util.Optional;

/// Chooses how pages are packed by what it has cost: packing and waiting for the connection
/// together, for each page. Now and then another way is tried. For one thread.
public final class PackingChoice {
    /// A way that is not the best is tried once in so many records.
    private static final int TRY_PERIOD = 48;

    /// Of a new figure, in the mean.
    private static final double WEIGHT = 0.2;

    private final List<PagePacking> ways;
    private final double[] nanosPerPage;
    private int records;

    private PackingChoice(List<PagePacking> ways) {
        this.ways = ways;
        this.nanosPerPage = new double[ways.size()];
    }

    /// Among all ways, unless one is asked for: time is what counts.
    public static PackingChoice fastest(Optional<PagePacking> fixed) {
        return new PackingChoice(fixed.map(List::of).orElse(List.of(PagePacking.values())));
    }

    /// Among those that pack: what has no end is not to fill a connection that others use too, even
    /// if that has room just now.
    public static PackingChoice sparing() {
        return new PackingChoice(List.of(PagePacking.LZ4, PagePacking.ZSTD));
    }

    PagePacking next() {
        int record = records++;
        int count = ways.size();
        if (record < 2 * count) {
            return ways.get(record % count);
        }
        return ways.get(record % TRY_PERIOD == 0 ? record / TRY_PERIOD % count : best());
    }

    private int best() {
        int best = 0;
        for (int i = 1; i < nanosPerPage.length; i++) {
            if (nanosPerPage[i] < nanosPerPage[best]) {
                best = i;
            }
        }
        return best;
    }

    void took(PagePacking packing, int pages, long nanos) {
        double figure = (double) nanos / pages;
        int index = ways.indexOf(packing);
        boolean first = nanosPerPage[index] == 0;
        nanosPerPage[index] = first ? figure : nanosPerPage[index] * (1 - WEIGHT) + figure * WEIGHT;
    }
}
