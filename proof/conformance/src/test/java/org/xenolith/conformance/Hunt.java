package org.xenolith.conformance;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Compares an executor with the host over random cases for a while, and keeps what fails as
/// fixtures.
final class Hunt {
    private static final int FAILURES_MAX = 400;
    private static final int BATCH = 512;

    /// How long a hunt takes where nobody says how long: a good minute for all ten.
    private static final int SECONDS = 7;

    private static final Path DIRECTORY = Path.of("target", "failing-cases");

    /// What a hunt has found: forms that fail, with the first difference of each and its fixture.
    record Report(long cases, long failures, Map<String, String> byForm) {
        @Override
        public String toString() {
            var text = new StringBuilder(failures + " of " + cases + " cases differ\n");
            if (byForm.isEmpty()) {
                return text.toString();
            }
            byForm.forEach((form, line) ->
                    text.append("  ").append(form).append(": ").append(line).append('\n'));
            return text.append("Fixtures are in ")
                    .append(DIRECTORY.toAbsolutePath())
                    .append("; a fixture moved to src/test/resources/fixtures is run by every ")
                    .append("test run from then on.")
                    .toString();
        }
    }

    private final HostExecutor host;
    private final CaseExecutor subject;
    private final CaseSource generator;
    private final Predicate<CpuCase> wanted;
    private final Map<String, String> byForm = new TreeMap<>();
    private long cases;
    private long failures;

    Hunt(HostExecutor host, CaseExecutor subject, CaseSource generator, Predicate<CpuCase> wanted) {
        this.host = host;
        this.subject = subject;
        this.generator = generator;
        this.wanted = wanted;
    }

    /// The seed of a run: `-Dxenolith.seed=…`, which `./dev fuzz` draws, or 1.
    static long seed() {
        return Long.getLong("xenolith.seed", 1);
    }

    /// Which forms a run is about: those whose name and encoding contain `-Dxenolith.form=…`.
    static String forms() {
        return System.getProperty("xenolith.form", "");
    }

    /// Runs for `-Dxenolith.seconds=…`, or until too much has failed.
    Report run() throws IOException {
        var clock = Clock.system();
        long seconds = Integer.getInteger("xenolith.seconds", SECONDS);
        long end = clock.nanos() + seconds * 1_000_000_000L;
        while (clock.nanos() < end && byForm.size() < FAILURES_MAX) {
            var batch = new ArrayList<CpuCase>(BATCH);
            while (batch.size() < BATCH) {
                var test = generator.next();
                if (wanted.test(test)) {
                    batch.add(test);
                }
            }
            compare(batch);
        }
        return new Report(cases, failures, byForm);
    }

    private void compare(List<CpuCase> batch) throws IOException {
        var expected = host.run(batch);
        var actual = subject.run(batch);
        for (int i = 0; i < batch.size(); i++) {
            cases++;
            var test = batch.get(i);
            var differences = Comparison.differences(test, expected.get(i), actual.get(i));
            if (!differences.isEmpty()) {
                failures++;
                if (!byForm.containsKey(test.form())) {
                    keep(test);
                }
            }
        }
    }

    private boolean fails(CpuCase test) throws IOException {
        return !differences(test).isEmpty();
    }

    private List<String> differences(CpuCase test) throws IOException {
        return Comparison.differences(
                test, host.run(List.of(test)).getFirst(), subject.run(List.of(test)).getFirst());
    }

    private void keep(CpuCase test) throws IOException {
        var minimal = Minimiser.minimise(test, this::fails);
        var fixture = new Fixture(minimal, host.run(List.of(minimal)).getFirst());
        Files.createDirectories(DIRECTORY);
        var name = test.form().replaceAll("[^A-Za-z0-9]+", "-") + ".txt";
        Files.writeString(DIRECTORY.resolve(name), fixture.format());
        byForm.put(
                test.form(),
                HexFormat.of().formatHex(minimal.code().toArray())
                        + (minimal.compatibility() ? " (" + minimal.mode() + ")" : "")
                        + " -> "
                        + differences(minimal));
    }
}
