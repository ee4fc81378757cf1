package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.regex.Pattern;

/// A guest that has booted, to its shell if it has the bench's own first program and else to its
/// login; and the process that shows its console. For one thread.
public final class Guest implements AutoCloseable {
    private static final Duration BOOT_MAX = Duration.ofSeconds(120);
    private static final Duration LOGIN_MAX = Duration.ofMinutes(10);
    private static final Duration LAP_MAX = Duration.ofSeconds(60);
    private static final Duration END_MAX = Duration.ofSeconds(10);

    private static final Pattern PROMPT = Pattern.compile("~ # ");
    private static final Pattern LOGIN = Pattern.compile("login: ");

    /// What a hypervisor knows about its guest beside the console.
    public interface Host {
        /// Instructions that the guest has executed; 0 if nobody counts.
        long instructions() throws IOException;

        /// Ends what is left of the guest when its console's process has ended.
        void end() throws IOException;
    }

    private final Process process;
    private final Host host;
    private final GuestConsole console;
    private final Thread abort = new Thread(this::kill);
    private Boot boot;

    private Guest(Process process, Host host, Clock clock) {
        this.process = process;
        this.host = host;
        console = new GuestConsole(process.getInputStream(), process.getOutputStream(), clock);
    }

    /// Starts a command whose input and output are a guest's console, and waits for the shell.
    public static Guest boot(ProcessBuilder command, Host host, Clock clock)
            throws IOException, InterruptedException {
        return boot(command, host, clock, Guest::awaitShell);
    }

    /// The same for a whole system, until it asks who is there.
    static Guest bootSystem(ProcessBuilder command, Host host, Clock clock)
            throws IOException, InterruptedException {
        return boot(command, host, clock, Guest::awaitLogin);
    }

    private interface Awaited {
        void await(Guest guest, long start) throws IOException, InterruptedException;
    }

    private static Guest boot(ProcessBuilder command, Host host, Clock clock, Awaited awaited)
            throws IOException, InterruptedException {
        long start = clock.nanos();
        var guest = new Guest(command.start(), host, clock);
        Runtime.getRuntime().addShutdownHook(guest.abort);
        try {
            awaited.await(guest, start);
            return guest;
        } catch (IOException e) {
            guest.close();
            throw new IOException(e.getMessage() + complaint(command.redirectError()), e);
        } catch (InterruptedException e) {
            guest.close();
            throw e;
        }
    }

    /// What the command has written last to its standard error, if that is a file.
    private static String complaint(ProcessBuilder.Redirect error) throws IOException {
        if (error.file() == null) {
            return "";
        }
        var lines = Files.readAllLines(error.file().toPath());
        return lines.isEmpty() ? "" : "; the command's: " + lines.getLast();
    }

    private void awaitShell(long start) throws IOException, InterruptedException {
        var init = console.await(Mark.LINE, BOOT_MAX);
        var shell = console.await(PROMPT, BOOT_MAX);
        boot = new Boot(init.nanos() - start, shell.nanos() - start, host.instructions());
        type("dmesg -n 1"); // nothing else is to write into the marks
    }

    private void awaitLogin(long start) throws IOException, InterruptedException {
        var login = console.await(LOGIN, LOGIN_MAX);
        boot = new Boot(0, login.nanos() - start, host.instructions());
    }

    /// Gives the shell a line, and waits until it has done what that says.
    public void type(String command) throws IOException, InterruptedException {
        console.type(command + "\n");
        console.await(PROMPT, LAP_MAX);
    }

    public Boot boot() {
        return boot;
    }

    /// Calls a program that marks its laps.
    public Run run(String command) throws IOException, InterruptedException {
        console.type(command + "\n");
        var laps = new ArrayList<Run.Lap>();
        long start = 0;
        long instructions = 0;
        while (true) {
            var heard = console.await(Mark.LINE, LAP_MAX);
            switch (Mark.of(heard.match())) {
                case Mark.Begin() -> {
                    start = heard.nanos();
                    instructions = host.instructions();
                }
                case Mark.LapEnd(var guestNanos) -> {
                    long counted = host.instructions();
                    laps.add(
                            new Run.Lap(heard.nanos() - start, counted - instructions, guestNanos));
                    start = heard.nanos();
                    instructions = counted;
                }
                case Mark.End(var sum) -> {
                    console.await(PROMPT, LAP_MAX);
                    return new Run(laps, sum);
                }
                case Mark.Failed(var reason) -> throw new IOException("the guest: " + reason);
                case Mark.Init() -> throw new IOException("the guest has started anew");
            }
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(abort);
        } catch (IllegalStateException _) {
            return; // the hook does it
        }
        kill();
    }

    /// Ends the guest and its process, by force if need be.
    private void kill() {
        process.destroy();
        try {
            if (!process.waitFor(END_MAX)) {
                process.destroyForcibly();
            }
            host.end();
        } catch (IOException e) {
            System.err.println("bench: a guest may still run: " + e.getMessage());
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
