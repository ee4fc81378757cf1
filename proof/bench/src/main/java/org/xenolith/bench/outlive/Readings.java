package org.xenolith.bench.outlive;

import org.xenolith.bench.table.Table;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// What has been measured: values in the figures' units, and what else is to be told.
final class Readings {
    private final Consumer<String> progress;
    private final Map<Figure, List<Double>> values = new LinkedHashMap<>();
    private final Map<Scenario, String> failures = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    /// @param progress is told of each value
    Readings(Consumer<String> progress) {
        this.progress = progress;
    }

    void add(Figure figure, double value) {
        progress.accept("%s: %s %s".formatted(figure.name(), Table.number(value), figure.unit()));
        values.computeIfAbsent(figure, _ -> new ArrayList<>()).add(value);
    }

    /// A sentence that stands below the table.
    void note(String sentence) {
        notes.add(sentence);
    }

    void fail(Scenario scenario, String reason) {
        failures.put(scenario, reason);
    }

    double[] of(Figure figure) {
        return values.getOrDefault(figure, List.of()).stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    Map<Scenario, String> failures() {
        return failures;
    }

    List<String> notes() {
        return notes;
    }
}
