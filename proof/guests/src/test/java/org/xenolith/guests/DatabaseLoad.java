package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// PostgreSQL in a guest that has booted to the kit's shell, and clients in another host's network
/// that give it transactions over TCP (`pgbench`): each is numbered, and written down when it has
/// been acknowledged.
///
/// The guest has the server's programs from a disk with a Debian system, which it only reads; the
/// database is on another.
final class DatabaseLoad {
    private static final int CLIENTS = 4;

    /// Transactions a second at most.
    private static final int RATE = Integer.getInteger("xenolith.rate", 100);

    private static final long PROGRESS_SECONDS_MAX = 180;
    private static final double MICROS_IN_MILLI = 1e3;

    /// Longer than any test. [#end] ends it.
    private static final int SECONDS_MAX = 36_000;

    private static final String SYSTEM = "/system";

    /// Where the directory of the database is in the system of the server.
    private static final String PLACE = "/srv";

    private static final String DATA = PLACE + "/database";

    /// With the programs of whatever version there is.
    private static final String AS_SERVER =
            "chroot %s /sbin/runuser -u postgres -- sh -c \"cd /"
                    + " && PATH=/bin:\\$(echo /usr/lib/postgresql/*/bin) %s\" 2>&1 && echo whole";

    /// It writes much and often, so that there is something to lose.
    private static final List<String> SETTINGS =
            List.of(
                    "listen_addresses = '*'",
                    "unix_socket_directories = '/tmp'",
                    "shared_buffers = '32MB'",
                    "min_wal_size = '32MB'",
                    "max_wal_size = '48MB'",
                    "checkpoint_timeout = '30s'");

