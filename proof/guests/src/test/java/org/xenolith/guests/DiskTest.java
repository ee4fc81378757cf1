package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Sizes;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DiskInfo;
import org.xenolith.board.DomainException;
import org.xenolith.images.CreateOptions;
import org.xenolith.images.ImageCreator;
import org.xenolith.images.ImageFormat;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;
import org.xenolith.pv.block.VirtualDevice;
import org.xenolith.xen.ShutdownReason;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Linux' own block front end on our back end. One guest of two vCPUs for all tests: a raw disk
/// (`xvda`), one that is read-only (`xvdb`), one with sectors of 4096 bytes (`xvdc`) and an empty
/// CD-ROM drive (`xvdd`).
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DiskTest {
    private static final int LAST = Integer.MAX_VALUE;
    private static final int DISK_BYTES = 8 << 20;
    private static final int SMALL_BYTES = 1 << 20;

    @TempDir private static Path root;

    private Path disk;
    private Path readOnly;
    private Path large;
    private Guest guest;

    @BeforeAll
    void boot() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        disk = file("disk", 0, DISK_BYTES);
        readOnly = file("read-only", 2, SMALL_BYTES);
        large = file("large-sectors", 0, SMALL_BYTES);
        guest =
                Guest.boot(
                        DebianKernel.CLOUD
                                .config(2)
                                .disks(
                                        List.of(
                                                DiskConfig.raw("xvda", disk),
                                                DiskConfig.raw("xvdb", readOnly).readOnly(),
                                                DiskConfig.raw("xvdc", large).withSectorBytes(4096),
                                                DiskConfig.cdrom("xvdd", Optional.empty())))
                                .build());
        await("test -b /dev/xvda -a -b /dev/xvdb -a -b /dev/xvdc -a -b /dev/xvdd");
    }

    @AfterAll
    void destroy() {
        if (guest != null) {
            guest.close();
        }
    }

    /// `bytes` bytes that follow from `seed`; zeros for 0.
    private static Path file(String name, long seed, int bytes) throws Exception {
        var content = new byte[bytes];
        if (seed != 0) {
            new SplittableRandom(seed).nextBytes(content);
        }
        return Files.write(root.resolve(name), content);
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    /// Until `command` succeeds in the guest.
    private void await(String command) throws InterruptedException {
        assertThat(
                        guest.run(
                                "n=0; until COMMAND; do n=$((n + 1)); [ $n -gt 100 ] && break;"
                                                .replace("COMMAND", command)
                                        + " sleep 0.1; done; "
                                        + command
                                        + " && echo yes"))
                .endsWith("yes");
    }

    private DiskInfo info(String device) {
        return guest.domain().disks().stream()
                .filter(info -> info.config().device().name().equals(device))
                .findFirst()
                .orElseThrow();
    }

    private static VirtualDevice device(String name) {
        return VirtualDevice.parse(name).orElseThrow();
    }

    @Test
    @Order(1)
    void theFrontEndUsesWhatTheBackEndOffers() throws Exception {
        assertThat(guest.run("dmesg | grep blkfront:"))
                .containsPattern(
                        "xvda: flush diskcache: enabled; persistent grants: enabled; indirect"
                                + " descriptors: enabled");
        assertThat(guest.run("ls /sys/block/xvda/mq | tr '\\n' ' '")).isEqualTo("0 1");
        assertThat(guest.run("blockdev --getsize64 /dev/xvda"))
                .isEqualTo(Integer.toString(DISK_BYTES));
        assertThat(guest.run("cat /sys/block/xvd[acd]/queue/logical_block_size"))
                .isEqualTo("512\n4096\n512");
        assertThat(guest.run("cat /sys/block/xvda/queue/max_sectors_kb")).isEqualTo("256");
        assertThat(info("xvda").frontendState()).isEqualTo(4);
    }

    @Test
    @Order(2)
    void whatTheGuestWritesIsInTheFile() throws Exception {
        assertThat(guest.run("dd if=/dev/xvdb of=/dev/xvda bs=64k conv=fsync 2>&1 | head -1"))
                .isEqualTo("16+0 records in");
        assertThat(start(disk)).isEqualTo(Files.readAllBytes(readOnly));
        // From the disk, not from what the guest has kept of it.
        assertThat(
                        guest.run(
                                "echo 3 > /proc/sys/vm/drop_caches; head -c 1048576 /dev/xvda |"
                                        + " cmp - /dev/xvdb && echo same"))
                .isEqualTo("same");
        var statistics = info("xvda").statistics();
        assertThat(statistics.sectorsWritten()).isGreaterThanOrEqualTo(2048);
        assertThat(statistics.sectorsRead()).isGreaterThanOrEqualTo(2048);
        assertThat(statistics.flushes()).isPositive();
        assertThat(statistics.errors()).isZero();
    }

    private static byte[] start(Path file) throws Exception {
        try (var stream = Files.newInputStream(file)) {
            return stream.readNBytes(SMALL_BYTES);
        }
    }

    @Test
    @Order(3)
    void aFileSystemOfTheHostsIsUsedByTheGuestAndIsSoundAfterwards() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/sbin/mkfs.ext4"))
                        && Files.isExecutable(Path.of("/usr/sbin/e2fsck")),
                "no e2fsprogs");
        var volume = file("volume", 0, 16 << 20);
        host("/usr/sbin/mkfs.ext4", "-q", "-F", volume.toString());
        guest.domain().attachDisk(DiskConfig.raw("xvdf", volume));
        await("test -b /dev/xvdf");
        assertThat(
                        guest.run(
                                "mount -t ext4 /dev/xvdf /mnt && cd /mnt && mkdir d &&"
                                        + " for i in 1 2 3; do cp /bin/busybox d/$i; done; rm d/2;"
                                        + " seq 1 2000 > numbers; cd /; umount /mnt && echo done"))
                .isEqualTo("done");
        guest.domain().detachDisk(device("xvdf"), false);
        assertThat(guest.run("ls /dev/xvdf")).contains("No such file");
        host("/usr/sbin/e2fsck", "-f", "-n", volume.toString());
        assertThat(info("xvda").statistics().errors()).isZero();
    }

    @Test
    @Order(4)
    void imagesOfOtherFormatsAreDisksToo() throws Exception {
        for (var format : List.of(ImageFormat.QCOW2, ImageFormat.VHD)) {
            var image = root.resolve("image." + format.spelling());
            ImageCreator.create(image, CreateOptions.of(format, 16 << 20));
            guest.domain().attachDisk(DiskConfig.of("xvdg", format, image));
            await("test -b /dev/xvdg");
            assertThat(
                            guest.run(
                                    "dd if=/dev/xvdb of=/dev/xvdg bs=64k seek=5 conv=fsync 2>/dev/null;"
                                            + " blkdiscard -o 65536 -l 65536 /dev/xvdg && echo done"))
                    .isEqualTo("done");
            guest.domain().growDisk(device("xvdg"), 20 << 20);
            await("test $(blockdev --getsize64 /dev/xvdg) = " + (20 << 20));
            guest.domain().detachDisk(device("xvdg"), false);
            try (var opened = Images.open(image, OpenOptions.reading().as(format))) {
                var content = ByteBuffer.allocate(SMALL_BYTES);
                opened.read(5 << 16, content);
                assertThat(content.array()).isEqualTo(Files.readAllBytes(readOnly));
                assertThat(opened.size()).isEqualTo(20 << 20);
            }
            // qemu-img has no check for the other.
            if (format == ImageFormat.QCOW2 && Files.isExecutable(Path.of("/usr/bin/qemu-img"))) {
                host("/usr/bin/qemu-img", "check", "-f", "qcow2", image.toString());
            }
        }
    }

    private static void host(String... command) throws Exception {
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(root.resolve("host.log").toFile())
                        .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(root.resolve("host.log"))).isZero();
    }

    @Test
    @Order(4)
    void aReadOnlyDiskIsReadAndNotWritten() throws Exception {
        var before = sha256(readOnly);
        assertThat(guest.run("cat /sys/block/xvdb/ro")).isEqualTo("1");
        assertThat(guest.run("sha256sum < /dev/xvdb | cut -c1-64")).isEqualTo(before);
        assertThat(guest.run("dd if=/dev/zero of=/dev/xvdb bs=4k count=1 conv=fsync 2>&1"))
                .contains("not permitted");
        assertThat(sha256(readOnly)).isEqualTo(before);
    }

    @Test
    @Order(5)
    void largeSectorsAreWrittenAndRead() throws Exception {
        assertThat(
                        guest.run(
                                "dd if=/dev/xvdb of=/dev/xvdc bs=4k conv=fsync 2>/dev/null;"
                                        + " echo 3 > /proc/sys/vm/drop_caches;"
                                        + " cmp /dev/xvdb /dev/xvdc && echo same"))
                .isEqualTo("same");
        assertThat(start(large)).isEqualTo(Files.readAllBytes(readOnly));
    }

    @Test
    @Order(6)
    void aDiskThatGrowsIsSeenToGrow() throws Exception {
        guest.domain().growDisk(device("xvda"), DISK_BYTES + Sizes.MIB);
        await("test $(blockdev --getsize64 /dev/xvda) = " + (DISK_BYTES + Sizes.MIB));
        // By somebody else, who does not tell us.
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES + 2 * Sizes.MIB);
        }
        await("test $(blockdev --getsize64 /dev/xvda) = " + (DISK_BYTES + 2 * Sizes.MIB));
        assertThat(
                        guest.run(
                                "dd if=/dev/xvdb of=/dev/xvda bs=1M seek=9 count=1"
                                        + " conv=fsync,notrunc 2>/dev/null && echo written"))
                .isEqualTo("written");
        assertThat(guest.run("dmesg | grep 'detected capacity change'")).contains("xvda");
        assertThatThrownBy(() -> guest.domain().growDisk(device("xvda"), 512))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("is not made shorter");
    }

    @Test
    @Order(7)
    void disksComeAndGo() throws Exception {
        var more = file("more", 3, SMALL_BYTES);
        for (int round = 0; round < 3; round++) {
            guest.domain().attachDisk(DiskConfig.raw("xvde", more));
            await("test -b /dev/xvde");
            assertThat(guest.run("sha256sum < /dev/xvde | cut -c1-64")).isEqualTo(sha256(more));
            guest.domain().detachDisk(device("xvde"), round == 2);
            await("test ! -e /dev/xvde");
        }
        assertThatThrownBy(() -> guest.domain().attachDisk(DiskConfig.raw("hda", disk)))
                .hasMessageStartingWith("disk hda: " + disk + ": is in use");
        assertThatThrownBy(() -> guest.domain().attachDisk(DiskConfig.raw("xvda", more)))
                .hasMessage("disk xvda is there already, as xvda");
        assertThatThrownBy(() -> guest.domain().detachDisk(device("xvdz"), false))
                .hasMessage("there is no disk xvdz");
    }

    @Test
    @Order(8)
    void aCdIsInsertedReadAndEjected() throws Exception {
        var first = file("first.iso", 4, SMALL_BYTES);
        var second = file("second.iso", 5, SMALL_BYTES / 2);
        assertThat(guest.run("cat /sys/block/xvdd/size /sys/block/xvdd/removable"))
                .isEqualTo("0\n1");
        for (var cd : List.of(first, second)) {
            guest.domain().insertDisk(DiskConfig.cdrom("xvdd", Optional.of(cd)));
            await("test $(cat /sys/block/xvdd/size) = " + Files.size(cd) / 512);
            assertThat(guest.run("sha256sum < /dev/xvdd | cut -c1-64")).isEqualTo(sha256(cd));
        }
        guest.domain().insertDisk(DiskConfig.cdrom("xvdd", Optional.empty()));
        await("test $(cat /sys/block/xvdd/size) = 0");
        assertThatThrownBy(
                        () -> guest.domain().insertDisk(DiskConfig.cdrom("xvda", Optional.empty())))
                .hasMessage("disk xvda is not a CD-ROM drive");
    }

    @Test
    @Order(LAST - 1)
    void theKernelHasNothingToComplainAbout() throws Exception {
        assertThat(
                        guest.run(
                                "dmesg | grep -E 'BUG|WARNING|Oops|Call Trace|hung|I/O error|"
                                        + "bogus|deferring'"))
                .isEmpty();
        assertThat(guest.domain().disks())
                .allSatisfy(disk -> assertThat(disk.statistics().errors()).isZero());
    }

    @Test
    @Order(LAST)
    void poweroffEndsTheDomain() throws Exception {
        guest.type("poweroff\n");
        assertThat(guest.awaitEnd()).isEqualTo(ShutdownReason.POWEROFF);
    }
}
