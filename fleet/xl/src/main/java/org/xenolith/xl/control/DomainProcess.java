package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.Xenolith;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/// The process of one domain. Reads its configuration from standard input, reports on standard
/// output until the domain runs (one JSON object a line: `progress`, `error` or `ready`), and lives
/// until the domain is gone.
public final class DomainProcess {
    /// How long those who watch the console may take to read its end.
    private static final long DRAIN_MILLIS_MAX = 10_000;

    private final RuntimeDirectory runtime;
    private final MachineBuilder builder;
    private final Succession.Launcher launcher;
    private final PrintStream reports;

    /// `launcher` starts the domains that go on instead of one that is kept.
    DomainProcess(
            RuntimeDirectory runtime,
            MachineBuilder builder,
            Succession.Launcher launcher,
            PrintStream reports) {
        this.runtime = runtime;
        this.builder = builder;
        this.launcher = launcher;
        this.reports = reports;
    }

    /// Arguments: the runtime directory, the name of the configuration, `paused` or `running`, and
    /// the saved file from which the domain goes on, if it does.
    public static void main(String[] arguments) throws IOException {
        ignoreTerminal();
        CacheMaker.begin();
        var runtime = RuntimeDirectory.open(Path.of(arguments[0]));
        var others = new DomainLauncher(runtime, _ -> {});
        var process =
                new DomainProcess(
                        runtime,
                        Xenolith.machines(),
                        (source, text) -> others.start(source, text, false),
                        new PrintStream(System.out, true, StandardCharsets.UTF_8));
        var saved =
                arguments.length > 3 ? Optional.of(Path.of(arguments[3])) : Optional.<Path>empty();
        boolean paused = arguments[2].equals("paused");
        boolean good = process.run(arguments[1], System.in, paused, saved);
        CacheMaker.end(good);
        System.exit(good ? 0 : 1);
    }

    /// The terminal that `xl create` was typed on is not the domain's.
    static void ignoreTerminal() {
        ignore("HUP");
        ignore("INT");
        ignore("TSTP");
    }

    private static void ignore(String signal) {
        try {
            sun.misc.Signal.handle(new sun.misc.Signal(signal), sun.misc.SignalHandler.SIG_IGN);
        } catch (IllegalArgumentException _) {
            return; // the host has no such signal, or the JVM keeps it for itself
        }
    }

    /// True if there was a domain.
    boolean run(String source, InputStream text, boolean paused, Optional<Path> saved) {
        try {
            var config =
                    ConfigReader.read(
                                    source, new String(text.readAllBytes(), StandardCharsets.UTF_8))
                            .config();
            try (var registration =
                    runtime.register(config.name(), config.uuid(), Clock.system())) {
                int id = registration.entry().id();
                var domain = start(config, id, paused, saved);
                domain.onSuccession(new Succession(domain, registration, launcher));
                var hook = new Thread(domain::close);
                Runtime.getRuntime().addShutdownHook(hook);
                serve(domain, registration, () -> reportReady(id));
            }
            return true;
        } catch (ConfigException | ControlException | DomainException | IOException e) {
            report(Json.object().put("error", e.getMessage()));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (OutOfMemoryError e) {
            report(Json.object().put("error", "not enough memory: " + e.getMessage()));
            return false;
        }
    }

    private Domain start(DomainConfig config, int id, boolean paused, Optional<Path> saved)
            throws DomainException {
        if (saved.isEmpty()) {
            return Domain.start(config, builder, surroundings(id), paused);
        }
        try {
            var first =
                    Xenolith.restoring(saved.get(), file -> SavedFile.read(file).streamPosition());
            return Domain.start(config, first, builder, surroundings(id), paused);
        } catch (DomainException e) {
            throw new DomainException(
                    "cannot restore %s: %s".formatted(saved.get(), e.getMessage()), e);
        }
    }

    /// Serves the control socket until the domain is gone.
    ///
    /// @param ready done when it can be reached
    static void serve(Domain domain, RuntimeDirectory.Registration registration, Ready ready)
            throws IOException, InterruptedException {
        try (domain;
                var server = ControlServer.start(domain, registration)) {
            ready.tell();
            domain.ended().get();
            registration.close();
            server.drain(DRAIN_MILLIS_MAX);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Tells whoever waits for the domain.
    @FunctionalInterface
    interface Ready {
        void tell() throws IOException;
    }

    private void reportReady(int id) {
        report(Json.object().put("ready", id));
        reports.close();
    }

    private MachineBuilder.Surroundings surroundings(int id) {
        return new ProcessSurroundings(runtime, what -> report(Json.object().put("progress", what)))
                .of(id);
    }

    private synchronized void report(ObjectNode line) {
        reports.println(line);
    }
}
