package org.xenolith.xl;

import org.xenolith.base.Sizes;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.MirrorClient;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// `xl remus`.
final class RemusCommands {
    private static final int MILLIS_MAX = 30_000;
    private static final double NANOS_IN_MILLI = 1e6;

    private RemusCommands() {}

    static int remus(Session session, Arguments arguments)
            throws UsageException, ConfigException, ControlException {
        var words = arguments.operands();
        if (arguments.has("status")) {
            return status(session, words);
        }
        if (words.isEmpty()) {
            throw new UsageException("'xl remus' requires more arguments");
        }
        var client = new MirrorClient(session.runtime().find(words.getFirst()));
        if (arguments.has("stop")) {
            client.stop();
            return 0;
        }
        return mirror(session, client, arguments);
    }

    private static int mirror(Session session, MirrorClient client, Arguments arguments)
            throws UsageException, ConfigException, ControlException {
        if (arguments.operands().size() < 2) {
            throw new UsageException("'xl remus' requires more arguments");
        }
        refuseUnsafe(arguments);
        var arbiter =
                arguments
                        .value("arbiter")
                        .orElseThrow(() ->
                                new UsageException(
                                        "--arbiter=URL is missing: without one who decides, a cut"
                                                + " cable would leave two machines"));
        var config = Optional.<String>empty();
        if (arguments.has("C")) {
            var text = ConfigReader.readFile(arguments.value("C").get());
            ConfigReader.read(arguments.value("C").get(), text);
            config = Optional.of(text);
        }
        var name = arguments.operands().getFirst();
        var host = arguments.operands().get(1);
        var wish =
                new MirrorClient.Wish(
                        millis(arguments, "i", MirrorOptions.DEFAULT.epochMillis()),
                        silence(arguments),
                        arbiter,
                        config,
                        arguments.has("keep"));
        var end =
                client.mirror(
                        wish,
                        Dialing.dialer(arguments, host, receiving(arguments)),
                        new Progress(session.err(), name));
        session.err()
                .printf(
                        "xl: %s is %s: %s%n",
                        name,
                        end.fenced() ? "the other host's" : "not protected any more",
                        end.reason());
        return end.fenced() ? 0 : 1;
    }

    /// Tells the operator.
    private record Progress(PrintStream out, String name) implements MirrorClient.Listener {
        @Override
        public void isProtected() {
            out.printf("xl: %s is protected%n", name);
        }

        @Override
        public void triesAgain(String reason, long inMillis) {
            out.printf(
                    Locale.ROOT,
                    "xl: %s is not protected: %s; tries again in %d s%n",
                    name,
                    reason,
                    TimeUnit.MILLISECONDS.toSeconds(inMillis));
        }
    }

    /// What Xen offers for tests.
    private static void refuseUnsafe(Arguments arguments) throws UsageException {
        for (var option : List.of("b", "n", "d")) {
            if (arguments.has(option)) {
                throw new UsageException(
                        "-%s is not offered: see `xl remus --help`".formatted(option));
            }
        }
    }

    /// @throws UsageException if it is so short that a host that lives is taken for lost
    static int silence(Arguments arguments) throws UsageException {
        int usual = MirrorOptions.DEFAULT.silenceMillis();
        int millis = millis(arguments, "silence", usual);
        if (millis < usual) {
            throw new UsageException("--silence is at least %d".formatted(usual));
        }
        return millis;
    }

    private static int millis(Arguments arguments, String option, int usual) throws UsageException {
        var word = arguments.value(option);
        try {
            int millis = word.isEmpty() ? usual : Integer.parseInt(word.get());
            if (millis >= 1 && millis <= MILLIS_MAX) {
                return millis;
            }
        } catch (NumberFormatException _) {
            // as one that is out of range
        }
        throw new UsageException(
                "%s takes 1 to %d milliseconds, not %s".formatted(option, MILLIS_MAX, word.get()));
    }

    private static List<String> receiving(Arguments arguments) throws UsageException {
        var words = new ArrayList<>(List.of("-r", "--silence=" + silence(arguments)));
        if (arguments.has("e")) {
            words.add("-e");
        }
        return words;
    }

    // ---------------------------------------------------------------- status

    private static int status(Session session, List<String> words) throws ControlException {
        var entries =
                words.isEmpty()
                        ? session.runtime().list()
                        : List.of(session.runtime().find(words.getFirst()));
        print(
                session.out(),
                "Name",
                "State",
                "Epoch",
                "Epochs/s",
                "Pages",
                "KiB",
                "Lag(ms)",
                "Pause(ms)");
        for (var entry : entries) {
            try {
                var status = new MirrorClient(entry).status();
                print(
                        session.out(),
                        entry.name(),
                        status.phase().name().toLowerCase(Locale.ROOT),
                        status.committed(),
                        format("%.1f", status.epochsPerSecond()),
                        format("%.0f", status.pagesPerEpoch()),
                        format("%.1f", status.bytesPerEpoch() / Sizes.KIB),
                        format("%.1f", status.lagNanos() / NANOS_IN_MILLI),
                        format("%.2f", status.pauseNanos() / NANOS_IN_MILLI));
            } catch (ControlException e) {
                if (!words.isEmpty()) {
                    throw e;
                }
            }
        }
        return 0;
    }

    private static void print(PrintStream out, Object... columns) {
        out.println(format("%-32s %-12s %8s %9s %7s %9s %8s %9s", columns));
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
