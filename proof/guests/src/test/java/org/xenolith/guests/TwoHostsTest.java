package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.boot.GuestKit;
import org.xenolith.maker.Release;
import org.xenolith.network.testing.Namespace;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Two hosts with `xl`, which are network namespaces, and a client in a third, that talks all the
/// while to a guest which is moved between the two and whose hosts die.
///
/// ```
///            client  10.9.0.1, arbiter
///              │ bridge lan
///        ┌─────┴─────┐
///      xenbr0      xenbr0        guest 10.9.0.9 on one of them
///      host-a ───── host-b
///        10.8.0.x, ssh: what the two say to each other
/// ```
///
/// `-Dxenolith.moves` and `-Dxenolith.failovers` say how often, `-Dxenolith.seconds` how long
/// either may go on with another, `-Dxenolith.silence` after how many milliseconds a host is lost
/// that says nothing, `-Dxenolith.seed` when something happens. `-Dxenolith.system=long` has a
/// database in the guest too, from a Debian system that is made or, if there is one with PostgreSQL
/// already, from the image that `-Dxenolith.postgresql` names; `-Dxenolith.rate` says how many
/// transactions there are in a second.
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 120, unit = TimeUnit.MINUTES)
class TwoHostsTest {
    private static final int MOVES = Integer.getInteger("xenolith.moves", 2);
    private static final int FAIL_OVERS = Integer.getInteger("xenolith.failovers", 1);

    /// More than is usual: the host on which tests run may do other things.
    private static final int SILENCE_MILLIS = Integer.getInteger("xenolith.silence", 1000);

    /// Of a run in pieces.
    private static final int SECONDS_MAX = Integer.getInteger("xenolith.seconds", 7200);

    private static final long SEED = Long.getLong("xenolith.seed", 7);

    private static final String GUEST = "10.9.0.9";
    private static final int VOLUME_MIB = MadeGuest.amount(16, 192);
    private static final int MEMORY_MIB = MadeGuest.amount(256, 384);
    private static final int FRAMES_POLL_MILLIS = 5;
    private static final int FRAMES_POLLS_MAX = 20_000;
    private static final double NANOS_IN_MILLI = 1e6;

    @TempDir private static Path root;

    private final Clock clock = Clock.system();
    private final SplittableRandom random = new SplittableRandom(SEED);
    private final List<Namespace> namespaces = new ArrayList<>();
    private Namespace clients;
    private XlHosts hosts;
    private XlHost client;
    private Side here;
    private Side there;
    private String arbiter;
    private EchoClient echo;
    private JournalClient journal;
    private Optional<Path> system = Optional.empty();
    private Optional<DatabaseLoad> database = Optional.empty();

    /// A host and what leads to it.
    private record Side(
            String name, Namespace network, XlHost host, String ssh, Path disk, Path config) {}

    // ---------------------------------------------------------------- the world

    @BeforeAll
    void setUp() throws Exception {
        Namespace.assumePossible();
        SshServer.assumePossible();
        HostTool.assumePresent("mke2fs", "e2fsck", "debugfs");
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        system = databaseSystem();
        hosts = new XlHosts(root);
        clients = namespace();
        clients.bridge("lan", "10.9.0.1/24");
        var networkA = namespace();
        var networkB = namespace();
        networkA.connectTo(networkB, "10.8.0.2", "10.8.0.3");
        here = side("host-a", networkA, 2);
        there = side("host-b", networkB, 3);
        startArbiter();
        startGuest();
    }

    private static Optional<Path> databaseSystem() throws Exception {
        if (!MadeGuest.isLong()) {
            return Optional.empty();
        }
        HostTool.assumePresent("pgbench", "psql", "createdb");
        var made = System.getProperty("xenolith.postgresql");
        return Optional.of(
                made == null
                        ? MadeGuest.make(
                                        Release.TRIXIE,
                                        root.resolve("made"),
                                        List.of("postgresql"),
                                        false)
                                .image()
                        : Path.of(made));
    }

    private Namespace namespace() {
        var made = Namespace.create();
        namespaces.add(made);
        return made;
    }

    private Side side(String name, Namespace network, int number) throws Exception {
        network.bridge("xenbr0", "10.9.0.%d/24".formatted(number));
        clients.connectBridges("lan", network, "xenbr0");
        var host = hosts.add(name, network);
        var disk = host.directory().resolve("disk");
        var config =
                hosts.write(
                        name + ".cfg",
                        "name = 'web'",
                        "kernel = '%s%s'"
                                .formatted(GuestKit.SCHEME, DebianKernel.CLOUD.packageName()),
                        "ramdisk = '%s'".formatted(GuestKit.SCHEME),
                        "extra = 'console=hvc0 quiet'",
                        "memory = " + MEMORY_MIB,
                        "vcpus = 2",
                        "disk = ['%s,raw,xvda,rw'%s]".formatted(disk, systemDisk()),
                        "vif = ['bridge=xenbr0,mac=00:16:3e:00:00:01']");
        var ssh = SshServer.start(hosts, host, name, "10.8.0." + number);
        return new Side(name, network, host, ssh, disk, config);
    }

