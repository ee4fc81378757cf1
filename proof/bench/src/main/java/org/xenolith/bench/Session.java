package org.xenolith.bench;

import org.xenolith.bench.guest.Boot;
import org.xenolith.bench.guest.Hypervisor;
import org.xenolith.bench.guest.Machine;
import org.xenolith.bench.guest.Run;
import org.xenolith.bench.table.Comparison;
import org.xenolith.bench.table.Group;
import org.xenolith.bench.table.Row;
import org.xenolith.bench.table.Sample;
import org.xenolith.bench.table.Trial;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// All runs of one table: a trial finds out how many rounds take how long, then both hypervisors
/// take turns. Every run of the table has guests of its own; a row that fails is left out from then
/// on.
final class Session {
    private static final int TRIALS_MAX = 8;

    private final Hypervisor ours;
    private final Hypervisor theirs;
    private final Options options;
    private final Consumer<String> progress;

    private final Map<Row, Long> rounds = new HashMap<>();
    private final Map<Row, Map<Hypervisor, Boot>> firstBoots = new HashMap<>();
    private final Map<Row, List<Sample>> ourSamples = new HashMap<>();
    private final Map<Row, List<Sample>> theirSamples = new HashMap<>();
    private final Map<Row, String> failures = new LinkedHashMap<>();
    private final HostScaling host;
    private final ClockCheck clocks = new ClockCheck();

    /// @param program the guests', to be run on the host itself
    Session(
            Hypervisor ours,
            Hypervisor theirs,
            Path program,
            Options options,
            Consumer<String> progress) {
        this.ours = ours;
        this.theirs = theirs;
        this.host = new HostScaling(program);
        this.options = options;
        this.progress = progress;
    }

    void run() throws InterruptedException {
        for (var machine : Machine.values()) {
            // The first domains of a build make what later ones start with.
            withGuests("rehearsal", List.of(ours), programs(machine), this::trial);
            withGuests("trial", List.of(ours, theirs), programs(machine), this::trial);
        }
        bootSystems("trial", List.of(ours, theirs), firstBoots::put);
        for (int turn = 1; turn <= options.rounds(); turn++) {
            // Neither always has the host after the other's rest.
            var order = turn % 2 == 1 ? List.of(ours, theirs) : List.of(theirs, ours);
            var name = "run %d of %d".formatted(turn, options.rounds());
            for (var machine : Machine.values()) {
                if (machine != Machine.WHOLE_SYSTEM) {
                    withGuests(name, order, rows(machine), this::measure);
                }
            }
            bootSystems(name, order, (row, boots) -> add(row, loginSamples(row, boots), name));
        }
    }

    /// Boots whole systems, one after the other: one that has shown its login has much to do still.
    private void bootSystems(
            String name, List<Hypervisor> order, BiConsumer<Row, Map<Hypervisor, Boot>> consumer)
            throws InterruptedException {
        for (var row : rows(Machine.WHOLE_SYSTEM)) {
            try {
                var boots = new HashMap<Hypervisor, Boot>();
                for (var hypervisor : order) {
                    progress.accept(
                            "%s: %s: booting on %s".formatted(name, row.name(), hypervisor.name()));
                    try (var guest = hypervisor.start(Machine.WHOLE_SYSTEM)) {
                        boots.put(hypervisor, guest.boot());
                    }
                }
                consumer.accept(row, boots);
            } catch (IOException e) {
                fail(row, e);
            }
        }
    }

    private Map<Hypervisor, Sample> loginSamples(Row row, Map<Hypervisor, Boot> boots) {
        var samples = new HashMap<Hypervisor, Sample>();
        var first = firstBoots.get(row);
        boots.forEach((hypervisor, boot) ->
                samples.put(hypervisor, RowProgram.sample(row, first.get(hypervisor), boot)));
        return samples;
    }

    // ---------------------------------------------------------------- what it has given

    /// The rows that were run to their end.
    List<Comparison> comparisons() {
        return options.rows().stream()
                .filter(row -> ourSamples.containsKey(row) && !failures.containsKey(row))
                .map(row -> new Comparison(row, ourSamples.get(row), theirSamples.get(row)))
                .toList();
    }

    Map<Row, String> failures() {
        return failures;
    }

    String clocks() {
        return clocks.sentence();
    }

    /// What the host itself makes of the rows of scaling.
    String host() {
        return host.sentence();
    }

