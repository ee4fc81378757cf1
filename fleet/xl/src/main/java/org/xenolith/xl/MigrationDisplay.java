package org.xenolith.xl;

import org.xenolith.base.Sizes;
import org.xenolith.migration.MigrationProgress;
import org.xenolith.migration.MigrationReport;

import java.io.PrintStream;
import java.util.Locale;

/// How far a migration is: one line of a terminal, over and over, and elsewhere a line for each
/// round; in the end what it took.
final class MigrationDisplay implements AutoCloseable {
    private static final double NANOS_IN_MILLI = 1e6;
    private static final double NANOS_IN_SECOND = 1e9;

    private final PrintStream out;
    private final boolean terminal;
    private final int connections;

    /// Characters of the line that the terminal shows; 0 if it shows none.
    private int shown;

    /// @param connections that pages go by
    MigrationDisplay(PrintStream out, boolean terminal, int connections) {
        this.out = out;
        this.terminal = terminal;
        this.connections = connections;
    }

    void at(MigrationProgress progress) {
        if (terminal) {
            show(text(progress));
        } else if (progress.roundEnds()) {
            out.println(text(progress));
        }
    }

    private void show(String text) {
        out.print("\r" + text + " ".repeat(Math.max(0, shown - text.length())));
        out.flush();
        shown = text.length();
    }

    private String text(MigrationProgress progress) {
        return String.format(
                Locale.ROOT,
                "xl: round %d: %.1f MiB sent as %.1f MiB%s, %.0f MiB/s, %.1f MiB remain%s",
                progress.round(),
                mebibytes(progress.sentPages() * Sizes.PAGE_BYTES),
                mebibytes(progress.wireBytes()),
                connections == 1 ? "" : " by %d connections".formatted(connections),
                mebibytes(progress.pagesPerSecond() * Sizes.PAGE_BYTES),
                mebibytes(progress.remainingPages() * Sizes.PAGE_BYTES),
                progress.throttlePercent() == 0
                        ? ""
                        : ", guest rests for %d %%".formatted(progress.throttlePercent()));
    }

    private static double mebibytes(long bytes) {
        return (double) bytes / Sizes.MIB;
    }

    /// The domain has gone.
    void ended(MigrationReport report) {
        close();
        var downtime = report.downtime();
        out.printf(
                Locale.ROOT,
                "xl: migrated in %.2f s, %d rounds, %.1f MiB; stood still for %.1f ms:"
                        + " stop %.1f, last pages %.1f, states %.1f, arrival %.1f, start %.1f;"
                        + " and for %.1f ms before, at the rehearsal%n",
                report.totalNanos() / NANOS_IN_SECOND,
                report.rounds(),
                mebibytes(report.wireBytes()),
                downtime.total() / NANOS_IN_MILLI,
                downtime.stop() / NANOS_IN_MILLI,
                downtime.pages() / NANOS_IN_MILLI,
                downtime.states() / NANOS_IN_MILLI,
                downtime.arrive() / NANOS_IN_MILLI,
                downtime.start() / NANOS_IN_MILLI,
                report.rehearsalNanos() / NANOS_IN_MILLI);
    }

    /// Leaves the line that is shown.
    @Override
    public void close() {
        if (shown > 0) {
            out.println();
            shown = 0;
        }
    }
}
