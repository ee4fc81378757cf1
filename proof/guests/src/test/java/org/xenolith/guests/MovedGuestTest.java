package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.board.AfterSave;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.VifConfig;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;
import org.xenolith.pv.network.MacAddress;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;
import org.xenolith.xen.ShutdownReason;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A Debian kernel of two vCPUs that is saved and restored at random moments, while it boots and
/// while it works, does not notice: its programs, its clocks, its file system and its connections
/// go on, and its kernel says nothing that the kernel of a guest that stays where it is does not
/// say. That guest, of the same kind, is the other end of the connection. The host's e2fsprogs
/// judge the disk.
class MovedGuestTest {
    private static final int VOLUME_BYTES = 32 << 20;
    private static final int MOVES_AT_BOOT = 4;
    private static final int MOVES_AT_WORK = 6;

    /// Of a guest that is away for longer, as on a host that has other things to do, the kernel may
    /// say that time has passed.
    private static final long ABSENT_NANOS_MAX = 3_000_000_000L;

    private static final String TIME_HAS_PASSED =
            ".*(rcu|\\(detected by|soft lockup|clocksource).*";

    /// A guest that is taken away in a timer interrupt, where time passes for it as anywhere, may
    /// say so once.
    private static final String INTERRUPT_TOOK_TIME = ".*hrtimer: interrupt took.*";

    @TempDir private Path root;

    private final SplittableRandom random = new SplittableRandom(4);
    private final List<String> log = new CopyOnWriteArrayList<>();
    private Ports ports;
    private int moves;

    /// For how long the guest has not been there in all.
    private long absentNanos;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void aGuestThatIsMovedDoesNotNotice() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        for (var tool : List.of("mkfs.ext4", "e2fsck")) {
            Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/sbin", tool)), "no e2fsprogs");
        }
        try (var opened = new Ports(root.resolve("networks"), Clock.system(), log::add)) {
            ports = opened;
            movedBesideOneThatStays();
        }
        host("/usr/sbin/e2fsck", "-f", "-n", volume(1).toString());
    }

    private void movedBesideOneThatStays() throws Exception {
        var config = config(1);
        var moved = create(config);
        try (var staying = create(config(2))) {
            for (int i = 0; i < MOVES_AT_BOOT; i++) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(200, 2000));
                moved = moved(moved, config);
            }
            var guest = Guest.of(moved);
            var other = Guest.of(staying);
            setUp(guest, 1);
            setUp(other, 2);
            long ahead = guest.secondsAhead();
            begin(guest, other);
            for (int i = 0; i < MOVES_AT_WORK; i++) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(200, 1500));
                moved = moved(moved, config);
            }
            guest = Guest.of(moved);
            assertThat(guest.secondsAhead()).isBetween(ahead - 1, ahead + 1);
            check(guest, other);
            guest.domain().console().send("umount /mnt; poweroff -f\n");
            assertThat(guest.awaitEnd()).isEqualTo(ShutdownReason.POWEROFF);
        } finally {
            moved.close();
        }
    }

    // ---------------------------------------------------------------- machines

    private Path volume(int number) {
        return root.resolve("volume" + number);
    }

    private DomainConfig config(int number) throws Exception {
        var volume = Files.write(volume(number), new byte[VOLUME_BYTES]);
        host("/usr/sbin/mkfs.ext4", "-q", "-F", volume.toString());
        return DebianKernel.CLOUD
                .config(2)
                .memoryMib(256)
                .disks(List.of(DiskConfig.raw("xvda", volume)))
                .vifs(
                        List.of(
                                VifConfig.of(new PortKind.Network("lab"))
                                        .withMac(MacAddress.xen(number))))
                .build();
    }

    private Domain create(DomainConfig config) throws Exception {
        return CompilerChoice.ofThisRun().create(config, ports::open);
    }

    private Domain moved(Domain domain, DomainConfig config) throws Exception {
        var clock = Clock.system();
        long start = clock.nanos();
        var file = root.resolve("saved" + moves++);
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            domain.save(
                    machine ->
                            machine.save(
                                    new StreamWriter(channel, 0, Alignment.PAGE, 4, 17), _ -> {}),
                    AfterSave.DESTROY);
        }
        domain.close();
        long saved = clock.nanos();
        try {
            return CompilerChoice.ofThisRun().restore(config, file, ports::open);
        } finally {
            absentNanos += clock.nanos() - start;
            System.out.printf(
                    "move %d: %d MiB saved in %d ms, restored in %d ms%n",
                    moves,
                    Files.size(file) >> 20,
                    (saved - start) / 1_000_000,
                    (clock.nanos() - saved) / 1_000_000);
            Files.delete(file);
        }
    }

    // ---------------------------------------------------------------- what the guest does

    private static void setUp(Guest guest, int number) throws InterruptedException {
        Conversation.setUp(guest, number);
        var command =
                "until [ -b /dev/xvda ]; do sleep 0.1; done; mount -t ext4 /dev/xvda /mnt;"
                        + " echo done";
        assertThat(guest.run(command)).isEqualTo("done");
    }

    /// Files and their sums, a connection each way, a loop that only computes; all until there is a
    /// file `/tmp/enough`.
    private static void begin(Guest guest, Guest other) throws InterruptedException {
        Conversation.begin(guest, other);
        guest.run("(" + FILES + ") & true");
        guest.run("(while test ! -e /tmp/enough; do sync; sleep 0.2; done) & true");
        guest.run("(" + LOOP + ") & true");
    }

    private static final String FILES =
            "i=0; while test ! -e /tmp/enough; do i=$((i + 1)); f=/mnt/f$((i % 40));"
                    + " head -c $((i % 7 * 9000)) /dev/urandom > $f; sha256sum $f > $f.sum; done;"
                    + " echo $i > /tmp/files";

    private static final String LOOP =
            "i=0; while test ! -e /tmp/enough; do i=$((i + 1)); done; echo $i > /tmp/loop";

    private void check(Guest guest, Guest other) throws InterruptedException {
        Conversation.check(guest, other);
        guest.run("until [ -e /tmp/loop -a -e /tmp/files ]; do sleep 0.1; done");
        assertThat(Long.parseLong(guest.run("cat /tmp/loop"))).isPositive();
        assertThat(Long.parseLong(guest.run("cat /tmp/files"))).isPositive();
        assertThat(
                        guest.run(
                                "sync; echo 3 > /proc/sys/vm/drop_caches; cat /mnt/f*.sum |"
                                        + " sha256sum -c | grep -vc ': OK$'"))
                .isEqualTo("0");
        other.run("echo 3 > /proc/sys/vm/drop_caches"); // which the kernel notes
        var usual = other.lines("dmesg").stream().map(MovedGuestTest::withoutNumbers).toList();
        assertThat(guest.lines("dmesg"))
                .filteredOn(line -> !usual.contains(withoutNumbers(line)))
                .filteredOn(line -> !line.matches(INTERRUPT_TOOK_TIME))
                .filteredOn(
                        line -> absentNanos < ABSENT_NANOS_MAX || !line.matches(TIME_HAS_PASSED))
                .isEmpty();
    }

    /// Times, addresses, ids and rates differ by the run.
    private static String withoutNumbers(String line) {
        return line.replaceAll("0x[0-9a-f]+|[0-9a-f]{8,}|\\d+", "#").replaceAll(" +", " ");
    }

    private void host(String... command) throws Exception {
        var output = root.resolve("tool.log");
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    }
}