    private String systemDisk() {
        return system.map(image -> ", '%s,raw,xvdb,ro'".formatted(image)).orElse("");
    }

    private Path decisions() {
        return root.resolve("decisions");
    }

    private void startArbiter() throws Exception {
        client = hosts.add("client", clients);
        var witness = client.start("witness", "--listen=10.9.0.1:0", decisions().toString());
        arbiter = witness.awaitLine("witness at").replaceAll(".* ", "");
    }

    private void startGuest() throws Exception {
        HostTool.run("mke2fs", "-q", "-t", "ext4", "-F", here.disk.toString(), VOLUME_MIB + "M");
        here.host.done("create", here.config.toString());
        try (var shell = XlShell.attach(here.host, "web")) {
            shell.awaitPrompt();
            shell.run("dmesg -n 1; until test -e /sys/class/net/eth0; do sleep 0.1; done");
            shell.run("ip link set eth0 up; ip addr add %s/24 dev eth0".formatted(GUEST));
            shell.run("until test -b /dev/xvda; do sleep 0.1; done");
            shell.run("mount -t ext4 /dev/xvda /mnt");
            var program = JournalClient.PROGRAM.formatted("/mnt/journal");
            shell.run("echo '#!/bin/sh' > /journal; chmod 755 /journal");
            shell.run("echo '%s' >> /journal".formatted(program));
            shell.run("(nc -ll -p 7 -e cat < /dev/null > /dev/null 2>&1 &)");
            shell.run("(nc -ll -p 9 -e /journal < /dev/null > /dev/null 2>&1 &)");
            shell.run("until grep -q :0009 /proc/net/tcp*; do sleep 0.1; done");
            if (system.isPresent()) {
                DatabaseLoad.startServer(shell, "/dev/xvdb", "/mnt");
            }
        }
        if (system.isPresent()) {
            database = Optional.of(DatabaseLoad.begin(client, GUEST, root));
        }
        echo = EchoClient.connect(clients, GUEST);
        journal = JournalClient.connect(clients, GUEST);
        awaitWork(20, 3);
    }

    /// All who talk to the guest get on.
    private void awaitWork(int answers, int lines) throws Exception {
        echo.awaitAnswers(answers);
        journal.awaitLines(lines);
        if (database.isPresent()) {
            database.get().awaitProgress();
        }
    }

    @AfterAll
    void close() throws Exception {
        if (echo != null) {
            echo.close();
        }
        if (journal != null) {
            journal.close();
        }
        if (hosts != null) {
            hosts.close();
        }
        namespaces.forEach(Namespace::close);
    }

    /// The guest is at the other host now; what is left of its disk here is of the past.
    private void changeSides() throws Exception {
        Files.delete(here.disk);
        var side = here;
        here = there;
        there = side;
        here.host.requireAlone("web", there.host);
        awaitWork(10, 2);
    }

    private boolean hasTime(long start) {
        return clock.nanos() - start < TimeUnit.SECONDS.toNanos(SECONDS_MAX);
    }

