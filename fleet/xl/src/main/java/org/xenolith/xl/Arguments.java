package org.xenolith.xl;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The words after a verb, split as getopt_long(3) does: options in any place, letters in clusters,
/// `--` ends the options.
final class Arguments {
    private final Map<String, List<String>> given = new LinkedHashMap<>();
    private final List<String> operands = new ArrayList<>();

    private Arguments() {}

    static Arguments parse(List<Option> options, List<String> words) throws UsageException {
        var arguments = new Arguments();
        var rest = words.iterator();
        boolean onlyOperands = false;
        while (rest.hasNext()) {
            var word = rest.next();
            if (onlyOperands || word.equals("-") || !word.startsWith("-")) {
                arguments.operands.add(word);
            } else if (word.equals("--")) {
                onlyOperands = true;
            } else if (word.startsWith("--")) {
                arguments.takeLong(options, word.substring(2), rest);
            } else {
                arguments.takeLetters(options, word.substring(1), rest);
            }
        }
        return arguments;
    }

    private void takeLong(List<Option> options, String word, java.util.Iterator<String> rest)
            throws UsageException {
        int equals = word.indexOf('=');
        var name = equals < 0 ? word : word.substring(0, equals);
        var option =
                options.stream()
                        .filter(o -> !o.longName().isEmpty() && o.longName().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new UsageException("unknown option --" + name));
        if (option.value().isEmpty()) {
            if (equals >= 0) {
                throw new UsageException("option --" + name + " takes no value");
            }
            give(option, "");
        } else if (equals >= 0) {
            give(option, word.substring(equals + 1));
        } else if (rest.hasNext()) {
            give(option, rest.next());
        } else {
            throw new UsageException("option --" + name + " needs a value");
        }
    }

    private void takeLetters(List<Option> options, String word, java.util.Iterator<String> rest)
            throws UsageException {
        for (int i = 0; i < word.length(); i++) {
            char letter = word.charAt(i);
            var option =
                    options.stream()
                            .filter(o -> o.letter().filter(c -> c == letter).isPresent())
                            .findFirst()
                            .orElseThrow(() -> new UsageException("unknown option -" + letter));
            if (option.value().isEmpty()) {
                give(option, "");
            } else if (i + 1 < word.length()) {
                give(option, word.substring(i + 1));
                return;
            } else if (rest.hasNext()) {
                give(option, rest.next());
            } else {
                throw new UsageException("option -" + letter + " needs a value");
            }
        }
    }

    private void give(Option option, String value) {
        given.computeIfAbsent(option.key(), _ -> new ArrayList<>()).add(value);
    }

    /// How often an option was given.
    int count(String key) {
        return given.getOrDefault(key, List.of()).size();
    }

    boolean has(String key) {
        return count(key) > 0;
    }

    /// The value of the option's last appearance.
    Optional<String> value(String key) {
        return has(key) ? Optional.of(given.get(key).getLast()) : Optional.empty();
    }

    /// The values of all of the option's appearances.
    List<String> values(String key) {
        return given.getOrDefault(key, List.of());
    }

    List<String> operands() {
        return operands;
    }
}
