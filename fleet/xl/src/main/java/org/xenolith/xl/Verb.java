package org.xenolith.xl;

import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.control.ControlException;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Stream;

/// One command of `xl`, described once. `usage` is what follows the name; `operandsMin` and
/// `operandsMax` count what is no option.
record Verb(
        String name,
        String summary,
        String usage,
        int operandsMin,
        int operandsMax,
        List<Option> options,
        Action action) {
    static final int ANY_NUMBER = 1000;
    private static final Option HELP = Option.flag('h', "help", "Print this help.");

    /// What a verb does. Returns the exit code.
    @FunctionalInterface
    interface Action {
        int run(Session session, Arguments arguments)
                throws UsageException,
                        ConfigException,
                        ControlException,
                        IOException,
                        InterruptedException;
    }

    List<Option> allOptions() {
        return Stream.concat(options.stream(), Stream.of(HELP)).toList();
    }

    /// Parses `words` and does the work; prints the help if they ask for it.
    int run(Session session, List<String> words)
            throws UsageException,
                    ConfigException,
                    ControlException,
                    IOException,
                    InterruptedException {
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

    void printHelp(PrintStream out) {
        out.printf("Usage: xl [-vfNtT] %s %s%n%n%s.%n%n", name, usage, summary);
        out.printf("Options:%n%n");
        for (var option : allOptions()) {
            out.printf("%-32s %s%n", option.spelling(), option.help());
        }
    }
}
