package org.xenolith.bench;

import org.xenolith.bench.outlive.Figure;
import org.xenolith.bench.outlive.Figures;
import org.xenolith.bench.table.Group;
import org.xenolith.bench.table.Row;
import org.xenolith.bench.table.Rows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What the command line asks for.
///
/// @param rows in the table's order
/// @param figures the rows of the other table, in its order
/// @param image with the whole system; empty: one is made
record Options(
        boolean help, int rounds, List<Row> rows, List<Figure> figures, Optional<Path> image) {
    static final int ROUNDS_MAX = 100;

    private static final int ROUNDS = 3;
    private static final String ROUNDS_OPTION = "--rounds";
    private static final String IMAGE_OPTION = "--image";

    /// @throws IllegalArgumentException with a message for the user
    static Options parse(List<String> words) {
        boolean help = false;
        int rounds = ROUNDS;
        var rows = new LinkedHashSet<Row>();
        var figures = new LinkedHashSet<Figure>();
        var image = Optional.<Path>empty();
        var rest = new ArrayList<>(words);
        while (!rest.isEmpty()) {
            var word = rest.removeFirst();
            if (word.equals("--help") || word.equals("-h") || word.equals("help")) {
                help = true;
            } else if (word.equals(ROUNDS_OPTION)) {
                rounds = rounds(rest.isEmpty() ? "" : rest.removeFirst());
            } else if (word.startsWith(ROUNDS_OPTION + "=")) {
                rounds = rounds(word.substring(ROUNDS_OPTION.length() + 1));
            } else if (word.equals(IMAGE_OPTION)) {
                image = Optional.of(image(rest.isEmpty() ? "" : rest.removeFirst()));
            } else if (word.startsWith(IMAGE_OPTION + "=")) {
                image = Optional.of(image(word.substring(IMAGE_OPTION.length() + 1)));
            } else {
                rows.addAll(Rows.named(word));
                figures.addAll(Figures.named(word));
                requireMeaning(word);
            }
        }
        boolean all = rows.isEmpty() && figures.isEmpty();
        return new Options(
                help,
                rounds,
                Rows.ALL.stream().filter(row -> all || rows.contains(row)).toList(),
                Figures.ALL.stream().filter(figure -> all || figures.contains(figure)).toList(),
                image);
    }

    private static void requireMeaning(String word) {
        if (Rows.named(word).isEmpty() && Figures.named(word).isEmpty()) {
            throw new IllegalArgumentException(
                    "there is no row or group \"" + word + "\"; ./dev bench --help lists them");
        }
    }

    private static Path image(String text) {
        var file = Path.of(text).toAbsolutePath();
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException("--image is a file, not \"" + text + "\"");
        }
        return file;
    }

    private static int rounds(String text) {
        try {
            int rounds = Integer.parseInt(text);
            if (rounds >= 1 && rounds <= ROUNDS_MAX) {
                return rounds;
            }
        } catch (NumberFormatException _) {
            // The same complaint.
        }
        throw new IllegalArgumentException(
                "--rounds is a number from 1 to %d, not \"%s\"".formatted(ROUNDS_MAX, text));
    }

    /// Whether guests with devices are asked for.
    boolean devices() {
        return rows.stream().anyMatch(row -> row.group().machine().hasDevices());
    }

    static String usage() {
        var groups =
                Stream.concat(
                                Arrays.stream(Group.values()).map(Group::word),
                                Stream.of(Figures.GROUP))
                        .collect(Collectors.joining(", "));
        var figures =
                Figures.ALL.stream()
                        .map(figure ->
                                "  %-14s  %-6s  %s%n"
                                        .formatted(figure.name(), figure.unit(), figure.meaning()))
                        .collect(Collectors.joining());
        var rows =
                Rows.ALL.stream()
                        .map(row ->
                                "  %-12s  %-2s  %s%n"
                                        .formatted(row.name(), row.unit().symbol(), row.meaning()))
                        .collect(Collectors.joining());
        return """
        Usage: ./dev bench [ROW|GROUP...] [--rounds N] [--image FILE]
               ./dev bench jmh [ARGS]
               ./dev bench engine [scale=S] [tier=T] [only=NAME,...]

        The same kernel and initramfs on Xenolith and on QEMU's TCG, in N alternating runs (%d);
        the table goes to standard output. docs/benchmarks.md tells what its columns mean. Exit
        code 1 if a row could not be run or a guest has computed something wrong, else 0: no
        matter how fast.

        boot-login boots FILE, a raw disk as `xl guest debian --release trixie --format raw` makes
        it, or one made for it.

        jmh runs the benchmarks of inner parts, with JMH's own arguments; engine runs the kernels
        on the processor alone, without a machine around it.

        Groups: %s. Rows:
        %s
        Rows of a table of its own, that of the group outlive, which has goals in TCG's place:
        %s\
        """
                .formatted(ROUNDS, groups, rows, figures);
    }
}
