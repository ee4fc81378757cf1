package org.xenolith.migration.pages;

import org.xenolith.state.stream.PagePacking;

import java.util.Optional;

/// Chooses how pages are packed by what it has cost: packing and waiting for the connection
/// together, for each page. Now and then another way is tried. For one thread.
public final class PackingChoice {
    /// A way that is not the best is tried once in so many records.
    private static final int TRY_PERIOD = 48;

    /// Of a new figure, in the mean.
    private static final double WEIGHT = 0.2;

    private final Optional<PagePacking> fixed;
    private final double[] nanosPerPage = new double[PagePacking.values().length];
    private int records;

    public PackingChoice(Optional<PagePacking> fixed) {
        this.fixed = fixed;
    }

    PagePacking next() {
        if (fixed.isPresent()) {
            return fixed.get();
        }
        var all = PagePacking.values();
        int record = records++;
        if (record < 2 * all.length) {
            return all[record % all.length];
        }
        return record % TRY_PERIOD == 0 ? all[record / TRY_PERIOD % all.length] : all[best()];
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
        int index = packing.ordinal();
        boolean first = nanosPerPage[index] == 0;
        nanosPerPage[index] = first ? figure : nanosPerPage[index] * (1 - WEIGHT) + figure * WEIGHT;
    }
}
