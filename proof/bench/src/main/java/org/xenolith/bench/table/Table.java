package org.xenolith.bench.table;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The table as text: Markdown whose columns stand under each other.
public final class Table {
    /// A ratio that varies more than this, in parts of itself, is marked.
    private static final double NOISE_MAX = 0.15;

    private static final List<String> HEADING =
            List.of(
                    "row",
                    "unit",
                    "Xenolith",
                    "TCG",
                    "ratio",
                    "min–max",
                    "first run",
                    "TCG's first",
                    "MIPS",
                    "TCG's MIPS",
                    "floor",
                    "");

    private Table() {}

    /// @param failures rows that could not be run, and why
    public static String of(List<Comparison> comparisons, Map<Row, String> failures) {
        var lines = new ArrayList<List<String>>();
        lines.add(HEADING);
        comparisons.forEach(comparison -> lines.add(line(comparison)));
        failures.keySet().forEach(row -> lines.add(failed(row)));
        var text = new StringBuilder(markdown(lines));
        for (var mean : Mean.ALL) {
            text.append(mean.sentence(comparisons));
        }
        failures.forEach((row, reason) ->
                text.append("%n%s could not be run: %s%n".formatted(row.name(), reason)));
        return text.toString();
    }

    private static List<String> line(Comparison comparison) {
        var row = comparison.row();
        var ratio = comparison.ratio();
        return List.of(
                row.name(),
                row.unit().symbol(),
                number(comparison.ourValue().median()),
                number(comparison.theirValue().median()),
                (ratio.width() > NOISE_MAX ? "~" : "") + number(ratio.median()),
                number(ratio.least()) + "–" + number(ratio.most()),
                number(comparison.ourCold()),
                number(comparison.theirCold()),
                whole(comparison.ourMips()),
                whole(comparison.theirMips()),
                floor(row),
                verdict(comparison));
    }

    private static String floor(Row row) {
        return row.floor() == 0 ? "" : format("%.2f", row.floor()).replaceFirst("0$", "");
    }

    private static List<String> failed(Row row) {
        return List.of(
                row.name(), row.unit().symbol(), "", "", "", "", "", "", "", "", "", "NOT RUN");
    }

    private static String verdict(Comparison comparison) {
        if (comparison.isWrong()) {
            return "WRONG";
        }
        if (comparison.row().floor() == 0) {
            return "";
        }
        return comparison.reachesFloor() ? "pass" : "miss";
    }

    // ---------------------------------------------------------------- text

    /// Three digits that count.
    public static String number(double number) {
        if (Double.isNaN(number)) {
            return "";
        }
        double size = Math.abs(number);
        return format(size < 9.995 ? "%.2f" : size < 99.95 ? "%.1f" : "%.0f", number);
    }

    private static String whole(double number) {
        return Double.isNaN(number) ? "" : format("%.0f", number);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /// The first line is the heading, the first column and the last are words, the others numbers.
    public static String markdown(List<List<String>> lines) {
        int columns = lines.getFirst().size();
        var widths =
                IntStream.range(0, columns)
                        .map(column ->
                                lines.stream()
                                        .mapToInt(line -> line.get(column).length())
                                        .max()
                                        .orElseThrow())
                        .map(width -> Math.max(width, 2))
                        .toArray();
        var text = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            text.append(cells(lines.get(i), widths)).append('\n');
            if (i == 0) {
                text.append(rule(widths)).append('\n');
            }
        }
        return text.toString();
    }

    private static String cells(List<String> line, int[] widths) {
        return IntStream.range(0, widths.length)
                .mapToObj(column -> {
                    var cell = line.get(column);
                    var space = " ".repeat(widths[column] - cell.length());
                    return isOfWords(column, widths) ? cell + space : space + cell;
                })
                .collect(Collectors.joining(" | ", "| ", " |"));
    }

    private static String rule(int[] widths) {
        return IntStream.range(0, widths.length)
                .mapToObj(column ->
                        isOfWords(column, widths)
                                ? "-".repeat(widths[column] + 2)
                                : "-".repeat(widths[column] + 1) + ":")
                .collect(Collectors.joining("|", "|", "|"));
    }

    private static boolean isOfWords(int column, int[] widths) {
        return column == 0 || column == widths.length - 1;
    }
}
