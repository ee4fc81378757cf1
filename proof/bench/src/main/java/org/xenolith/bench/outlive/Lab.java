package org.xenolith.bench.outlive;

import org.xenolith.base.Clock;
import org.xenolith.bench.HostCommand;
import org.xenolith.bench.guest.Guest;
import org.xenolith.bench.guest.GuestFiles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Two hosts in a network, and the one guest that they have between them. For one thread.
final class Lab implements AutoCloseable {
    static final String NAME = "web";

    private static final String CONFIG =
            """
            name = "%s"
            type = "pvh"
            kernel = "%s"
            ramdisk = "%s"
            extra = "console=hvc0 quiet %s"
            memory = %d
            vcpus = 1
            %s
            """;

    private static final Duration WITNESS_MAX = Duration.ofSeconds(20);

    private final Network network;
    private final LabFiles files;
    private final Path directory;
    private final Clock clock;
    private final Host first;
    private final Host second;
    private Optional<Background> witness = Optional.empty();

    private Lab(Network network, Path root, LabFiles files, Path directory, Clock clock)
            throws IOException {
        this.network = network;
        this.files = files;
        this.directory = directory;
        this.clock = clock;
        first = new Host(root, Files.createDirectory(directory.resolve("a")), network);
        second = new Host(root, Files.createDirectory(directory.resolve("b")), network);
    }

    /// @param root the directory of `xl`
    /// @param directory a place for files, with nothing in it
    static Lab create(Path root, LabFiles files, Path directory, Clock clock) throws IOException {
        var network = Network.create();
        try {
            return new Lab(network, root, files, directory, clock);
        } catch (IOException e) {
            network.close();
            throw e;
        }
    }

    Clock clock() {
        return clock;
    }

    /// Where the guest boots.
    Host first() {
        return first;
    }

    Host second() {
        return second;
    }

    /// A place for files.
    Path directory() {
        return directory;
    }

    /// Boots a guest at the first host, with its console here as long as it is there, and an
    /// address in the network.
    Guest boot() throws IOException, InterruptedException {
        var guest = start("vif = [ 'bridge=%s' ]".formatted(Network.BRIDGE));
        try {
            guest.type("until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done");
            guest.type("ip link set eth0 up; ip addr add %s/24 dev eth0".formatted(Network.GUEST));
            return guest;
        } catch (IOException | InterruptedException e) {
            guest.close();
            throw e;
        }
    }

    /// The same without a network.
    Guest bootAlone() throws IOException, InterruptedException {
        return start("");
    }

    private Guest start(String devices) throws IOException, InterruptedException {
        var config = directory.resolve(NAME + ".cfg");
        Files.writeString(
                config,
                CONFIG.formatted(
                        NAME,
                        files.kernel(),
                        files.ramdisk(),
                        GuestFiles.INIT,
                        GuestFiles.MEMORY_MIB,
                        devices));
        var command =
                first.xl("create", "-c", config.toString())
                        .redirectError(directory.resolve("console.log").toFile());
        return Guest.boot(command, new Everywhere(), clock);
    }

    private final class Everywhere implements Guest.Host {
        @Override
        public long instructions() {
            return 0;
        }

        @Override
        public void end() throws IOException {
            first.destroyAll();
            second.destroyAll();
        }
    }

    /// Nanoseconds that the client (`client.c`) prints, whatever they are of.
    List<Long> client(Object... words) throws IOException, InterruptedException {
        return client(directory, files.client(), network::inside, words);
    }

    /// @param place makes of a command one that runs where the client is to be
    static List<Long> client(
            Path directory, Path client, UnaryOperator<List<String>> place, Object... words)
            throws IOException, InterruptedException {
        var command = Stream.concat(Stream.of(client), Arrays.stream(words)).map(Object::toString);
        var output = HostCommand.run(directory, place.apply(command.toList()));
        return output.lines().map(Long::parseLong).toList();
    }

    /// Starts a command that goes on.
    Background start(ProcessBuilder command) throws IOException {
        return Background.start(command, directory, clock);
    }

    /// Where the arbiter is: a witness, which is started when it is needed first.
    String arbiter() throws IOException, InterruptedException {
        if (witness.isEmpty()) {
            var store = directory.resolve("decisions").toString();
            witness = Optional.of(start(second.xl("witness", "--listen=127.0.0.1:0", store)));
        }
        return witness.get().awaitLine("witness at", WITNESS_MAX).replaceAll(".* ", "");
    }

    static void await(long millis) {
        new CompletableFuture<Void>().completeOnTimeout(null, millis, TimeUnit.MILLISECONDS).join();
    }

    @Override
    public void close() {
        witness.ifPresent(Background::close);
        network.close();
    }
}
