package org.xenolith.xl;

import org.xenolith.base.Clock;
import org.xenolith.images.ImageException;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.Leaving;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// `xl [-vfNtT] VERB ...`. A mistake is one line on standard error and exit code 1; a command line
/// that cannot be understood is exit code 2.
public final class Main {
    static final int FAILED = 1;
    static final int MISUSED = 2;

    private static final String GLOBAL_OPTIONS = "vfNtT";

    private Main() {}

    public static void main(String[] words) {
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        var err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        int code =
                run(Arrays.asList(words), () -> RuntimeDirectory.find(System.getenv()), out, err);
        out.flush();
        // A thread that reads the terminal cannot be asked to end.
        Leaving.exit(code);
    }

    /// Where the domains are.
    @FunctionalInterface
    interface Runtimes {
        RuntimeDirectory open() throws ControlException;
    }

    /// Returns the exit code.
    static int run(List<String> words, Runtimes runtimes, PrintStream out, PrintStream err) {
        int index = 0;
        var global = new StringBuilder();
        while (index < words.size() && words.get(index).matches("-[" + GLOBAL_OPTIONS + "]+")) {
            global.append(words.get(index++));
        }
        if (index == words.size()) {
            Verbs.printList(err);
            return FAILED;
        }
        var name = words.get(index);
        if (List.of("--help", "-h").contains(name)) {
            name = "help";
        }
        var verb = Verbs.find(name);
        if (verb.isEmpty()) {
            err.printf("xl: command \"%s\" not implemented; see 'xl help'%n", name);
            return FAILED;
        }
        try {
            var session =
                    new Session(
                            out,
                            err,
                            runtimes.open(),
                            Clock.system(),
                            global.indexOf("N") >= 0,
                            global.indexOf("v") >= 0);
            return verb.get().run(session, words.subList(index + 1, words.size()));
        } catch (UsageException e) {
            err.printf("xl: %s; see 'xl help %s'%n", e.getMessage(), name);
            return MISUSED;
        } catch (ConfigException | ControlException | ImageException | IOException e) {
            err.println("xl: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILED;
        }
    }
}
