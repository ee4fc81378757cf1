package org.xenolith.bench;

import org.xenolith.bench.guest.Boot;
import org.xenolith.bench.guest.Run;
import org.xenolith.bench.table.Group;
import org.xenolith.bench.table.Row;
import org.xenolith.bench.table.Sample;
import org.xenolith.bench.table.Spread;

import java.io.IOException;

/// What is called in the guest for a row, and what its laps mean.
final class RowProgram {
    /// The lap that is measured, of a program that does its work twice.
    private static final int SECOND = 1;

    /// Of a program that scales: after a lap of warm-up, in turns one process, and two.
    private static final int WARM_UP = 1;

    private RowProgram() {}

    static String command(Row row, long rounds) {
        if (row.group() == Group.SCALING) {
            return "/bench/bench scaling %s %d".formatted(row.work(), rounds);
        }
        return row.name().equals("shell")
                ? "/bench/shell.sh " + rounds
                : "/bench/bench %s %d".formatted(row.work(), rounds);
    }

    static Sample sample(Row row, Boot boot) {
        long nanos = row.name().equals("boot-init") ? boot.initNanos() : boot.promptNanos();
        return Sample.of(row.perOperation(nanos, 1), "");
    }

    /// @param first what came before, which finds nothing that was kept for it
    static Sample sample(Row row, Boot first, Boot boot) {
        return new Sample(
                row.perOperation(boot.promptNanos(), 1),
                row.perOperation(first.promptNanos(), 1),
                boot.promptNanos(),
                boot.instructions(),
                "");
    }

    /// The time that tells how long `rounds` take.
    static long lapNanos(Row row, Run run) throws IOException {
        return row.group() == Group.SCALING
                ? run.laps().getFirst().nanos()
                : lap(row, run, SECOND).nanos();
    }

    static Sample sample(Row row, long rounds, Run run) throws IOException {
        if (row.group() == Group.SCALING) {
            return Sample.of(factor(row, run), run.sum());
        }
        var measured = lap(row, run, SECOND);
        return new Sample(
                row.perOperation(measured.nanos(), rounds),
                row.perOperation(run.laps().getFirst().nanos(), rounds),
                measured.nanos(),
                measured.instructions(),
                run.sum());
    }

    /// How many times as much two processes do as one: the median of the turns.
    static double factor(Row row, Run run) throws IOException {
        int turns = Math.max(1, (run.laps().size() - WARM_UP) / 2); // a missing lap is a failure
        var factors = new double[turns];
        for (int turn = 0; turn < turns; turn++) {
            double one = lap(row, run, WARM_UP + 2 * turn).nanos();
            factors[turn] = 2 * one / lap(row, run, WARM_UP + 2 * turn + 1).nanos();
        }
        return Spread.of(factors).median();
    }

    private static Run.Lap lap(Row row, Run run, int index) throws IOException {
        if (index >= run.laps().size()) {
            throw new IOException(
                    "%s has made %d laps only".formatted(row.name(), run.laps().size()));
        }
        return run.laps().get(index);
    }
}