    /// As PostgreSQL's own (TPC-B, more or less), but the history says whose transaction it was,
    /// and which of his.
    private static final List<String> SCRIPT =
            List.of(
                    "\\set n :n + 1",
                    "\\set aid random(1, 100000)",
                    "\\set tid random(1, 10)",
                    "\\set delta random(-5000, 5000)",
                    "BEGIN;",
                    "UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;",
                    "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;",
                    "UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;",
                    "UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = 1;",
                    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime, filler) VALUES"
                            + " (:tid, 1, :aid, :delta, CURRENT_TIMESTAMP,"
                            + " :client_id || ' ' || :n);",
                    "END;");

    private final Clock clock = Clock.system();
    private final XlHost host;
    private final String address;
    private final Path log;
    private final XlHost.Started clients;

    private DatabaseLoad(XlHost host, String address, Path directory) throws Exception {
        this.host = host;
        this.address = address;
        this.log = directory.resolve("transactions");
        var script = Files.write(directory.resolve("transaction.sql"), SCRIPT);
        run("createdb", "bench");
        run("pgbench", "--quiet", "--initialize", "--scale=1", "bench");
        this.clients =
                host.run(
                        command(
                                "pgbench",
                                "--no-vacuum",
                                "--client=" + CLIENTS,
                                "--rate=" + RATE,
                                "--define=n=0",
                                "--file=" + script,
                                "--time=" + SECONDS_MAX,
                                "--progress=1",
                                "--log",
                                "--log-prefix=" + log,
                                "bench"));
    }

    // ---------------------------------------------------------------- in the guest

    /// Starts the server.
    ///
    /// @param system the disk with a Debian system
    /// @param directory one of the disk that is to have the database, which is mounted
    static void startServer(XlShell shell, String system, String directory) throws Exception {
        shell.run("mkdir -p %s && mount -o ro %s %s".formatted(SYSTEM, system, SYSTEM));
        shell.run("mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm && chmod 1777 /dev/shm");
        for (var own : List.of("dev", "proc")) {
            shell.run("mount -o rbind /%s %s/%s".formatted(own, SYSTEM, own));
        }
        shell.run("mount -t tmpfs tmp %s/tmp && chmod 1777 %s/tmp".formatted(SYSTEM, SYSTEM));
        shell.run("mount -o bind %s %s%s".formatted(directory, SYSTEM, PLACE));
        shell.run("chmod 777 " + directory);
        // What Debian's package has made for its own use.
        var data = directory + "/database";
        shell.run("cp -a %s/var/lib/postgresql/*/main %s".formatted(SYSTEM, data));
        inSystem(shell, "pg_checksums --enable -D " + DATA);
        for (var access : List.of("local all all trust", "host all all samenet trust")) {
            append(shell, access, data + "/pg_hba.conf");
        }
        for (var setting : SETTINGS) {
            append(shell, setting, data + "/postgresql.conf");
        }
        shell.run("touch %s/pg_ident.conf".formatted(data));
        inSystem(shell, "pg_ctl -D %s -w -t 240 -l %s/server.log start".formatted(DATA, PLACE));
    }

    private static void append(XlShell shell, String line, String file) throws Exception {
        shell.run("echo \"%s\" >> %s".formatted(line, file));
    }

    /// Runs a program of the server, which must succeed.
    private static void inSystem(XlShell shell, String command) throws Exception {
        var said = shell.run(AS_SERVER.formatted(SYSTEM, command));
        assertThat(said).as(command).endsWith("whole");
    }

    /// All tables and indices, and each page, are sound; the server has ended and lets its disk go.
    static void assertSoundAndStop(XlShell shell) throws Exception {
        inSystem(shell, "pg_amcheck -h /tmp --heapallindexed --all --install-missing");
        inSystem(shell, "pg_ctl -D %s -w -t 240 stop".formatted(DATA));
        inSystem(shell, "pg_checksums --check -D " + DATA);
        shell.run("umount %s%s".formatted(SYSTEM, PLACE));
    }

    // ---------------------------------------------------------------- the clients

    /// Makes the tables and begins a load.
    ///
    /// @param host where the clients are
    /// @param address the guest's
    /// @param directory for what is written down
    static DatabaseLoad begin(XlHost host, String address, Path directory) throws Exception {
        return new DatabaseLoad(host, address, directory);
    }

    private List<String> command(String program, String... words) {
        var first = List.of("/usr/bin/" + program, "--host=" + address, "--username=postgres");
        return Stream.concat(first.stream(), Stream.of(words)).toList();
    }

    private String run(String program, String... words) throws Exception {
        var started = host.run(command(program, words));
        int code = started.awaitEnd();
        assertThat(code).as("%s: %s", program, started.text()).isZero();
        return started.text().strip();
    }

    /// Reports of whole seconds in which transactions were acknowledged.
    private long busySeconds() throws IOException {
        return clients.text()
                .lines()
                .filter(line -> line.startsWith("progress: ") && !line.contains(" 0.0 tps"))
                .count();
    }

    /// Waits until transactions are acknowledged that were not when this was called.
    void awaitProgress() throws Exception {
        long enough = busySeconds() + 2; // the next report may be of what was before
        long deadline = clock.nanos() + TimeUnit.SECONDS.toNanos(PROGRESS_SECONDS_MAX);
        while (busySeconds() < enough) {
            assertThat(clients.process().isAlive()).as("%s", clients.text()).isTrue();
            assertThat(clock.nanos()).as("there is progress").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    /// Ends the load, of which no connection was lost and no transaction failed: what has been
    /// acknowledged, and only that, is there, and the sums are right.
    ///
    /// @return in words, how much it was
    String end() throws Exception {
        // pgbench's time is up: it ends what has begun.
        HostTool.run("kill", "-ALRM", Long.toString(clients.process().pid()));
        assertThat(clients.awaitEnd()).as("%s", clients.text()).isZero();
        assertThat(clients.text())
                .contains("number of failed transactions: 0 ")
                .doesNotContain("aborted");
        var acknowledged = acknowledged();
        var there = Set.copyOf(query("select trim(filler) from pgbench_history").lines().toList());
        assertThat(there).isEqualTo(acknowledged);
        assertThat(query(Pgbench.SUMS)).isEqualTo(acknowledged.size() + "|t");
        return "%d transactions over %d connections, of which the longest took %.0f ms"
                .formatted(acknowledged.size(), CLIENTS, longestMicros() / MICROS_IN_MILLI);
    }

    private String query(String query) throws Exception {
        return run("psql", "--no-align", "--tuples-only", "--dbname=bench", "--command=" + query);
    }

    /// Client, number of its transaction, microseconds since it was to begin, script, time in
    /// seconds and microseconds, microseconds by which it began late (pgbench, "Per-Transaction
    /// Logging").
    private Stream<String[]> entries() throws IOException {
        try (var files = Files.list(log.getParent())) {
            return files
                    .filter(file -> file.getFileName().toString().startsWith("transactions."))
                    .toList()
                    .stream()
                    .flatMap(DatabaseLoad::lines)
                    .map(line -> line.split(" "));
        }
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Set<String> acknowledged() throws IOException {
        var all = new HashSet<String>();
        entries().forEach(entry -> assertThat(all.add(entry[0] + " " + entry[1])).isTrue());
        return all;
    }

    private long longestMicros() throws IOException {
        return entries()
                .mapToLong(entry -> Long.parseLong(entry[2]) - Long.parseLong(entry[6]))
                .max()
                .orElse(0);
    }
}