    private void work() throws Exception {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(1000));
    }

    // ---------------------------------------------------------------- moves

    @Test
    @Order(1)
    void aGuestThatIsMovedGoesOn() throws Exception {
        long start = clock.nanos();
        for (int move = 1; move <= MOVES && hasTime(start); move++) {
            echo.longestGapMillis();
            var said =
                    here.host.done(
                            "migrate",
                            "--copy-disks",
                            "-C",
                            there.config.toString(),
                            "-s",
                            there.ssh,
                            "web",
                            there.name);
            changeSides();
            System.out.printf(
                    "move %d: %d ms between two answers; %s%n",
                    move, echo.longestGapMillis(), said.lines().reduce("", (_, last) -> last));
            work();
        }
    }

    // ---------------------------------------------------------------- hosts that die

    /// @param more options of `xl remus`
    private XlHost.Started protect(String... more) throws Exception {
        var words = new ArrayList<>(List.of("remus", "--arbiter=" + arbiter));
        words.addAll(List.of(more));
        words.addAll(List.of("--silence=" + SILENCE_MILLIS, "-C", there.config.toString()));
        words.addAll(List.of("-s", there.ssh, "web", there.name));
        var mirror = here.host.start(words.toArray(String[]::new));
        mirror.awaitLine("web is protected");
        awaitWork(10, 2);
        return mirror;
    }

    @Test
    @Order(2)
    void aGuestWhoseProcessIsKilledGoesOnAtTheOtherHost() throws Exception {
        long start = clock.nanos();
        for (int round = 1; round <= FAIL_OVERS && hasTime(start); round++) {
            long asked = clock.nanos();
            var mirror = protect("--keep");
            double protection = (clock.nanos() - asked) / NANOS_IN_MILLI;
            work();
            echo.longestGapMillis();
            long killed = clock.nanos();
            here.host.kill("web");
            mirror.kill();
            double spoke = (awaitFrames(there) - killed) / NANOS_IN_MILLI;
            long answered = echo.awaitNewAnswer();
            there.host.await("web");
            changeSides();
            System.out.printf(
                    "fail-over %d: protected within %.0f ms; after kill -9 the guest spoke within"
                            + " %.0f ms, the first new answer came after %.0f ms, %d ms between two"
                            + " answers%n",
                    round,
                    protection,
                    spoke,
                    (answered - killed) / NANOS_IN_MILLI,
                    echo.longestGapMillis());
        }
    }

    private List<String> decided() throws Exception {
        return Files.readAllLines(decisions());
    }

    /// Frames that guests of this host have sent so far.
    private static long frames(Side side) {
        return side.network
                .proc("dev")
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("vif"))
                .mapToLong(line -> Long.parseLong(line.split(":? +")[2]))
                .sum();
    }

    /// Waits until a guest of that host, which has had none, says something; returns when that was,
    /// and a little.
    private long awaitFrames(Side side) throws Exception {
        for (int i = 0; i < FRAMES_POLLS_MAX && frames(side) == 0; i++) {
            TimeUnit.MILLISECONDS.sleep(FRAMES_POLL_MILLIS);
        }
        return clock.nanos();
    }

    private void requireSilent(Side side) throws Exception {
        long before = frames(side);
        echo.awaitAnswers(20);
        assertThat(frames(side)).as("no guest speaks at " + side.name).isEqualTo(before);
    }

    @Test
    @Order(3)
    void whenTheHostsDoNotHearEachOtherOneOfThemHasTheGuest() throws Exception {
        var mirror = protect();
        var before = decided();
        here.network.ip("link set %s down".formatted(here.network.cableTo(there.network)));
        long cut = clock.nanos();
        int code = mirror.awaitEnd();
        long answered = echo.awaitNewAnswer();
        var decision = decided();
        assertThat(decision).hasSize(before.size() + 1).containsAll(before);
        boolean stays = decision.getLast().contains(" alone ");
        assertThat(code).isEqualTo(stays ? 1 : 0);
        there.host.awaitEither(stays, "web");
        requireSilent(stays ? there : here);
        System.out.printf(
                "a cut cable: the guest %s, a new answer %.0f ms after%n",
                stays ? "stays" : "goes", (answered - cut) / NANOS_IN_MILLI);
        reconnect(here, there);
        if (stays) {
            there.host.awaitEmpty();
            Files.deleteIfExists(there.disk);
        } else {
            here.host.awaitEmpty();
            changeSides();
        }
        here.host.requireAlone("web", there.host);
    }

    private static void reconnect(Side one, Side other) {
        one.network.ip("link set %s up".formatted(one.network.cableTo(other.network)));
    }

    @Test
    @Order(4)
    void aHostThatNobodyHearsStandsStillAndGivesTheGuestUp() throws Exception {
        var mirror = protect();
        var toClients = here.network.cableTo(clients);
        long cut = clock.nanos();
        here.network.ip("link set %s down".formatted(toClients));
        here.network.ip("link set %s down".formatted(here.network.cableTo(there.network)));
        there.host.await("web");
        long answered = echo.awaitNewAnswer();
        requireSilent(here);
        assertThat(decided().getLast()).contains(" promoted ");
        assertThat(mirror.process().isAlive()).as("the old host knows of nothing").isTrue();
        here.network.ip("link set %s up".formatted(toClients));
        assertThat(mirror.awaitEnd()).isZero();
        mirror.awaitLine("web is the other host's");
        reconnect(here, there);
        here.host.awaitEmpty();
        changeSides();
        System.out.printf(
                "a host that is cut off: a new answer %.0f ms after%n",
                (answered - cut) / NANOS_IN_MILLI);
    }

    // ---------------------------------------------------------------- in the end

    @Test
    @Order(5)
    void nothingIsLost() throws Exception {
        var lines = journal.end();
        System.out.printf("%d answers, %d lines%n", echo.answers(), lines.size());
        if (database.isPresent()) {
            System.out.println(database.get().end());
        }
        echo.awaitAnswers(1);
        echo.close();
        try (var shell = XlShell.attach(here.host, "web")) {
            assertThat(shell.run("dmesg | grep -i -E 'i.o error|corrupt|lockup|oops|bad csum'"))
                    .isEmpty();
            if (database.isPresent()) {
                DatabaseLoad.assertSoundAndStop(shell);
            }
            shell.run("killall nc journal; until umount /mnt; do sleep 0.1; done");
        }
        here.host.done("destroy", "web");
        HostTool.run("e2fsck", "-f", "-n", here.disk.toString());
        var copy = root.resolve("journal");
        HostTool.run("debugfs", "-R", "dump /journal " + copy, here.disk.toString());
        assertThat(Files.readAllLines(copy)).isEqualTo(lines);
    }
}
