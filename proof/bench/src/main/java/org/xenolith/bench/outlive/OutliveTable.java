package org.xenolith.bench.outlive;

import org.xenolith.bench.table.Spread;
import org.xenolith.bench.table.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The group's table as text.
final class OutliveTable {
    private static final List<String> HEADING =
            List.of("row", "unit", "median", "min–max", "times", "goal", "Remus", "");

    private OutliveTable() {}

    /// @param figures the rows that were asked for
    static String of(List<Figure> figures, Readings readings) {
        var lines = new ArrayList<List<String>>();
        lines.add(HEADING);
        figures.forEach(figure -> lines.add(line(figure, readings.of(figure))));
        var text = new StringBuilder(Table.markdown(lines));
        readings.notes().forEach(note -> text.append("\n").append(note).append("\n"));
        readings.failures()
                .forEach((scenario, reason) ->
                        text.append("\n%s could not be run: %s%n".formatted(scenario, reason)));
        return text.toString();
    }

    private static List<String> line(Figure figure, double[] values) {
        var goal = figure.hasGoal() ? "≤ " + plain(figure.goal()) : "";
        if (values.length == 0) {
            return List.of(
                    figure.name(), figure.unit(), "", "", "", goal, figure.remus(), "NOT RUN");
        }
        var spread = Spread.of(values);
        return List.of(
                figure.name(),
                figure.unit(),
                Table.number(spread.median()),
                Table.number(spread.least()) + "–" + Table.number(spread.most()),
                Integer.toString(values.length),
                goal,
                figure.remus(),
                verdict(figure, spread.median()));
    }

    private static String verdict(Figure figure, double median) {
        if (!figure.hasGoal()) {
            return "";
        }
        return median <= figure.goal() ? "pass" : "miss";
    }

    private static String plain(double number) {
        return number == Math.rint(number)
                ? String.format(Locale.ROOT, "%.0f", number)
                : Double.toString(number);
    }
}
