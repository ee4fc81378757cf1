package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.Xenolith;
import org.xenolith.migration.Arrival;
import org.xenolith.migration.DomainLanding;
import org.xenolith.migration.Link;
import org.xenolith.migration.MigrationException;
import org.xenolith.migration.RewoundLink;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// The process of a domain that comes from another host, by the protocol of migrations on standard
/// input and output. Reports on standard error until the domain runs, as [DomainProcess] does on
/// standard output, and lives until the domain is gone.
public final class ArrivalProcess {
    private final RuntimeDirectory runtime;
    private final MachineBuilder builder;
    private final PrintStream reports;
    private final boolean paused;
    private Optional<RuntimeDirectory.Registration> registration = Optional.empty();
    private boolean hadDomain;

    /// @param builder of the domain's later boots
    /// @param paused the domain stays paused when it is here
    ArrivalProcess(
            RuntimeDirectory runtime, MachineBuilder builder, PrintStream reports, boolean paused) {
        this.runtime = runtime;
        this.builder = builder;
        this.reports = reports;
        this.paused = paused;
    }

    /// Arguments: the runtime directory, `paused` or `running`, and what has been read of standard
    /// input already, as hexadecimal digits.
    public static void main(String[] arguments) throws IOException {
        DomainProcess.ignoreTerminal();
        CacheMaker.begin();
        var root = Path.of(arguments[0]);
        var process =
                new ArrivalProcess(
                        RuntimeDirectory.open(root),
                        Xenolith.machines(),
                        new PrintStream(System.err, true, StandardCharsets.UTF_8),
                        arguments[1].equals("paused"));
        var errors = root.resolve(DomainLauncher.ERRORS).toString();
        boolean served =
                process.run(
                        new RewoundLink(
                                HexFormat.of().parseHex(arguments[2]), ChannelLink.standard()),
                        () ->
                                System.setErr(
                                        new PrintStream(new FileOutputStream(errors, true), true)));
        CacheMaker.end(process.hadDomain);
        System.exit(served ? 0 : 1);
    }

    /// What is done when nobody listens to standard error any more.
    @FunctionalInterface
    interface AfterReports {
        void run() throws IOException;
    }

    /// True if there was a domain, or a question has been answered.
    boolean run(Link link, AfterReports afterReports) {
        var landing = new DomainLanding(this::destination, this::start);
        try {
            var outcome = receive(link, landing);
            if (outcome == Arrival.Outcome.RUNNING) {
                hadDomain = true;
                serve(landing.arrived(), afterReports);
            } else {
                reports.println(Json.object().put("answered", true));
            }
            return outcome != Arrival.Outcome.NOTHING;
        } catch (MigrationException | IOException e) {
            reports.println(Json.object().put("error", String.valueOf(e.getMessage())));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            registration.ifPresent(RuntimeDirectory.Registration::close);
        }
    }

    private Arrival.Outcome receive(Link link, DomainLanding landing)
            throws IOException, MigrationException {
        try (link) {
            var clock = Clock.system();
            var claims = new ClaimFiles(runtime, clock);
            return new Arrival(link, claims, new JoinSockets(runtime, clock), landing).serve();
        }
    }

    private DomainLanding.Destination destination(String text) throws MigrationException {
        try {
            var config = ConfigReader.read("migration", text).config();
            ProcessSurroundings.rehearse(config);
            var place = runtime.register(config.name(), config.uuid(), Clock.system());
            registration = Optional.of(place);
            var surroundings = new ProcessSurroundings(runtime, _ -> {});
            return new DomainLanding.Destination(config, surroundings.of(place.entry().id()));
        } catch (ConfigException | ControlException | DomainException e) {
            throw new MigrationException(e.getMessage(), e);
        }
    }

    private Domain start(
            DomainLanding.Destination destination, MachineBuilder first, boolean wasPaused)
            throws DomainException {
        return Domain.start(
                destination.config(),
                first,
                builder,
                destination.surroundings(),
                paused || wasPaused);
    }

    private void serve(CompletableFuture<Domain> arrived, AfterReports afterReports)
            throws IOException, InterruptedException {
        var domain = arrived.join();
        Runtime.getRuntime().addShutdownHook(new Thread(domain::close));
        DomainProcess.serve(
                domain,
                registration.orElseThrow(),
                () -> {
                    reports.println(Json.object().put("ready", registration.get().entry().id()));
                    reports.close();
                    afterReports.run();
                });
    }
}
