package org.xenolith.guests;

import org.xenolith.base.Bug;
import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;
import org.xenolith.base.Entropy;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.Console;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.DomainLog;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.MemoryAccess;
import org.xenolith.board.Xenolith;
import org.xenolith.network.Ports;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A process of its own that holds a domain and tells of it, line by line, until it ends or is
/// killed.
final class GuestProcess implements AutoCloseable {
    /// Names the file of machine code that is kept.
    private static final String CODE = "xenolith.code";

    private static final long END_MINUTES_MAX = 5;

    private final Process process;
    private final Path log;
    private final BufferedReader lines;
    private final PrintStream input;

    private GuestProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
        this.lines = process.inputReader();
        this.input = new PrintStream(process.getOutputStream(), true);
    }

    /// Runs `main`, which is to make its domain by [#create].
    ///
    /// @param directory for `process.log`, its standard error
    static GuestProcess start(Class<?> main, Path directory, String... arguments)
            throws IOException {
        var log = directory.resolve("process.log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-Xmx160m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-D" + CODE + "=" + CompilerChoice.code(),
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        main.getName()));
        command.addAll(List.of(arguments));
        var process =
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        return new GuestProcess(process, log);
    }

    /// In such a process: a domain as `xl` starts it, with machine code that is kept. One that is
    /// there when SIGTERM ends the process leaves its console on the standard error, and its memory
    /// and registers in `ended.core`: whoever loses patience with a guest may want to know more.
    ///
    /// @param directory for sockets and that file
    static Domain create(DomainConfig.Builder config, Path directory) throws DomainException {
        var domain = start(config, directory);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> tellOfEnd(domain, directory.resolve("ended.core"))));
        return domain;
    }

    private static void tellOfEnd(Domain domain, Path core) {
        if (domain.ended().isDone()) {
            return;
        }
        System.err.println(domain.console().text());
        try {
            domain.dumpCore(core);
        } catch (DomainException | InterruptedException e) {
            System.err.println(e);
        }
    }

    private static Domain start(DomainConfig.Builder config, Path directory)
            throws DomainException {
        var id = new DomainId(1);
        var ports = new Ports(directory.resolve("networks"), Clock.system(), System.err::println);
        return Domain.start(
                config.memoryAccess(MemoryAccess.UNCHECKED).build(),
                Xenolith.machines(),
                new MachineBuilder.Surroundings(
                        id,
                        new Console(),
                        new Console(),
                        new DomainLog(id, System.err::println),
                        Clock.system(),
                        Entropy.system(),
                        Optional.of(Path.of(System.getProperty(CODE))),
                        ports::open,
                        directory,
                        _ -> {}),
                false);
    }

    /// Says a line to it.
    void say(String line) {
        input.println(line);
    }

    /// The next line that it says. Throws if it has ended instead.
    String line() throws IOException {
        var line = lines.readLine();
        if (line == null) {
            throw new IOException("the process has ended: " + Files.readString(log));
        }
        return line;
    }

    /// As `kill -9`. Returns what it had still said.
    List<String> kill() throws IOException, InterruptedException {
        process.toHandle().destroyForcibly(); // the process's own method closes its output
        process.waitFor();
        return lines.lines().toList();
    }

    /// Waits until it has ended; its exit code.
    int end() throws InterruptedException {
        if (!process.waitFor(END_MINUTES_MAX, TimeUnit.MINUTES)) {
            throw new Bug("the process does not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        try {
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            throw new Bug("nobody interrupts a test", e);
        }
    }
}
