package org.xenolith.bench;

import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.MemoryAccess;
import org.xenolith.board.PortOpener;
import org.xenolith.board.Xenolith;
import org.xenolith.migration.Claims;
import org.xenolith.migration.Joins;
import org.xenolith.migration.Link;
import org.xenolith.migration.Migration;
import org.xenolith.migration.MigrationException;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.migration.MigrationReport;
import org.xenolith.state.stream.PagePacking;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/// `./dev bench migration [moves=N] [pause=SECONDS] [packing=NONE|LZ4|ZSTD] [connections=N,...]
/// [delay=MS] [window=KIB]` moves a Debian kernel of 512 MiB over the loopback again and again,
/// while it rewrites a file of 100 MiB in its memory, 5 MiB at a time with a pause between; and
/// prints how fast it writes, how long each move took and how long it stood still. Numbers of
/// connections alternate. With a delay, octets take so long one way, of which so many may be under
/// way ([DelayedLink]).
public final class MigrationBench {
    private static final int MOVES = 10;
    private static final int WINDOW_BYTES = 4 << 20;
    private static final Duration BOOT_MAX = Duration.ofMinutes(5);
    private static final double NANOS_IN_MILLI = 1e6;
    private static final double NANOS_IN_SECOND = 1e9;

    /// The two files alternate, so that every page that is written is another than it was.
    private static final String LOAD =
            "head -c 5242880 /dev/urandom >/r0; head -c 5242880 /dev/urandom >/r1;"
                    + " w() { n=0; while :; do dd if=/r$((n/20%%2)) of=/w bs=64k conv=notrunc"
                    + " seek=$((n%%20*80)) 2>/dev/null; n=$((n+1)); sleep %s; done; };"
                    + " w & echo load-$((1+1))%n";

    private final PrintStream out;
    private final Clock clock = Clock.system();
    private final List<Integer> connections;
    private final DelayedLink.Way way;

    private MigrationBench(PrintStream out, List<Integer> connections, DelayedLink.Way way) {
        this.out = out;
        this.connections = connections;
        this.way = way;
    }

    public static void main(String[] arguments) throws Exception {
        int moves = MOVES;
        var pause = "0.05";
        var options = MigrationOptions.DEFAULT;
        var connections = List.of(1);
        long delayMillis = 0;
        int windowBytes = WINDOW_BYTES;
        for (var argument : arguments) {
            var value = argument.substring(argument.indexOf('=') + 1);
            if (argument.startsWith("moves=")) {
                moves = Integer.parseInt(value);
            } else if (argument.startsWith("pause=")) {
                pause = value;
            } else if (argument.startsWith("packing=")) {
                options = options.withPacking(PagePacking.valueOf(value));
            } else if (argument.startsWith("connections=")) {
                connections = Stream.of(value.split(",")).map(Integer::valueOf).toList();
            } else if (argument.startsWith("delay=")) {
                delayMillis = Long.parseLong(value);
            } else if (argument.startsWith("window=")) {
                windowBytes = Integer.parseInt(value) << 10;
            } else {
                throw new IllegalArgumentException("unknown argument " + argument);
            }
        }
        var way = new DelayedLink.Way(delayMillis, windowBytes);
        new MigrationBench(System.out, connections, way).run(moves, pause, options);
        System.exit(0); // the guest goes with the process
    }

    private void run(int moves, String pause, MigrationOptions options) throws Exception {
        var config =
                DomainConfig.builder("migration")
                        .kernel("kit:linux-image-cloud-amd64")
                        .ramdisk("kit:")
                        .commandLine("console=hvc0 quiet")
                        .memoryMib(512)
                        .memoryAccess(MemoryAccess.UNCHECKED)
                        .build();
        var domain = Xenolith.create(config);
        var reader = domain.console().reader();
        reader.awaitText("~ # ", BOOT_MAX);
        domain.console().send(LOAD.formatted(pause));
        reader.awaitText("load-2", BOOT_MAX);
        var reports = new TreeMap<Integer, List<MigrationReport>>();
        out.println(
                "move  connections  writes MiB/s  rounds  total s  sent MiB  stood still ms:"
                        + "  stop  pages  states  arrive  start");
        try (var host = new Host(config, way)) {
            for (int move = 1; move <= moves; move++) {
                double rate = dirtyRate(domain);
                int count = connections.get((move - 1) % connections.size());
                var several = options.withConnections(count);
                var report = Migration.send(domain, host::dial, several, _ -> {});
                domain = host.take();
                reports.computeIfAbsent(count, _ -> new ArrayList<>()).add(report);
                print(move, count, rate, report);
            }
        }
        reports.forEach(this::summarise);
    }

