package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.board.AfterSave;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.Xenolith;
import org.xenolith.migration.Claims;
import org.xenolith.migration.Departure;
import org.xenolith.migration.DomainLanding.Destination;
import org.xenolith.migration.Link;
import org.xenolith.migration.Migration;
import org.xenolith.migration.MigrationException;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.mirror.Arbiter;
import org.xenolith.mirror.Backup;
import org.xenolith.mirror.DomainMirror;
import org.xenolith.mirror.MirrorException;
import org.xenolith.mirror.Primary;
import org.xenolith.mirror.StandbyDomain;
import org.xenolith.mirror.Witness;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.xen.XenVersion;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.config.ConfigWriter;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/// What the process that makes the [StartupCache] does last: with small machines that nobody uses,
/// all that processes of domains do beside running a guest that has booted in them. What they need
/// for it is in the cache then, so that a restored guest is there sooner, and one that moves, or
/// whose host has died, stands still for less long.
final class Training {
    private static final int MEMORY_MIB = 8;
    private static final int TIMES = 3;

    /// Epochs of a mirror, and how far they are apart.
    private static final int EPOCHS = 100;

    private static final int EPOCH_MILLIS = 5;

    /// Nothing here takes longer; if it does, the rest is not done.
    private static final long STEP_SECONDS_MAX = 20;

    private static final long LOOK_MILLIS = 10;

    private final Path directory;
    private final DomainConfig config =
            DomainConfig.builder("training").kernel("none").memoryMib(MEMORY_MIB).build();

    /// @param directory a place for files
    Training(Path directory) {
        this.directory = directory;
    }

    /// Never fails: what cannot be done is not in the cache.
    static void perform() {
        try {
            var directory = Files.createTempDirectory("xenolith-training");
            try {
                new Training(directory).run();
            } finally {
                delete(directory);
            }
        } catch (IOException
                | ConfigException
                | DomainException
                | MigrationException
                | MirrorException
                | RuntimeException e) {
            return; // the cache is made of what has been done
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /// All of it, and fails if something does.
    void run()
            throws IOException,
                    ConfigException,
                    DomainException,
                    MigrationException,
                    MirrorException,
                    InterruptedException {
        Xenolith.rehearse();
        var domain = start(config, Xenolith.trialMachines(), Xenolith.surroundings());
        for (int i = 0; i < TIMES; i++) {
            domain = restored(domain, directory.resolve("saved" + i));
            domain = migrated(domain);
        }
        try (var witness =
                Witness.start(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        directory.resolve("decisions"))) {
            domain = failedOver(domain, "http://127.0.0.1:" + witness.address().getPort());
        }
        domain.close();
    }

    private static Domain start(
            DomainConfig config, MachineBuilder first, MachineBuilder.Surroundings surroundings)
            throws DomainException {
        return Domain.start(config, first, Xenolith.machines(), surroundings, false);
    }

    // ---------------------------------------------------------------- by a file

    private static Domain restored(Domain domain, Path file)
            throws IOException, ConfigException, DomainException, InterruptedException {
        domain.save(
                new FileSaving(file, ConfigWriter.text(domain.config()), _ -> {}),
                AfterSave.DESTROY);
        domain.close();
        var config = ConfigReader.read("training", ConfigWriter.text(domain.config())).config();
        var saved = Xenolith.restoring(file, all -> SavedFile.read(all).streamPosition());
        return start(config, saved, Xenolith.surroundings());
    }

    // ---------------------------------------------------------------- by a connection

    /// One direction each.
    private record PipeLink(ReadableByteChannel input, WritableByteChannel output) implements Link {
        @Override
        public void close() throws IOException {
            try (input;
                    output) {
                return;
            }
        }
    }

    /// Both ends of a connection.
    private record Connection(Link here, Link there) {
        static Connection open() throws IOException {
            var out = Pipe.open();
            var back = Pipe.open();
            return new Connection(
                    new PipeLink(back.source(), out.sink()),
                    new PipeLink(out.source(), back.sink()));
        }
    }

    private interface Work<T> {
        T run() throws IOException, MigrationException, MirrorException;
    }

    private static <T> CompletableFuture<T> beside(Work<T> work) {
        var result = new CompletableFuture<T>();
        Thread.ofPlatform()
                .daemon()
                .name("training")
                .start(() -> {
                    try {
                        result.complete(work.run());
                    } catch (IOException
                            | MigrationException
                            | MirrorException
                            | RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                });
        return result.orTimeout(STEP_SECONDS_MAX, TimeUnit.SECONDS);
    }

    private Domain migrated(Domain domain)
            throws IOException, MigrationException, InterruptedException {
        var connection = Connection.open();
        var arrived = beside(() -> Migration.receive(connection.there, Claims.inMemory(), config));
        Migration.send(domain, () -> connection.here, MigrationOptions.DEFAULT, _ -> {});
        return arrived.join().orElseThrow();
    }

    // ---------------------------------------------------------------- by a mirror

    private Domain failedOver(Domain domain, String address)
            throws IOException, MirrorException, InterruptedException {
        var connection = Connection.open();
        var standby =
                new StandbyDomain(
                        new Destination(config, Xenolith.surroundings()),
                        (destination, first, _) ->
                                start(destination.config(), first, destination.surroundings()),
                        Clock.system());
        var arbiter = Arbiter.at(address);
        var backup =
                beside(() ->
                        Backup.serve(
                                connection.there,
                                new Backup.Surroundings(
                                        _ -> standby,
                                        _ -> arbiter,
                                        MirrorOptions.DEFAULT,
                                        Clock.system(),
                                        _ -> {})));
        var session = new UUID(Entropy.system().nextLong(), Entropy.system().nextLong());
        var primary =
                Primary.start(
                        new DomainMirror(domain, () -> "", _ -> {}),
                        connection.here,
                        new Message.Hello(session, address, ""),
                        MirrorOptions.DEFAULT.every(EPOCH_MILLIS),
                        new Primary.Surroundings(
                                new SecondToAsk(arbiter, backup),
                                new Departure.Version(XenVersion.MAJOR, XenVersion.MINOR),
                                Clock.system(),
                                _ -> {}));
        while (primary.status().committed() < EPOCHS && !primary.end().isDone()) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        connection.here.close();
        backup.join();
        return standby.promoted().orTimeout(STEP_SECONDS_MAX, TimeUnit.SECONDS).join();
    }

    /// The primary is to lose: it asks when the backup has been answered.
    private record SecondToAsk(Arbiter arbiter, CompletableFuture<Backup.Outcome> backup)
            implements Arbiter {
        @Override
        public Decision claim(UUID session, Decision wanted) throws IOException {
            try {
                backup.copy().join();
            } catch (CompletionException e) {
                throw new IOException(e);
            }
            return arbiter.claim(session, wanted);
        }

        @Override
        public Optional<Decision> read(UUID session) throws IOException {
            return arbiter.read(session);
        }
    }
}
