package org.xenolith.bench;

import org.xenolith.bench.guest.Run;
import org.xenolith.bench.table.Row;
import org.xenolith.bench.table.Spread;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// What the host's own processors make of the rows of scaling: the guests' program run on the host.
/// Processors that are virtual, or have other work, scale by less than two, and no guest can do
/// better.
final class HostScaling {
    /// The host's processor does so many times as much as a guest's, about.
    private static final int FASTER = 4;

    private final Path program;
    private final Map<Row, List<Double>> factors = new LinkedHashMap<>();

    /// @param program the guests'
    HostScaling(Path program) {
        this.program = program;
    }

    /// Runs a row of scaling once.
    void run(Row row, long rounds) throws IOException, InterruptedException {
        var command = List.of(program.toString(), "scaling", row.work(), "" + FASTER * rounds);
        var run = Run.parse(HostCommand.run(program.getParent(), command));
        factors.computeIfAbsent(row, _ -> new ArrayList<>()).add(RowProgram.factor(row, run));
    }

    /// A sentence, or nothing if there is nothing to tell.
    String sentence() {
        return factors.isEmpty()
                ? ""
                : factors.entrySet().stream()
                        .map(entry -> told(entry.getKey(), entry.getValue()))
                        .collect(
                                Collectors.joining(
                                        ", ", "\nWithout a guest, on the host itself: ", ".\n"));
    }

    private static String told(Row row, List<Double> factors) {
        var spread = Spread.of(factors.stream().mapToDouble(Double::doubleValue).toArray());
        return String.format(
                Locale.ROOT,
                "%s %.2f (%.2f to %.2f)",
                row.name(),
                spread.median(),
                spread.least(),
                spread.most());
    }
}
