package org.xenolith.xl;

import org.xenolith.base.Sizes;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.MigrationProgress;
import org.xenolith.migration.MigrationReport;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainLauncher;
import org.xenolith.xl.control.MigrationClient;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `xl migrate` and `xl migrate-receive`.
final class MigrateCommands {
    private static final double NANOS_IN_MILLI = 1e6;
    private static final double NANOS_IN_SECOND = 1e9;

    private MigrateCommands() {}

    // ---------------------------------------------------------------- migrate

    static int migrate(Session session, Arguments arguments)
            throws UsageException, ConfigException, ControlException {
        var words = arguments.operands();
        var entry = session.runtime().find(words.getFirst());
        var client = new MigrationClient(entry);
        if (arguments.has("settle")) {
            client.settle(isThere(arguments.value("settle").get()));
            return 0;
        }
        if (words.size() < 2) {
            throw new UsageException("'xl migrate' requires more arguments");
        }
        var config = Optional.<String>empty();
        if (arguments.has("C")) {
            var text = ConfigReader.readFile(arguments.value("C").get());
            ConfigReader.read(arguments.value("C").get(), text);
            config = Optional.of(text);
        }
        var command = List.of("sh", "-c", command(arguments, words.get(1)));
        var report =
                client.migrate(
                        options(arguments),
                        config,
                        link -> CommandRelay.start(command, link),
                        progress -> print(session.err(), progress));
        print(session.err(), report);
        return 0;
    }

    private static boolean isThere(String word) throws UsageException {
        return switch (word) {
            case "here" -> false;
            case "there" -> true;
            default -> throw new UsageException("a domain is here or there, not " + word);
        };
    }

    /// As Xen's xl has it; `exec`, so that no shell stays between.
    private static String command(Arguments arguments, String host) {
        var ssh = arguments.value("s").orElse("ssh");
        if (ssh.isEmpty()) {
            return host;
        }
        return "exec %s %s xl migrate-receive%s%s"
                .formatted(
                        ssh,
                        host,
                        arguments.has("e") ? " -e" : "",
                        arguments.has("p") ? " -p" : "");
    }

    private static MigrationOptions options(Arguments arguments) throws UsageException {
        var usual = MigrationOptions.DEFAULT;
        try {
            return usual.within(
                            number(arguments, "max-downtime", usual.downtimeMillisMax()),
                            number(arguments, "max-rounds", usual.roundsMax()),
                            number(arguments, "max-throttle", usual.throttlePercentMax()))
                    .withDisks(arguments.has("copy-disks"));
        } catch (IllegalArgumentException e) {
            throw new UsageException("a limit of the migration is out of range");
        }
    }

    private static int number(Arguments arguments, String option, int usual) throws UsageException {
        var word = arguments.value(option);
        try {
            return word.isEmpty() ? usual : Integer.parseInt(word.get());
        } catch (NumberFormatException e) {
            throw new UsageException("--%s takes a number, not %s".formatted(option, word.get()));
        }
    }

    private static void print(PrintStream out, MigrationProgress progress) {
        out.printf(
                Locale.ROOT,
                "xl: round %d: %.1f MiB sent as %.1f MiB, %.0f MiB/s, %.1f MiB remain%s%n",
                progress.round(),
                mebibytes(progress.sentPages() * Sizes.PAGE_BYTES),
                mebibytes(progress.wireBytes()),
                mebibytes(progress.pagesPerSecond() * Sizes.PAGE_BYTES),
                mebibytes(progress.remainingPages() * Sizes.PAGE_BYTES),
                progress.throttlePercent() == 0
                        ? ""
                        : ", guest rests for %d %%".formatted(progress.throttlePercent()));
    }

    private static double mebibytes(long bytes) {
        return (double) bytes / Sizes.MIB;
    }

    private static void print(PrintStream out, MigrationReport report) {
        var downtime = report.downtime();
        out.printf(
                Locale.ROOT,
                "xl: migrated in %.2f s, %d rounds, %.1f MiB; stood still for %.1f ms:"
                        + " stop %.1f, last pages %.1f, states %.1f, arrival %.1f, start %.1f%n",
                report.totalNanos() / NANOS_IN_SECOND,
                report.rounds(),
                mebibytes(report.wireBytes()),
                downtime.total() / NANOS_IN_MILLI,
                downtime.stop() / NANOS_IN_MILLI,
                downtime.pages() / NANOS_IN_MILLI,
                downtime.states() / NANOS_IN_MILLI,
                downtime.arrive() / NANOS_IN_MILLI,
                downtime.start() / NANOS_IN_MILLI);
    }

    // ---------------------------------------------------------------- migrate-receive

    /// Standard output is the protocol's.
    static int receive(Session session, Arguments arguments) throws ControlException {
        var launcher =
                new DomainLauncher(session.runtime(), what -> session.err().println("xl: " + what));
        launcher.receive(arguments.has("p"));
        return 0;
    }
}
