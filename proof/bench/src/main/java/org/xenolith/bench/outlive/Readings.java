package org.xenolith.bench.outlive;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What has been measured: values in the figures' units, and what else is to be told.
final class Readings {
    private final Map<Figure, List<Double>> values = new LinkedHashMap<>();
    private final Map<Scenario, String> failures = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    void add(Figure figure, double value) {
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