    /// MiB of pages a second that are written, each counted once in a quarter of a second. The
    /// guest may have just come: a while goes by first.
    private double dirtyRate(Domain domain) {
        var memory = domain.machine().memory();
        await(2000);
        long dirty = 0;
        long start = clock.nanos();
        for (int i = 0; i < 8; i++) {
            int epoch = memory.beginEpoch();
            await(250);
            int frames = memory.frameCount();
            for (int frame = memory.nextDirty(0, epoch);
                    frame < frames;
                    frame = memory.nextDirty(frame + 1, epoch)) {
                dirty++;
            }
        }
        double seconds = (clock.nanos() - start) / NANOS_IN_SECOND;
        return (double) dirty * Sizes.PAGE_BYTES / Sizes.MIB / seconds;
    }

    private static void await(long millis) {
        new CompletableFuture<Void>().completeOnTimeout(null, millis, TimeUnit.MILLISECONDS).join();
    }

    private void print(int move, int count, double rate, MigrationReport report) {
        var downtime = report.downtime();
        out.printf(
                Locale.ROOT,
                "%4d  %11d  %12.0f  %6d  %7.2f  %8.1f  %14.1f    %6.1f %6.1f  %6.1f  %6.1f %6.1f%n",
                move,
                count,
                rate,
                report.rounds(),
                report.totalNanos() / NANOS_IN_SECOND,
                (double) report.wireBytes() / Sizes.MIB,
                downtime.total() / NANOS_IN_MILLI,
                downtime.stop() / NANOS_IN_MILLI,
                downtime.pages() / NANOS_IN_MILLI,
                downtime.states() / NANOS_IN_MILLI,
                downtime.arrive() / NANOS_IN_MILLI,
                downtime.start() / NANOS_IN_MILLI);
    }

    private void summarise(int count, List<MigrationReport> reports) {
        out.printf(
                Locale.ROOT,
                "median with %d: %.2f s, stood still for %.1f ms (least %.1f, most %.1f)%n",
                count,
                middle(reports, MigrationReport::totalNanos) / NANOS_IN_SECOND,
                middle(reports, report -> report.downtime().total()) / NANOS_IN_MILLI,
                part(reports, 0) / NANOS_IN_MILLI,
                part(reports, 1) / NANOS_IN_MILLI);
    }

    private static long middle(List<MigrationReport> reports, ToLongFunction<MigrationReport> of) {
        return reports.stream()
                .mapToLong(of)
                .sorted()
                .skip(reports.size() / 2)
                .findFirst()
                .orElse(0);
    }

    private static long part(List<MigrationReport> reports, int end) {
        var totals = reports.stream().mapToLong(report -> report.downtime().total());
        return (end == 0 ? totals.min() : totals.max()).orElse(0);
    }

    private record SocketLink(SocketChannel socket) implements Link {
        @Override
        public ReadableByteChannel input() {
            return socket;
        }

        @Override
        public WritableByteChannel output() {
            return socket;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// Where the domain goes, again and again: this process.
    private static final class Host implements AutoCloseable {
        private final ServerSocketChannel server = ServerSocketChannel.open();
        private final Claims claims = Claims.inMemory();
        private final Joins joins = Joins.inMemory();
        private final DelayedLink.Way way;
        private volatile CompletableFuture<Domain> arrived = new CompletableFuture<>();

        Host(DomainConfig config, DelayedLink.Way way) throws IOException {
            this.way = way;
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Thread.ofPlatform().daemon().name("host").start(() -> accept(config));
        }

        private void accept(DomainConfig config) {
            while (server.isOpen()) {
                try {
                    var link = link(server.accept());
                    Thread.ofPlatform().daemon().name("guest").start(() -> receive(link, config));
                } catch (IOException e) {
                    arrived.completeExceptionally(e);
                }
            }
        }

        private void receive(Link link, DomainConfig config) {
            try {
                Migration.receive(link, claims, joins, config, PortOpener.NONE)
                        .ifPresent(arrived::complete);
            } catch (IOException | MigrationException e) {
                arrived.completeExceptionally(e);
            }
        }

        private Link link(SocketChannel socket) throws IOException {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            var link = new SocketLink(socket);
            return way.delayMillis() == 0 ? link : new DelayedLink(link, way);
        }

        Link dial() throws IOException {
            return link(SocketChannel.open(server.getLocalAddress()));
        }

        Domain take() {
            var domain = arrived.join();
            arrived = new CompletableFuture<>();
            return domain;
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
