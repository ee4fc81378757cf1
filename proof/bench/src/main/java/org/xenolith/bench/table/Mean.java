package org.xenolith.bench.table;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What is told of several rows at once: the geometric mean of their ratios.
///
/// @param what the rows, in the plural
/// @param floor what the mean must reach
record Mean(String what, Set<Group> groups, double floor) {
    static final List<Mean> ALL =
            List.of(
                    new Mean("CPU kernels", Set.of(Group.KERNELS), 1.8),
                    new Mean("rows of disks and networks", Set.of(Group.DISK, Group.NETWORK), 1.5));

    /// A line behind an empty one; nothing if none of the rows was run.
    String sentence(List<Comparison> comparisons) {
        var ratios =
                comparisons.stream()
                        .filter(comparison -> groups.contains(comparison.row().group()))
                        .filter(comparison -> !comparison.isWrong())
                        .mapToDouble(comparison -> comparison.ratio().median())
                        .toArray();
        if (ratios.length == 0) {
            return "";
        }
        double mean = Spread.geometricMean(ratios);
        return String.format(
                Locale.ROOT,
                "%nGeometric mean of the ratios of %d of %d %s: %.2f (floor %.1f: %s)%n",
                ratios.length,
                Rows.ALL.stream().filter(row -> groups.contains(row.group())).count(),
                what,
                mean,
                floor,
                mean >= floor ? "pass" : "miss");
    }
}
