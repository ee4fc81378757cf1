package org.xenolith.boot.grub;

import org.xenolith.filesystem.FileSystem;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// GRUB's `test`, with `!`, `-a`, `-o`, parentheses, comparisons, and questions about files.
final class Condition {
    private static final int NESTING_MAX = 32;

    private final List<String> words;
    private final Function<String, Optional<FileSystem.Entry>> files;
    private int at;
    private int nesting;

    private Condition(List<String> words, Function<String, Optional<FileSystem.Entry>> files) {
        this.words = words;
        this.files = files;
    }

    /// `files` finds what a path leads to.
    static boolean holds(List<String> words, Function<String, Optional<FileSystem.Entry>> files)
            throws GrubException {
        return words.isEmpty() ? false : new Condition(words, files).either();
    }

    private boolean either() throws GrubException {
        if (++nesting > NESTING_MAX) {
            throw new GrubException("a condition is nested too deep");
        }
        boolean result = both();
        while (isNext("-o")) {
            at++;
            result |= both();
        }
        nesting--;
        return result;
    }

    private boolean both() throws GrubException {
        boolean result = one();
        while (isNext("-a")) {
            at++;
            result &= one();
        }
        return result;
    }

    private boolean one() throws GrubException {
        boolean negated = false;
        while (isNext("!")) {
            negated = !negated;
            at++;
        }
        return negated != plain();
    }

    private boolean plain() throws GrubException {
        if (at >= words.size()) {
            return false;
        }
        if (at + 2 < words.size() && isComparison(words.get(at + 1))) {
            at += 3;
            return compare(words.get(at - 3), words.get(at - 2), words.get(at - 1));
        }
        if (isNext("(")) {
            at++;
            boolean result = either();
            at += isNext(")") ? 1 : 0;
            return result;
        }
        if (at + 1 < words.size() && words.get(at).matches("-[defnsz]")) {
            at += 2;
            return ask(words.get(at - 2), words.get(at - 1));
        }
        return !words.get(at++).isEmpty();
    }

    private boolean isNext(String word) {
        return at < words.size() && words.get(at).equals(word);
    }

    private static boolean isComparison(String word) {
        return switch (word) {
            case "=", "==", "!=", "<", "<=", ">", ">=" -> true;
            case "-eq", "-ne", "-lt", "-le", "-gt", "-ge" -> true;
            default -> false;
        };
    }

    private static boolean compare(String left, String operator, String right) {
        int text = left.compareTo(right);
        int number = Long.compare(number(left), number(right));
        return switch (operator) {
            case "=", "==" -> text == 0;
            case "!=" -> text != 0;
            case "<" -> text < 0;
            case "<=" -> text <= 0;
            case ">" -> text > 0;
            case ">=" -> text >= 0;
            case "-eq" -> number == 0;
            case "-ne" -> number != 0;
            case "-lt" -> number < 0;
            case "-le" -> number <= 0;
            case "-gt" -> number > 0;
            default -> number >= 0;
        };
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            return 0;
        }
    }

    private boolean ask(String question, String value) {
        return switch (question) {
            case "-z" -> value.isEmpty();
            case "-n" -> !value.isEmpty();
            case "-e" -> files.apply(value).isPresent();
            case "-s" -> files.apply(value).filter(entry -> entry.bytes() > 0).isPresent();
            case "-d" -> is(value, FileSystem.Kind.DIRECTORY);
            default -> is(value, FileSystem.Kind.FILE);
        };
    }

    private boolean is(String path, FileSystem.Kind kind) {
        return files.apply(path).filter(entry -> entry.kind() == kind).isPresent();
    }
}
