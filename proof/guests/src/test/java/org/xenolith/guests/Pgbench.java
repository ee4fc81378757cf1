package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;

/// PostgreSQL's own load (TPC-B, more or less) and what must hold afterwards, in a guest reached by
/// ssh.
record Pgbench(Ssh ssh) {
    private static final int RECOVERY_SECONDS_MAX = 300;
    private static final Path NOTHING = Path.of("/dev/null");

    /// Of a history of each transaction its length, and whether three sums each equal that of its
    /// changes.
    static final String SUMS =
            "select (select count(*) from pgbench_history), (select sum(abalance) from"
                    + " pgbench_accounts) = s and (select sum(tbalance) from pgbench_tellers) = s"
                    + " and (select sum(bbalance) from pgbench_branches) = s as agree from (select"
                    + " coalesce(sum(delta), 0) as s from pgbench_history) as h";

    /// Makes its tables, and one for the rows of `load.sh`.
    void fill() throws Exception {
        awaitServer();
        asPostgres("dropdb --if-exists bench");
        asPostgres("createdb bench");
        asPostgres("pgbench --quiet --initialize --scale=1 bench");
        ask("create view sums as " + SUMS);
        ask("create table acknowledged (number bigint primary key)");
    }

    /// Debian says that the server has been started while it still goes through its log.
    private void awaitServer() throws IOException, InterruptedException {
        ssh.run(
                "timeout %d sh -c 'until pg_isready --quiet; do sleep 0.2; done'"
                        .formatted(RECOVERY_SECONDS_MAX));
    }

    private String ask(String query) throws IOException, InterruptedException {
        return asPostgres("psql -At -F \" \" -d bench -c '%s'".formatted(query));
    }

    private String asPostgres(String command) throws IOException, InterruptedException {
        return ssh.run("cd / && sudo -u postgres " + command);
    }

    /// Begins a load without end, which keeps the history: where pgbench vacuums, it truncates that
    /// too. A line for each transaction that the server has acknowledged goes to `log`, by way of
    /// ssh and a little late.
    Process start(Path log) throws IOException {
        return ssh.start(
                "cd / && sudo -u postgres sh -c 'rm -f /dev/shm/done.*; pgbench --client=4"
                        + " --no-vacuum --time=36000 --log --log-prefix=/dev/shm/done bench"
                        + " > /dev/null 2>&1 & until test -e /dev/shm/done.*; do sleep 0.1; done;"
                        + " tail --lines=+1 --follow /dev/shm/done.*'",
                NOTHING,
                log);
    }

    /// How many are committed.
    long transactions() throws IOException, InterruptedException {
        return Long.parseLong(ask("select count(*) from pgbench_history"));
    }

    /// Nothing is half done, and all tables and indices are sound.
    void assertConsistent() throws IOException, InterruptedException {
        awaitServer();
        assertThat(ask("select * from sums")).endsWith(" t");
        asPostgres(
                "sh -c '/usr/lib/postgresql/*/bin/pg_amcheck --heapallindexed --all"
                        + " --install-missing'");
    }
}
