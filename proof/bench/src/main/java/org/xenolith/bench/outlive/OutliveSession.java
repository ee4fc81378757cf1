package org.xenolith.bench.outlive;

import org.xenolith.base.Clock;
import org.xenolith.bench.guest.GuestFiles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// All scenarios that figures are asked of. One that fails is left out; the others are not.
public final class OutliveSession {
    private static final int FIRST_BOOTS = 2;

    private final Path root;
    private final GuestFiles files;
    private final Path directory;
    private final Clock clock;
    private final Consumer<String> progress;
    private final Readings readings;

    /// @param root the directory of `xl`
    /// @param directory a place for files
    public OutliveSession(
            Path root, GuestFiles files, Path directory, Clock clock, Consumer<String> progress) {
        this.root = root;
        this.files = files;
        this.directory = directory;
        this.clock = clock;
        this.progress = progress;
        this.readings = new Readings(progress);
    }

    /// @param figures that are asked for
    public void run(List<Figure> figures, int rounds) throws IOException, InterruptedException {
        var labFiles = LabFiles.make(files, directory);
        prepare(labFiles);
        for (var scenario : Scenario.values()) {
            if (figures.stream().anyMatch(figure -> figure.scenario() == scenario)) {
                progress.accept("%s: %d rounds".formatted(scenario, rounds));
                run(scenario, labFiles, rounds);
            }
        }
    }

    /// The first domain of a build is not what users have every day: it makes what the JVM starts
    /// with later.
    private void prepare(LabFiles labFiles) throws IOException, InterruptedException {
        progress.accept("preparing");
        var place = Files.createDirectory(directory.resolve("first"));
        try (var lab = Lab.create(root, labFiles, place, clock)) {
            for (int i = 0; i < FIRST_BOOTS; i++) {
                lab.bootAlone().close();
            }
        }
    }

    private void run(Scenario scenario, LabFiles labFiles, int rounds) throws InterruptedException {
        try {
            var place = Files.createDirectory(directory.resolve(scenario.toString()));
            try (var lab = Lab.create(root, labFiles, place, clock)) {
                switch (scenario) {
                    case MOVE -> new Moves(readings).run(lab, rounds);
                    case RESTORE -> new Restores(lab, readings).run(rounds);
                    case MIRROR -> new Mirrors(lab, readings).run(rounds);
                    case FAIL_OVER -> new FailOvers(lab, readings).run(rounds);
                }
            }
        } catch (IOException e) {
            progress.accept("%s: %s".formatted(scenario, e.getMessage()));
            readings.fail(scenario, e.getMessage());
        }
    }

    /// The table of these figures.
    public String table(List<Figure> figures) {
        return OutliveTable.of(figures, readings);
    }

    public boolean isGood() {
        return readings.failures().isEmpty();
    }
}
