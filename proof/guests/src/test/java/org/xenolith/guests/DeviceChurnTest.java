package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.VifConfig;
import org.xenolith.images.CreateOptions;
import org.xenolith.images.ImageCreator;
import org.xenolith.images.ImageFormat;
import org.xenolith.network.GuestAddress;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;
import org.xenolith.pv.block.VirtualDevice;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// Disks and interfaces come and go in a guest that is busy with others of them: nothing is lost
/// meanwhile, and nothing is kept afterwards.
///
/// `-Dxenolith.rounds=50` says how often, 10 times in the normal run.
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class DeviceChurnTest {
    private static final int ROUNDS = Integer.getInteger("xenolith.rounds", 10);
    private static final int DISK_BYTES = 4 << 20;
    private static final int LOAD_BYTES = 16 << 20;
    private static final int DOWNLOAD_BYTES = 1 << 20;

    @TempDir private static Path root;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private Guest guest;

    /// What is held for a domain.
    ///
    /// @param descriptors of this process, but for code
    /// @param threads of this process, but those of the JDK's pools, which live a while longer
    /// @param children processes
    /// @param channels event channels that the guest has
    /// @param grants of the guest's: how many are in use
    private record Held(
            List<String> descriptors,
            List<String> threads,
            long children,
            long channels,
            String grants) {}

    private Held held() throws Exception {
        guest.domain().panel().pressDebugKey('e');
        guest.domain().panel().pressDebugKey('g');
        var lines = guest.domain().log().lines();
        int events = lastIndex(lines, "Event channel information");
        int grants = lastIndex(lines, "grant-table");
        return new Held(
                descriptors(),
                threads(),
                ProcessHandle.current().children().count(),
                grants - events - 1,
                lines.get(grants).replaceFirst(".* max\\), ", ""));
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> !name.startsWith("ForkJoinPool"))
                .filter(name -> !name.equals("process reaper"))
                .sorted()
                .toList();
    }

    private static int lastIndex(List<String> lines, String text) {
        for (int i = lines.size() - 1; i >= 0; i--) {
            if (lines.get(i).contains(text)) {
                return i;
            }
        }
        throw new AssertionError("no line has " + text);
    }

    /// What they are open on, without the numbers of sockets and pipes.
    private static List<String> descriptors() throws IOException {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return open.map(DeviceChurnTest::target)
                    .filter(target -> !target.endsWith("/fd") && !target.endsWith(".jar"))
                    .map(target -> target.replaceAll("\\d+", "N"))
                    .sorted()
                    .toList();
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException _) {
            return "/fd"; // the listing itself, closed by now
        }
    }

    @Test
    void nothingIsLostAndNothingIsKept() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        HostTool.assumePresent("passt");
        try (var ports = new Ports(root.resolve("networks"), Clock.system(), log::add);
                var booted =
                        Guest.boot(
                                DebianKernel.CLOUD.config(2).memoryMib(256).build(),
                                CompilerChoice.ofThisRun(),
                                ports::open);
                var server = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"))) {
            guest = booted;
            Thread.ofPlatform().daemon().name("server").start(() -> serve(server));
            round(0); // what is made once and kept is there now
            var before = held();
            beginLoad(server.getLocalPort());
            for (int round = 0; round < ROUNDS; round++) {
                round(round);
            }
            endLoad();
            assertThat(held()).isEqualTo(before);
            assertThat(guest.run("dmesg | grep -E 'BUG|WARNING|Oops|Call Trace|hung|I/O error'"))
                    .isEmpty();
            assertThat(log).isEmpty();
        }
    }

    /// A disk of each format in turn, then an interface of each kind; every third disk is taken
    /// away without the guest's consent.
    private void round(int number) throws Exception {
        var format = ImageFormat.values()[number % ImageFormat.values().length];
        var image = root.resolve("disk-%d.%s".formatted(number % 6, format.spelling()));
        Files.deleteIfExists(image);
        ImageCreator.create(image, CreateOptions.of(format, DISK_BYTES));
        guest.domain().attachDisk(DiskConfig.of("xvde", format, image));
        await("test -b /dev/xvde");
        assertThat(
                        guest.run(
                                "head -c 1048576 /dev/urandom > /tmp/content; dd if=/tmp/content"
                                        + " of=/dev/xvde bs=64k conv=fsync 2> /dev/null; echo 3 >"
                                        + " /proc/sys/vm/drop_caches; head -c 1048576 /dev/xvde | cmp"
                                        + " - /tmp/content && echo same"))
                .isEqualTo("same");
        guest.domain().detachDisk(VirtualDevice.parse("xvde").orElseThrow(), number % 3 == 2);
        await("test ! -e /dev/xvde");

        var kind = number % 2 == 0 ? passt() : new PortKind.Network("lab");
        var vif = guest.domain().interfaces().attach(VifConfig.of(kind));
        var device = "/sys/class/net/eth" + vif.devid().orElseThrow();
        await("test -e " + device);
        assertThat(guest.run("cat " + device + "/address"))
                .isEqualTo(vif.mac().orElseThrow().toString());
        guest.run("ip link set eth" + vif.devid().getAsInt() + " up");
        guest.domain().interfaces().detach(vif.devid().getAsInt(), number % 3 == 2);
        await("test ! -e " + device);
    }

    private static PortKind passt() throws Exception {
        var address = GuestAddress.parse("10.8.0.15/24", "10.8.0.2");
        return new PortKind.Passt(List.of(), List.of(address), true);
    }

    /// Until `command` succeeds in the guest.
    private void await(String command) throws InterruptedException {
        assertThat(
                        guest.run(
                                "n=0; until COMMAND || [ $n -gt 200 ]; do n=$((n + 1)); sleep 0.1;"
                                                .replace("COMMAND", command)
                                        + " done; "
                                        + command
                                        + " && echo yes"))
                .endsWith("yes");
    }

    private void beginLoad(int port) throws Exception {
        var image = Files.write(root.resolve("load"), new byte[LOAD_BYTES]);
        guest.domain().attachDisk(DiskConfig.raw("xvda", image));
        guest.domain().interfaces().attach(VifConfig.of(passt()));
        await("test -b /dev/xvda -a -e /sys/class/net/eth0");
        guest.run("ip link set eth0 up; ip addr add 10.8.0.15/24 dev eth0; mkfifo /tmp/silence");
        inBackground(
                "dd if=/dev/urandom of=/tmp/a bs=64k count=64 2> /dev/null;"
                        + " dd if=/tmp/a of=/dev/xvda bs=64k conv=fsync 2> /dev/null;"
                        + " head -c 4194304 /dev/xvda | cmp - /tmp/a || echo bad >> /tmp/bad");
        // An input that ends would make passt stop sending.
        inBackground("nc 10.8.0.2 %d <> /tmp/silence | wc -c >> /tmp/counts".formatted(port));
    }

    /// Over and over, until there is a file /tmp/end.
    private void inBackground(String commands) throws InterruptedException {
        guest.run("(while [ ! -e /tmp/end ]; do %s; done) < /dev/null & true".formatted(commands));
    }

    private void endLoad() throws Exception {
        assertThat(guest.run("touch /tmp/end; wait; cat /tmp/bad 2> /dev/null")).isEmpty();
        var counts = guest.lines("cat /tmp/counts");
        System.out.println(ROUNDS + " rounds beside " + counts.size() + " downloads");
        assertThat(counts).isNotEmpty().containsOnly(Integer.toString(DOWNLOAD_BYTES));
        guest.domain().detachDisk(VirtualDevice.parse("xvda").orElseThrow(), false);
        guest.domain().interfaces().detach(0, false);
        await("test ! -e /dev/xvda -a ! -e /sys/class/net/eth0");
        guest.run("rm /tmp/silence");
    }

    private static void serve(ServerSocket server) {
        var content = new byte[DOWNLOAD_BYTES];
        while (!server.isClosed()) {
            try (var socket = server.accept()) {
                socket.getOutputStream().write(content);
            } catch (IOException _) {
                // Closed, or the guest has ended.
            }
        }
    }
}
