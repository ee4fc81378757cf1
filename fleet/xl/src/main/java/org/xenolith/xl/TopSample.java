package org.xenolith.xl;

import com.fasterxml.jackson.databind.JsonNode;

import org.xenolith.xl.control.DomainDescription;

import java.util.List;

/// All domains at one moment. `nanos` is the time on any clock that runs steadily.
record TopSample(long nanos, List<Row> rows) {
    TopSample {
        rows = List.copyOf(rows);
    }

    /// One domain, with its disks as `xl block-list --json` shows them.
    record Row(DomainDescription domain, List<JsonNode> disks) {
        Row {
            disks = List.copyOf(disks);
        }

        long runNanos() {
            return Math.round(domain.runSeconds() * 1e9);
        }

        /// The sum of one of the disks' statistics.
        long sum(String statistic) {
            return disks.stream()
                    .mapToLong(disk -> disk.path("statistics").path(statistic).asLong())
                    .sum();
        }
    }
}
