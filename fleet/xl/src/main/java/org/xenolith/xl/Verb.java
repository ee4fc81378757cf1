package org.xenolith.xl;

import org.xenolith.images.ImageException;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.control.ControlException;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One command of `xl`, described once. `usage` is what follows the name; `operandsMin` and
/// `operandsMax` count what is no option. A group has `verbs` instead of an action.
record Verb(
        String name,
        String summary,
        String usage,
        int operandsMin,
        int operandsMax,
        List<Option> options,
        Action action,
        List<Verb> verbs) {
    static final int ANY_NUMBER = 1000;
    private static final Option HELP = Option.flag('h', "help", "Print this help.");

    /// What a verb does. Returns the exit code.
    @FunctionalInterface
    interface Action {
        int run(Session session, Arguments arguments)
                throws UsageException,
                        ConfigException,
                        ControlException,
                        ImageException,
                        IOException,
                        InterruptedException;
    }

    /// A verb that is followed by one of several others, which have its name before theirs.
    static Verb group(String name, String summary, List<Verb> verbs) {
        var usage =
                verbs.stream()
                        .map(verb -> verb.name.substring(name.length() + 1))
                        .collect(Collectors.joining("|", "<", "> [options] [arguments]"));
        return new Verb(
                name, summary, usage, 1, ANY_NUMBER, List.of(), (_, _) -> Main.MISUSED, verbs);
    }

    Verb(
            String name,
            String summary,
            String usage,
            int operandsMin,
            int operandsMax,
            List<Option> options,
            Action action) {
        this(name, summary, usage, operandsMin, operandsMax, options, action, List.of());
    }

    List<Option> allOptions() {
        return Stream.concat(options.stream(), Stream.of(HELP)).toList();
    }

    /// Parses `words` and does the work; prints the help if they ask for it.
    int run(Session session, List<String> words)
            throws UsageException,
                    ConfigException,
                    ControlException,
                    ImageException,
                    IOException,
                    InterruptedException {
        if (!verbs.isEmpty() && !words.isEmpty() && !words.getFirst().startsWith("-")) {
            return find(words.getFirst()).run(session, words.subList(1, words.size()));
        }
        var arguments = Arguments.parse(allOptions(), words);
        if (arguments.has(HELP.key())) {
            printHelp(session.out());
            return 0;
        }
        int operands = arguments.operands().size();
        if (operands < operandsMin || operands > operandsMax) {
            throw new UsageException(
                    operands < operandsMin
                            ? "'xl " + name + "' requires more arguments"
                            : "'xl " + name + "' takes fewer arguments");
        }
        return action.run(session, arguments);
    }

    private Verb find(String word) throws UsageException {
        return verbs.stream()
                .filter(verb -> verb.name.equals(name + " " + word))
                .findFirst()
                .orElseThrow(() ->
                        new UsageException("there is no command 'xl " + name + " " + word + "'"));
    }

    void printHelp(PrintStream out) {
        out.printf("Usage: xl [-vfNtT] %s %s%n%n%s.%n%n", name, usage, summary);
        verbs.forEach(verb -> out.printf(" %-19s %s%n", verb.name, verb.summary));
        out.printf("%sOptions:%n%n", verbs.isEmpty() ? "" : "\n");
        for (var option : allOptions()) {
            out.printf("%-32s %s%n", option.spelling(), option.help());
        }
    }
}
