package org.xenolith.xtf;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// `./dev conformance [-v] PATH [TEST...]`: the HVM tests of the Xen Test Framework built at PATH,
/// or those whose names contain a TEST; `-v` shows their consoles.
///
/// Exit code 0 if none hung or brought its machine down, and enough are good. Why the others are
/// not is in `docs/quirks.md`.
public final class Xtf {
    private static final int MACHINES_AT_ONCE = 2;
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    /// Of a whole run, how many must end in SUCCESS or SKIP.
    private static final int GOOD_MIN = 85;

    private Xtf() {}

    public static void main(String[] arguments) throws InterruptedException {
        var words = new ArrayList<>(List.of(arguments));
        boolean verbose = words.remove("-v");
        if (words.isEmpty()) {
            System.err.println("usage: ./dev conformance [-v] PATH [TEST...]");
            System.exit(2);
        }
        try {
            var tests = XtfTree.tests(Path.of(words.getFirst()), words.subList(1, words.size()));
            var outcomes = runAll(tests, verbose);
            System.out.print(XtfReport.total(outcomes));
            System.exit(isGood(outcomes, words.size() == 1) ? 0 : 1);
        } catch (IOException e) {
            System.err.println("conformance: " + e.getMessage());
            System.exit(1);
        }
    }

    private static List<Outcome> runAll(List<XtfTest> tests, boolean verbose)
            throws InterruptedException {
        var runner = new XtfRunner(DEADLINE);
        var outcomes = new ArrayList<Outcome>();
        System.out.print(XtfReport.heading());
        try (var executor = Executors.newFixedThreadPool(MACHINES_AT_ONCE)) {
            var futures = new ArrayList<Future<Outcome>>();
            for (var test : tests) {
                Callable<Outcome> work = () -> runner.run(test);
                futures.add(executor.submit(work));
            }
            for (var future : futures) {
                var outcome = future.get();
                outcomes.add(outcome);
                show(outcome, verbose);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a machine broke an invariant", e.getCause());
        }
        return outcomes;
    }

    private static void show(Outcome outcome, boolean verbose) {
        System.out.print(XtfReport.row(outcome));
        if (verbose) {
            System.out.println(outcome.console().stripTrailing().indent(4));
            if (!outcome.verdict().isGood()) {
                System.out.println(outcome.log().indent(4));
            }
        }
    }

    private static boolean isGood(List<Outcome> outcomes, boolean whole) {
        long good = outcomes.stream().filter(outcome -> outcome.verdict().isGood()).count();
        boolean tolerable = outcomes.stream().noneMatch(o -> o.verdict().isIntolerable());
        return tolerable && (whole ? good >= GOOD_MIN : good == outcomes.size());
    }
}
