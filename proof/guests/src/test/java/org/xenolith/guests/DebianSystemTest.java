package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.base.Clock;
import org.xenolith.maker.GuestSpec;
import org.xenolith.maker.Release;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// The system that `xl guest debian` makes: it boots from its own disk to its login with nothing
/// failed, is reached by ssh and reaches the world through passt, keeps what is written to it,
/// loses no transaction of its database and no part of its file system when its process is killed,
/// starts what its disk says at the next boot, and leaves a clean file system.
///
/// `-Dxenolith.releases=bookworm,trixie` says which, one of them in the normal run.
/// `-Dxenolith.system=long` copies 1 GiB, verifies 256 MiB of random writes, and reboots once more.
/// `-Dxenolith.made=DIRECTORY` makes the system once for all runs: it stays there, and a copy of it
/// is taken. Of the tests, all but the first can be left out. More kills: [KilledSystemTest].
@Tag("slow")
@ParameterizedClass(name = "{0}")
@MethodSource("releases")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class DebianSystemTest {
    private static final int FIRST = 1;
    private static final int LAST = Integer.MAX_VALUE;
    private static final int COPY_MIB = MadeGuest.amount(16, 1024);
    private static final int FIO_MIB = MadeGuest.amount(8, 256);
    private static final int LOAD_MILLIS_MAX = 2_000;

    /// So many are acknowledged before the kill.
    private static final int TRANSACTIONS = 100;

    private static final String MARK = "mark.of.the.second.boot";

    @TempDir private static Path root;

    @Parameter private Release release;

    private GuestSpec spec;
    private DebianSystem system;

    static List<Release> releases() {
        return MadeGuest.releases();
    }

    @AfterAll
    void destroy() {
        if (system != null) {
            system.close();
        }
    }

    private DebianSystem system() {
        Assumptions.assumeTrue(spec != null, "there is no guest");
        assertThat(system).as("the guest has booted").isNotNull();
        return system;
    }

    @Test
    @Order(FIRST)
    void bootsToItsLoginWithNothingFailed() throws Exception {
        var packages = List.of("fio", "postgresql");
        spec = MadeGuest.make(release, root.resolve(release.codename()), packages, false);
        system = DebianSystem.boot(spec);
        System.out.println(release + " boots to its login in " + system.bootTime());
        system.assertWhole();
        assertThat(system.run("cat /etc/os-release"))
                .contains("VERSION_CODENAME=" + release.codename());
        assertThat(system.run("cat /sys/block/xvda/queue/max_sectors_kb")).isEqualTo("256");
        assertThat(system.run("cat /proc/cmdline")).doesNotContain(MARK);
    }

    @Test
    @Order(2)
    void sshRunsACommand() throws Exception {
        assertThat(system().ssh().run("id -un; hostname; cat /proc/sys/kernel/random/boot_id"))
                .isEqualTo(
                        "%s\na-host\n%s"
                                .formatted(
                                        MadeGuest.USER,
                                        system.run("cat /proc/sys/kernel/random/boot_id")));
    }

    @Test
    @Order(3)
    void aFileIsTheSameOnItsWayInAndOut() throws Exception {
        var file = root.resolve("content");
        var back = root.resolve("content-again");
        var random = new SplittableRandom(5);
        var mebibyte = new byte[1 << 20];
        try (var output = Files.newOutputStream(file)) {
            for (int i = 0; i < COPY_MIB; i++) {
                random.nextBytes(mebibyte);
                output.write(mebibyte);
            }
        }
        var sum = HostTool.run("sha256sum", file.toString()).substring(0, 64);
        var clock = Clock.system();
        long start = clock.nanos();
        system().ssh().run("cat > content && sync", file, root.resolve("said"));
        long there = clock.nanos();
        // From the disk, not from what the guest has kept of it.
        system.run("echo 3 | sudo tee /proc/sys/vm/drop_caches");
        assertThat(system.ssh().run("sha256sum content")).startsWith(sum);
        long wayBack = clock.nanos();
        system.ssh().run("cat content", Path.of("/dev/null"), back);
        System.out.printf(
                "%s: %d MiB at %.1f MiB/s in, at %.1f out%n",
                release, COPY_MIB, rate(there - start), rate(clock.nanos() - wayBack));
        assertThat(HostTool.run("sha256sum", back.toString())).startsWith(sum);
        system.ssh().run("rm content");
        Files.delete(back);
        Files.delete(file);
    }

    private static double rate(long nanos) {
        return COPY_MIB * 1e9 / nanos;
    }

    @Test
    @Order(4)
    void aPackageIsInstalled() throws Exception {
        assertThat(system().run("type hello")).contains("not found");
        system.ssh().run("sudo apt-get -q -o Acquire::Languages=none update");
        system.ssh().run("sudo apt-get -q install --yes --no-install-recommends hello");
        assertThat(system.run("hello")).isEqualTo("Hello, world!");
    }

    @Test
    @Order(5)
    void randomWritesAreVerified() throws Exception {
        var log =
                system().ssh()
                        .run(
                                ("fio --name=verified --filename=verified --size=%dM --rw=randwrite"
                                                + " --bs=4k --direct=1 --ioengine=libaio"
                                                + " --iodepth=16 --fsync=64 --verify=crc32c"
                                                + " --verify_fatal=1 && rm verified")
                                        .formatted(FIO_MIB));
        assertThat(log).contains("err= 0").doesNotContain("verify:", "bad magic");
    }

    @Test
    @Order(6)
    void whatIsCommittedSurvivesAKill() throws Exception {
        var database = new Pgbench(system().ssh());
        database.fill();
        chooseMark();
        long acknowledged =
                killUnderLoad(database, new SplittableRandom(7).nextInt(LOAD_MILLIS_MAX));
        Recovery.of(spec.image(), root).close();
        system = DebianSystem.boot(spec);
        database = new Pgbench(system.ssh());
        database.assertConsistent();
        assertThat(database.transactions()).isGreaterThanOrEqualTo(acknowledged);
        System.out.printf("%s: %d transactions, all there%n", release, acknowledged);
        assertThat(system.run("cat /proc/cmdline")).contains(MARK);
        system.assertWhole();
    }

    /// Has an option of the kernel's for the next boot, which stands in the journal only.
    private void chooseMark() throws Exception {
        system().run("sudo sed -i 's/=\"quiet\"/=\"quiet " + MARK + "\"/' /etc/default/grub");
        system.run("sudo pygrub-config; sync");
    }

    /// How many transactions the database has acknowledged when the system is killed, `millis`
    /// after the first of this load.
    private long killUnderLoad(Pgbench database, int millis) throws Exception {
        var log = root.resolve("pgbench.log");
        long before = database.transactions();
        var load = database.start(log);
        while (lines(log) < TRANSACTIONS) {
            assertThat(load.isAlive()).as("%s", Files.readString(log)).isTrue();
            TimeUnit.MILLISECONDS.sleep(100);
        }
        TimeUnit.MILLISECONDS.sleep(millis);
        system.kill();
        load.destroyForcibly().waitFor();
        return before + lines(log);
    }

    @Test
    @Order(7)
    void aRebootStartsWhatTheDiskSays() throws Exception {
        MadeGuest.assumeLong();
        assertThat(system().run("cat /proc/cmdline")).contains(MARK);
        system.run("sudo sed -i 's/ " + MARK + "//' /etc/default/grub");
        system.run("sudo pygrub-config");
        // Nothing is unmounted.
        system.reboot("sync; sudo reboot --force --force");
        assertThat(system.run("cat /proc/cmdline")).doesNotContain(MARK);
        system.assertWhole();
    }

    /// Lines with their ends.
    private static long lines(Path log) throws Exception {
        return Files.readString(log).chars().filter(character -> character == '\n').count();
    }

    @Test
    @Order(LAST)
    void itLeavesACleanFileSystem() throws Exception {
        assertThat(system().end("sudo poweroff")).isEqualTo("POWEROFF");
        HostTool.run("e2fsck", "-f", "-n", spec.image().toString());
    }
}
