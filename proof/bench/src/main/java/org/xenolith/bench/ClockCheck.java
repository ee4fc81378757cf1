package org.xenolith.bench;

import org.xenolith.bench.guest.Run;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// How well the guests' clocks keep the host's time.
final class ClockCheck {
    /// Shorter laps say little: what is between a mark and its arrival counts too much.
    private static final long LAP_NANOS_MIN = 200_000_000;

    private final Map<String, Double> worst = new LinkedHashMap<>();

    void see(String hypervisor, Run run) {
        for (var lap : run.laps()) {
            if (lap.nanos() >= LAP_NANOS_MIN && lap.guestNanos().isPresent()) {
                double off = Math.abs(lap.guestNanos().getAsLong() / (double) lap.nanos() - 1);
                worst.merge(hypervisor, off, Math::max);
            }
        }
    }

    /// A sentence, or nothing if there is nothing to tell.
    String sentence() {
        return worst.isEmpty()
                ? ""
                : worst.entrySet().stream()
                        .map(entry ->
                                String.format(
                                        Locale.ROOT,
                                        "%s's by %.1f %%",
                                        entry.getKey(),
                                        100 * entry.getValue()))
                        .collect(
                                Collectors.joining(
                                        ", ",
                                        "\nOf a lap, the guests' clocks differed from the host's at"
                                                + " most: ",
                                        ".\n"));
    }
}