    boolean isGood() {
        return failures.isEmpty() && comparisons().stream().noneMatch(Comparison::isWrong);
    }

    // ---------------------------------------------------------------- guests

    private interface Step {
        void take(Row row, Guests guests, List<Hypervisor> order, String name)
                throws IOException, InterruptedException;
    }

    private List<Row> rows(Machine machine) {
        return options.rows().stream()
                .filter(row -> row.group().machine() == machine && !failures.containsKey(row))
                .toList();
    }

    private List<Row> programs(Machine machine) {
        return rows(machine).stream().filter(Row::isProgram).toList();
    }

    /// Starts guests for rows that need the same kind of them, and takes a step for each row.
    private void withGuests(String name, List<Hypervisor> order, List<Row> rows, Step step)
            throws InterruptedException {
        if (rows.isEmpty()) {
            return;
        }
        var machine = rows.getFirst().group().machine();
        progress.accept("%s: starting guests %s".formatted(name, machine));
        var left = new ArrayList<>(rows);
        try (var guests = Guests.start(order, machine)) {
            while (!left.isEmpty()) {
                var row = left.removeFirst();
                try {
                    step.take(row, guests, order, name);
                } catch (IOException e) {
                    fail(row, e);
                    guests.restart();
                }
            }
        } catch (IOException e) {
            left.forEach(row -> fail(row, e));
        }
    }

    private void fail(Row row, IOException e) {
        progress.accept(row.name() + ": " + e.getMessage());
        failures.putIfAbsent(row, e.getMessage());
    }

    // ---------------------------------------------------------------- steps

    private void trial(Row row, Guests guests, List<Hypervisor> order, String name)
            throws IOException, InterruptedException {
        long fewest = Long.MAX_VALUE;
        for (var hypervisor : order) {
            fewest = Math.min(fewest, trial(row, guests, hypervisor));
        }
        rounds.put(row, fewest);
        progress.accept("%s: %s: %d rounds".formatted(name, row.name(), fewest));
    }

    /// How many rounds take the hypervisor as long as they should.
    private long trial(Row row, Guests guests, Hypervisor hypervisor)
            throws IOException, InterruptedException {
        long tried = row.firstRounds();
        for (int i = 0; i < TRIALS_MAX; i++) {
            var run = run(row, tried, guests, hypervisor);
            long nanos = RowProgram.lapNanos(row, run);
            var next = Trial.next(tried, nanos);
            if (next.isEmpty()) {
                return Trial.rounds(tried, nanos);
            }
            tried = next.getAsLong();
        }
        throw new IOException("%d rounds take no time on %s".formatted(tried, hypervisor.name()));
    }

    private void measure(Row row, Guests guests, List<Hypervisor> order, String name)
            throws IOException, InterruptedException {
        var samples = new HashMap<Hypervisor, Sample>();
        for (var hypervisor : order) {
            samples.put(hypervisor, sample(row, guests, hypervisor));
        }
        if (row.group() == Group.SCALING) {
            host.run(row, rounds.get(row));
        }
        add(row, samples, name);
    }

    private void add(Row row, Map<Hypervisor, Sample> samples, String name) {
        ourSamples.computeIfAbsent(row, _ -> new ArrayList<>()).add(samples.get(ours));
        theirSamples.computeIfAbsent(row, _ -> new ArrayList<>()).add(samples.get(theirs));
        progress.accept(
                String.format(
                        Locale.ROOT,
                        "%s: %s: %.2f against %.2f %s",
                        name,
                        row.name(),
                        samples.get(ours).value(),
                        samples.get(theirs).value(),
                        row.unit().symbol()));
    }

    private Sample sample(Row row, Guests guests, Hypervisor hypervisor)
            throws IOException, InterruptedException {
        if (row.group() == Group.BOOT) {
            return RowProgram.sample(row, guests.on(hypervisor).boot());
        }
        var run = run(row, rounds.get(row), guests, hypervisor);
        clocks.see(hypervisor.name(), run);
        return RowProgram.sample(row, rounds.get(row), run);
    }

    private static Run run(Row row, long rounds, Guests guests, Hypervisor hypervisor)
            throws IOException, InterruptedException {
        try {
            return guests.on(hypervisor).run(RowProgram.command(row, rounds));
        } catch (IOException e) {
            throw new IOException(
                    "on %s with %d rounds: %s".formatted(hypervisor.name(), rounds, e.getMessage()),
                    e);
        }
    }
}
