package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.maker.GuestSpec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A system whose kernel runs the program `load.sh` in place of systemd, which boots in a fraction
/// of the time: pgbench, rows and files that are each acknowledged when they are durable, and names
/// that come and go.
final class LoadedSystem implements AutoCloseable {
    /// Where it has its files.
    static final String DIRECTORY = "/var/lib/load";

    private static final String ROW = "row ";
    private static final String FILE = "file ";
    private static final String TRANSACTION = "transaction";

    /// So many of each are acknowledged at least before a kill.
    private static final int TRANSACTIONS_MIN = 20;

    private static final int ROWS_MIN = 5;
    private static final int FILES_MIN = 5;

    private final GuestProcess process;
    private final Database found;
    private long transactions;
    private long rows;
    private long files;
    private long lastRow;
    private long lastFile;

    /// What is in a database in which everything fits.
    ///
    /// @param transactions of pgbench's history
    /// @param rows that are acknowledged one by one, numbered from 1
    record Database(long transactions, long rows) {}

    /// What must be there after a kill.
    ///
    /// @param database at least
    /// @param file the last one
    record Acknowledged(Database database, long file) {}

    private LoadedSystem(GuestProcess process) throws IOException {
        this.process = process;
        this.found = database();
    }

    /// Puts what is needed on the disk of a system that has booted.
    static void prepare(Ssh ssh, Path directory) throws Exception {
        ssh.run("sudo install -d -o $USER " + DIRECTORY + " " + DIRECTORY + "/files");
        for (var name : List.of("files.pl", "load.sh")) {
            var file = directory.resolve(name);
            try (var resource = LoadedSystem.class.getResourceAsStream(name)) {
                Files.write(file, resource.readAllBytes());
            }
            ssh.run("cat > " + DIRECTORY + "/" + name, file, directory.resolve("said"));
        }
        ssh.run("sudo install " + DIRECTORY + "/load.sh " + LoadProcess.PROGRAM);
    }

    /// Boots it, until it has found its database sound.
    static LoadedSystem boot(GuestSpec spec) throws IOException {
        var process =
                GuestProcess.start(
                        LoadProcess.class,
                        spec.directory(),
                        spec.image().toString(),
                        spec.directory().toString());
        try {
            return new LoadedSystem(process);
        } catch (IOException | AssertionError e) {
            process.close();
            throw e;
        }
    }

    /// What it has found before it began.
    Database found() {
        return found;
    }

    private Database database() throws IOException {
        assertThat(told("errors ")).isEqualTo("0");
        var sums = told("sums ");
        assertThat(sums).endsWith(" t");
        var numbers = told("rows ").split(" ");
        assertThat(numbers[0]).as("rows up to %s", numbers[1]).isEqualTo(numbers[1]);
        told("sound");
        return new Database(
                Long.parseLong(sums.substring(0, sums.length() - 2)), Long.parseLong(numbers[0]));
    }

    /// The rest of the first line that begins so.
    private String told(String beginning) throws IOException {
        var line = process.line();
        while (!line.startsWith(beginning)) {
            assertThat(line).doesNotStartWith("failed");
            line = process.line();
        }
        return line.substring(beginning.length());
    }

    /// Kills it `millis` after enough has been acknowledged.
    Acknowledged kill(int millis) throws IOException, InterruptedException {
        while (transactions < TRANSACTIONS_MIN || rows < ROWS_MIN || files < FILES_MIN) {
            hear(process.line());
        }
        TimeUnit.MILLISECONDS.sleep(millis);
        process.kill().forEach(this::hear);
        return new Acknowledged(
                new Database(found.transactions() + transactions, lastRow), lastFile);
    }

    private void hear(String line) {
        assertThat(line).doesNotStartWith("failed");
        if (line.equals(TRANSACTION)) {
            transactions++;
        } else if (line.matches(ROW + "\\d+")) {
            rows++;
            lastRow = Long.parseLong(line.substring(ROW.length()));
        } else if (line.matches(FILE + "\\d+")) {
            files++;
            lastFile = Long.parseLong(line.substring(FILE.length()));
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
