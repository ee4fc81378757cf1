package org.xenolith.xtf;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The table of results.
final class XtfReport {
    private static final String ROW = "%-32s %-10s %-8s %7.1f s%n";

    private XtfReport() {}

    static String heading() {
        return "%-32s %-10s %-8s %9s%n".formatted("test", "on", "result", "time");
    }

    static String row(Outcome outcome) {
        return ROW.formatted(
                outcome.test().title(),
                outcome.test().environment(),
                outcome.verdict(),
                outcome.time().toMillis() / 1000.0);
    }

    static String total(List<Outcome> outcomes) {
        var counts =
                Arrays.stream(Verdict.values())
                        .filter(verdict -> count(outcomes, verdict) > 0)
                        .map(verdict -> count(outcomes, verdict) + " " + verdict)
                        .collect(Collectors.joining(", "));
        return outcomes.size() + " tests: " + counts + System.lineSeparator();
    }

    private static long count(List<Outcome> outcomes, Verdict verdict) {
        return outcomes.stream().filter(outcome -> outcome.verdict() == verdict).count();
    }
}
