package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.Xenolith;
import org.xenolith.migration.DomainLanding;
import org.xenolith.migration.Link;
import org.xenolith.mirror.Arbiter;
import org.xenolith.mirror.Backup;
import org.xenolith.mirror.MirrorException;
import org.xenolith.mirror.StandbyDomain;
import org.xenolith.mirror.StandbyMachine;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/// The process that keeps the copy of a domain of another host, by the protocol of mirrors on
/// standard input and output. Reports on standard error, as [ArrivalProcess] does; if the copy
/// becomes the domain it lives until the domain is gone.
public final class BackupProcess {
    /// What a copy is called as long as it is one, as with Xen's xl.
    private static final String INCOMING = "--incoming";

    private final RuntimeDirectory runtime;
    private final MachineBuilder builder;
    private final PrintStream reports;
    private final int silenceMillis;
    private Optional<RuntimeDirectory.Registration> registration = Optional.empty();
    private boolean hadDomain;
    private Optional<StandbyDomain> standby = Optional.empty();

    /// @param builder of the domain's later boots
    /// @param silenceMillis after which the primary is lost
    BackupProcess(
            RuntimeDirectory runtime,
            MachineBuilder builder,
            PrintStream reports,
            int silenceMillis) {
        this.silenceMillis = silenceMillis;
        this.runtime = runtime;
        this.builder = builder;
        this.reports = reports;
    }

    /// The usual ones, with another time after which the other host is lost.
    static MirrorOptions options(int silenceMillis) {
        var usual = MirrorOptions.DEFAULT;
        return new MirrorOptions(
                usual.epochMillis(),
                usual.epochMillisMax(),
                usual.beatMillis(),
                silenceMillis,
                Math.max(silenceMillis, usual.startMillis()),
                Math.max(silenceMillis, usual.commitMillis()),
                usual.askMillis(),
                usual.askAgainMillis());
    }

    /// Arguments: the runtime directory, and the milliseconds of silence after which the primary is
    /// lost.
    public static void main(String[] arguments) throws IOException {
        DomainProcess.ignoreTerminal();
        CacheMaker.begin();
        var root = Path.of(arguments[0]);
        var process =
                new BackupProcess(
                        RuntimeDirectory.open(root),
                        Xenolith.machines(),
                        new PrintStream(System.err, true, StandardCharsets.UTF_8),
                        Integer.parseInt(arguments[1]));
        var errors = root.resolve(DomainLauncher.ERRORS).toString();
        boolean served =
                process.run(
                        ChannelLink.standard(),
                        () ->
                                System.setErr(
                                        new PrintStream(new FileOutputStream(errors, true), true)));
        CacheMaker.end(process.hadDomain);
        System.exit(served ? 0 : 1);
    }

    /// True if there was a domain, or the copy was not needed.
    boolean run(Link link, ArrivalProcess.AfterReports afterReports) {
        try {
            var outcome =
                    Backup.serve(
                            link,
                            new Backup.Surroundings(
                                    this::prepare,
                                    Arbiter::at,
                                    options(silenceMillis),
                                    Clock.system(),
                                    runtime.log()::append));
            if (outcome.promoted()) {
                hadDomain = true;
                serve(standby.orElseThrow().promoted().join(), afterReports);
            } else {
                reports.println(Json.object().put("answered", true));
            }
            return true;
        } catch (MirrorException | IOException e) {
            reports.println(Json.object().put("error", String.valueOf(e.getMessage())));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            registration.ifPresent(RuntimeDirectory.Registration::close);
        }
    }

    private StandbyMachine prepare(String text) throws MirrorException {
        try {
            var config = ConfigReader.read("mirror", text).config();
            ProcessSurroundings.rehearse(config);
            requireFree(config);
            var place =
                    runtime.register(
                            config.name() + INCOMING, DomainConfig.randomUuid(), Clock.system());
            registration = Optional.of(place);
            var surroundings = new ProcessSurroundings(runtime, _ -> {}).of(place.entry().id());
            var machine =
                    new StandbyDomain(
                            new DomainLanding.Destination(config, surroundings),
                            this::start,
                            Clock.system());
            standby = Optional.of(machine);
            return machine;
        } catch (ConfigException | ControlException | DomainException e) {
            throw new MirrorException(e.getMessage(), e);
        }
    }

    /// It may be some time until the name is needed.
    private void requireFree(DomainConfig config) throws ControlException {
        for (var other : runtime.list()) {
            if (other.name().equals(config.name()) || other.uuid().equals(config.uuid())) {
                throw new ControlException(
                        "a domain named \"%s\" exists there".formatted(other.name()));
            }
        }
    }

    private Domain start(
            DomainLanding.Destination destination, MachineBuilder first, boolean paused)
            throws DomainException {
        var config = destination.config();
        try {
            registration.orElseThrow().identify(config.name(), config.uuid());
        } catch (ControlException e) {
            // Under another name is better than not at all.
            destination.surroundings().log().add("mirror: keeps its name: " + e.getMessage());
        }
        return Domain.start(config, first, builder, destination.surroundings(), paused);
    }

    private void serve(Domain domain, ArrivalProcess.AfterReports afterReports)
            throws IOException, InterruptedException {
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
