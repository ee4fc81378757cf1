package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.base.Entropy;
import org.xenolith.maker.GuestSpec;
import org.xenolith.maker.Release;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// The system that `xl guest debian` makes loses nothing that it has acknowledged when its process
/// is killed in the middle of a load, again and again on one disk: after each kill its file system
/// needs its journal and nothing else, and the database of [LoadedSystem] is sound. In the end it
/// boots as a whole, with nothing failed.
///
/// `-Dxenolith.made=DIRECTORY` says where the system stays, which is made by the first run;
/// `-Dxenolith.kills=3` how often a run kills it. `kills.log` beside its disk has a line for each
/// kill of all runs. `-Dxenolith.seed=S` repeats a run's moments.
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class KilledSystemTest {
    private static final int KILLS = Integer.getInteger("xenolith.kills", 1);
    private static final long SEED = Long.getLong("xenolith.seed", Entropy.system().nextLong());
    private static final int LOAD_MILLIS_MAX = 10_000;

    @TempDir private static Path root;

    static List<Release> releases() {
        return MadeGuest.releases();
    }

    @ParameterizedTest
    @MethodSource("releases")
    @Order(1)
    void whatIsAcknowledgedSurvivesEachKill(Release release) throws Exception {
        var spec = kept(release);
        var random = new SplittableRandom(SEED);
        System.out.println("seed " + SEED);
        var system = LoadedSystem.boot(spec);
        try {
            for (int kill = 0; kill < KILLS; kill++) {
                int millis = random.nextInt(LOAD_MILLIS_MAX);
                var acknowledged = system.kill(millis);
                long orphans = recover(spec, acknowledged);
                system = LoadedSystem.boot(spec);
                assertKept(acknowledged.database(), system.found());
                tell(
                        log(spec),
                        "%d ms after the first: %s, all there; %d orphans"
                                .formatted(millis, acknowledged, orphans));
            }
        } finally {
            system.close();
        }
    }

    @ParameterizedTest
    @MethodSource("releases")
    @Order(2)
    void itIsWholeAfterAll(Release release) throws Exception {
        var spec = kept(release);
        try (var system = DebianSystem.boot(spec)) {
            system.assertWhole();
            new Pgbench(system.ssh()).assertConsistent();
            end(system, spec);
        }
    }

    /// The system that is kept, in which the load can begin.
    private static GuestSpec kept(Release release) throws Exception {
        var spec = MadeGuest.keep(release, List.of("fio", "postgresql"));
        if (!Files.exists(log(spec))) {
            try (var system = DebianSystem.boot(spec)) {
                system.assertWhole();
                var database = new Pgbench(system.ssh());
                database.fill();
                database.assertConsistent();
                LoadedSystem.prepare(system.ssh(), root);
                end(system, spec);
            }
            Files.createFile(log(spec));
        }
        return spec;
    }

    private static void end(DebianSystem system, GuestSpec spec) throws Exception {
        assertThat(system.end("sudo poweroff")).isEqualTo("POWEROFF");
        HostTool.run("e2fsck", "-f", "-n", spec.image().toString());
    }

    /// The number of files without a name that are removed.
    private static long recover(GuestSpec spec, LoadedSystem.Acknowledged acknowledged)
            throws Exception {
        try (var recovery = Recovery.of(spec.image(), root)) {
            FilesRecord.assertKept(
                    recovery.dump(LoadedSystem.DIRECTORY + "/files"), acknowledged.file());
            return recovery.orphans();
        }
    }

    private static void assertKept(
            LoadedSystem.Database acknowledged, LoadedSystem.Database found) {
        assertThat(found.transactions()).isGreaterThanOrEqualTo(acknowledged.transactions());
        assertThat(found.rows()).isGreaterThanOrEqualTo(acknowledged.rows());
    }

    private static Path log(GuestSpec spec) {
        return spec.directory().resolve("kills.log");
    }

    private static void tell(Path log, String line) throws IOException {
        Files.writeString(log, line + "\n", StandardOpenOption.APPEND);
        System.out.println("kill " + Files.readAllLines(log).size() + ", " + line);
    }
}
