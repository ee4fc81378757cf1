package org.xenolith.guests;

import org.xenolith.base.Clock;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.Console;
import org.xenolith.board.ConsoleTimeoutException;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.PortOpener;
import org.xenolith.xen.ShutdownReason;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A domain that has booted to its shell. For one thread.
final class Guest implements AutoCloseable {
    private static final long ANSWER_NANOS_MAX = 500_000_000;
    private static final String PROMPT = "~ # ";
    private static final String LOGIN = "login: ";

    /// Far more than is needed: only a guest that hangs gets there.
    private static final Duration BOOT_MAX = Duration.ofMinutes(5);

    /// The same for a whole system, on a host that does other things too.
    private static final Duration LOGIN_MAX = Duration.ofMinutes(30);

    private static final Duration COMMAND_MAX = Duration.ofMinutes(20);

    private final Domain domain;
    private final Console.Reader reader;
    private final Duration bootTime;
    private int commands;

    private Guest(Domain domain, Console.Reader reader, Duration bootTime) {
        this.domain = domain;
        this.reader = reader;
        this.bootTime = bootTime;
    }

    /// Creates a domain and waits for its shell. Throws [ConsoleTimeoutException] if it does not
    /// come.
    static Guest boot(DomainConfig config) throws DomainException, InterruptedException {
        return boot(config, CompilerChoice.ofThisRun());
    }

    static Guest boot(DomainConfig config, CompilerChoice compiler)
            throws DomainException, InterruptedException {
        return boot(config, compiler, PortOpener.NONE);
    }

    /// @param ports open what the network interfaces are plugged into
    static Guest boot(DomainConfig config, CompilerChoice compiler, PortOpener ports)
            throws DomainException, InterruptedException {
        long start = Clock.system().nanos();
        return atPrompt(compiler.create(config, ports), start);
    }

    /// Waits for the shell of a domain that began at `start`. Closes the domain if it does not
    /// come.
    static Guest atPrompt(Domain domain, long start) throws InterruptedException {
        return after(PROMPT, BOOT_MAX, domain, start);
    }

    /// One that has come from elsewhere, with its shell.
    static Guest adopt(Domain domain) {
        return new Guest(domain, domain.console().reader(), Duration.ZERO);
    }

    /// Logs in at the console of a domain with a whole system on its disk, when that has booted.
    static Guest login(Domain domain, long start, String user, String password)
            throws InterruptedException {
        var guest = after(LOGIN, LOGIN_MAX, domain, start);
        guest.answerLogin(user, password);
        return guest;
    }

    /// A domain that began at `start` and tells lines that nobody has asked for.
    static Guest started(Domain domain, long start) throws InterruptedException {
        return after("\r\n", LOGIN_MAX, domain, start);
    }

    private static Guest after(String text, Duration atMost, Domain domain, long start)
            throws InterruptedException {
        try {
            var reader = domain.console().reader();
            reader.awaitText(text, atMost);
            return new Guest(domain, reader, Duration.ofNanos(Clock.system().nanos() - start));
        } catch (ConsoleTimeoutException | InterruptedException e) {
            System.err.println(String.join("\n", domain.log().lines()));
            System.err.println(domain.console().text());
            domain.close();
            throw e;
        }
    }

    /// A domain that has been made and comes to its shell, or is there already, as one that has
    /// been restored may be.
    static Guest of(Domain domain) throws InterruptedException {
        var clock = Clock.system();
        long start = clock.nanos();
        var reader = domain.console().reader();
        domain.console().send("\n"); // the prompt may have come before
        reader.awaitText(PROMPT, BOOT_MAX);
        return new Guest(domain, reader, Duration.ofNanos(clock.nanos() - start));
    }

    /// Waits until the system asks who is there, as it does after a reboot, and logs in.
    void login(String user, String password) throws InterruptedException {
        reader.awaitText(LOGIN, LOGIN_MAX);
        answerLogin(user, password);
    }

    private void answerLogin(String user, String password) throws InterruptedException {
        domain.console().send(user + "\n");
        reader.awaitText("Password: ", COMMAND_MAX);
        domain.console().send(password + "\n");
        reader.awaitText("$ ", COMMAND_MAX);
    }

    /// From the call that made the domain to the first prompt.
    Duration bootTime() {
        return bootTime;
    }

    Domain domain() {
        return domain;
    }

    /// What a command prints, standard error included, without the last line's end.
    String run(String command) throws InterruptedException {
        begin(command);
        return end();
    }

    List<String> lines(String command) throws InterruptedException {
        return run(command).lines().toList();
    }

    /// Types a command and waits until the shell has begun it. It must be one line.
    ///
    /// The marks around its output are computed by the shell, so that they are not found in the
    /// echo of the line that is typed.
    void begin(String command) throws InterruptedException {
        commands++;
        var line = "echo \"<$((%d))>\"; %s; echo \"<$((%d)):$?>\"\n";
        domain.console().send(line.formatted(commands, command, commands));
        reader.awaitText("<" + commands + ">\r\n", COMMAND_MAX);
    }

    /// Types into the command that has begun.
    void type(String text) throws InterruptedException {
        domain.console().send(text);
    }

    /// The next line that the command prints, without its end.
    String line() throws InterruptedException {
        return reader.awaitText("\r\n", COMMAND_MAX).strip();
    }

    /// Waits for the command's end; returns what it has printed.
    String end() throws InterruptedException {
        var mark = "<" + commands + ":";
        var output = reader.awaitText(mark, COMMAND_MAX);
        reader.awaitText(">\r\n", COMMAND_MAX);
        return output.substring(0, output.length() - mark.length())
                .replace("\r", "")
                .stripTrailing();
    }

    /// Waits for a prompt: the one after the last command, or that of the next boot.
    void awaitPrompt() throws InterruptedException {
        reader.awaitText(PROMPT, BOOT_MAX);
    }

    /// Waits for the domain's end.
    ShutdownReason awaitEnd() throws Exception {
        return domain.ended().get(COMMAND_MAX.toSeconds(), TimeUnit.SECONDS).orElseThrow();
    }

    @Override
    public void close() {
        domain.close();
    }

    /// The guest's clock against ours. It may be behind after a boot: before a kernel has found its
    /// clock it counts ticks, and those are lost that fall into a move, or into a time in which the
    /// host has other things to do. Only an answer that comes soon says what time it is.
    long secondsAhead() throws InterruptedException {
        var clock = Clock.system();
        while (true) {
            long before = clock.wallNanos();
            long date = Long.parseLong(run("date +%s"));
            if (clock.wallNanos() - before < ANSWER_NANOS_MAX) {
                return date - before / 1_000_000_000L;
            }
        }
    }
}
