package org.xenolith.bench.outlive;

import org.xenolith.bench.guest.Guest;
import org.xenolith.bench.table.Spread;
import org.xenolith.bench.table.Table;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A guest that writes to its memory moves to the other host and back, by `xl migrate`, whose last
/// line is what is read.
final class Moves {
    /// MiB a second.
    private static final int RATE = 50;

    private static final int RATE_SECONDS = 3;
    private static final int MOVES_EACH_ROUND = 2;
    private static final long SETTLE_MILLIS = 1500;

    /// `MigrationDisplay` of `xl` writes it.
    private static final Pattern REPORT =
            Pattern.compile(
                    "migrated in ([\\d.]+) s, (\\d+) rounds, .*; stood still for ([\\d.]+) ms: (.*);"
                            + " and for ([\\d.]+) ms before");

    private static final Pattern PART = Pattern.compile("([a-z ]+) ([\\d.]+)");

    private final Readings readings;
    private final Map<String, List<Double>> parts = new LinkedHashMap<>();

    Moves(Readings readings) {
        this.readings = readings;
    }

    void run(Lab lab, int rounds) throws IOException, InterruptedException {
        try (var guest = lab.boot()) {
            var rate = rate(guest);
            guest.type("/bench/serve dirty %d >/dev/null & true".formatted(RATE));
            for (int round = 0; round < rounds * MOVES_EACH_ROUND; round++) {
                Lab.await(SETTLE_MILLIS);
                boolean there = round % 2 == 0;
                var from = there ? lab.first() : lab.second();
                var to = there ? lab.second() : lab.first();
                read(from.run(lab.clock(), "migrate", "-s", "", Lab.NAME, to.receiver()).output());
            }
            readings.note(
                    "move-still in its parts, the median of each in ms: %s. The guest was to write %d MiB a second and wrote %s."
                            .formatted(parts(), RATE, rate));
        }
    }

    /// What the guest reaches: MiB a second.
    private static String rate(Guest guest) throws IOException, InterruptedException {
        return guest.run("/bench/serve dirty %d %d".formatted(RATE, RATE_SECONDS)).sum();
    }

    void read(String output) throws IOException {
        var report = REPORT.matcher(output);
        if (!report.find()) {
            throw new IOException("xl migrate says nothing of what it took: " + output.strip());
        }
        readings.add(Figures.MOVE_TOTAL, Double.parseDouble(report.group(1)));
        readings.add(Figures.MOVE_ROUNDS, Double.parseDouble(report.group(2)));
        readings.add(Figures.MOVE_STILL, Double.parseDouble(report.group(3)));
        readings.add(Figures.MOVE_REHEARSAL, Double.parseDouble(report.group(5)));
        for (var part : report.group(4).split(", ")) {
            var words = PART.matcher(part);
            if (words.matches()) {
                parts.computeIfAbsent(words.group(1), _ -> new ArrayList<>())
                        .add(Double.parseDouble(words.group(2)));
            }
        }
    }

    /// The median of each part.
    String parts() {
        return parts.entrySet().stream()
                .map(part -> part.getKey() + " " + Table.number(median(part.getValue())))
                .collect(Collectors.joining(", "));
    }

    private static double median(List<Double> values) {
        return Spread.of(values.stream().mapToDouble(Double::doubleValue).toArray()).median();
    }
}
