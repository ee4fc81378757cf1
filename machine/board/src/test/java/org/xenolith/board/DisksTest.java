package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.pv.block.VirtualDevice;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Disks of real machines whose guests have no driver for them; what Linux does with them is in
/// `proof/guests`.
@Timeout(60)
class DisksTest {
    @TempDir private Path root;

    private Path file(String name, int bytes) throws Exception {
        return Files.write(root.resolve(name), new byte[bytes]);
    }

    private DomainConfig.Builder config(TinyKernel kernel) throws Exception {
        return DomainConfig.builder("disks").kernel(kernel.write(root.resolve("k"))).memoryMib(8);
    }

    private static TinyKernel sleeper() {
        return new TinyKernel().print("x").bytes(0xFB, 0xF4); // sti; hlt
    }

    private static VirtualDevice device(String name) {
        return VirtualDevice.parse(name).orElseThrow();
    }

    private static List<String> names(Domain domain) {
        return domain.disks().stream().map(disk -> disk.config().device().name()).toList();
    }

    @Test
    void disksComeAndGoWhileTheDomainRuns() throws Exception {
        var first = file("first", 1 << 20);
        var second = file("second", 1 << 16);
        var config = config(sleeper()).disks(List.of(DiskConfig.raw("xvda", first))).build();
        try (var domain = Xenolith.create(config)) {
            assertThat(names(domain)).containsExactly("xvda");
            assertThat(domain.disks().getFirst().sectors()).isEqualTo(2048);
            domain.attachDisk(DiskConfig.raw("sda", second));
            domain.attachDisk(DiskConfig.cdrom("xvdd", Optional.empty()));
            assertThat(names(domain)).containsExactly("sda", "xvda", "xvdd");
            assertThat(domain.config().disks()).hasSize(3);

            domain.growDisk(device("sda"), 1 << 17);
            assertThat(domain.disks().getFirst().sectors()).isEqualTo(256);
            assertThat(Files.size(second)).isEqualTo(1 << 17);

            domain.detachDisk(device("sda"), false); // nobody uses it
            assertThat(names(domain)).containsExactly("xvda", "xvdd");
            domain.insertDisk(DiskConfig.cdrom("xvdd", Optional.of(second)));
            assertThat(domain.disks().getLast().sectors()).isEqualTo(256);
            assertThat(domain.disks().getLast().config().target()).contains(second);
        }
    }

    @Test
    void whatCannotBeIsRefusedAndChangesNothing() throws Exception {
        var disk = file("disk", 1 << 20);
        var config = config(sleeper()).disks(List.of(DiskConfig.raw("xvda", disk))).build();
        try (var domain = Xenolith.create(config)) {
            var other = file("other", 512);
            var missing = root.resolve("missing");
            refused(domain, DiskConfig.raw("d0", other), "disk d0 is there already, as xvda");
            refused(domain, DiskConfig.raw("xvdb", disk), disk + ": is in use, by a domain");
            refused(
                    domain,
                    DiskConfig.raw("xvdb", disk).readOnly(),
                    disk + ": is being changed, by a domain");
            refused(
                    domain,
                    DiskConfig.raw("xvdb", missing),
                    missing + ": cannot open the file: no such file");
            refused(domain, DiskConfig.raw("xvdb", root), root + ": is neither a regular file");
            assertThatThrownBy(() -> domain.detachDisk(device("xvdc"), true))
                    .hasMessage("there is no disk xvdc");
            assertThatThrownBy(() -> domain.insertDisk(DiskConfig.cdrom("xvda", Optional.empty())))
                    .hasMessage("disk xvda is not a CD-ROM drive");
            assertThatThrownBy(() -> domain.growDisk(device("xvda"), 1))
                    .hasMessage("disk xvda has 1048576 bytes and is not made shorter");
            assertThat(names(domain)).containsExactly("xvda");
            assertThat(domain.config().disks()).hasSize(1);
        }
    }

    private static void refused(Domain domain, DiskConfig disk, String reason) {
        assertThatThrownBy(() -> domain.attachDisk(disk))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aDomainWhoseDiskIsMissingIsNotBuiltAndLetsTheOthersGo() throws Exception {
        var disk = file("disk", 1 << 20);
        var config =
                config(sleeper())
                        .disks(
                                List.of(
                                        DiskConfig.raw("xvda", disk),
                                        DiskConfig.raw("xvdb", root.resolve("missing"))))
                        .build();
        assertThatThrownBy(() -> Xenolith.create(config))
                .isInstanceOf(DomainException.class)
                .hasMessage(
                        "disk xvdb: "
                                + root.resolve("missing")
                                + ": cannot open the file: no such file");
        ImageDisk.open(disk, ImageFormat.RAW, true, 512).close(); // nobody else has it
    }

    @Test
    void disksStayOverAReboot() throws Exception {
        var disk = file("disk", 1 << 20);
        var late = file("late", 1 << 20);
        var kernel = new TinyKernel().print("x");
        // Waits for a byte on the serial port and reboots.
        kernel.bytes(0x66, 0xBA, 0xFD, 0x03, 0xEC).bytes(0xA8, 0x01, 0x74, 0xF7).shutDown(1);
        var config = config(kernel).disks(List.of(DiskConfig.raw("xvda", disk))).build();
        try (var domain = Xenolith.create(config)) {
            var reader = domain.serial().reader();
            reader.awaitText("x", Duration.ofSeconds(20));
            domain.attachDisk(DiskConfig.raw("xvdb", late));
            domain.serial().send("!");
            reader.awaitText("x", Duration.ofSeconds(20));
            assertThat(names(domain)).containsExactly("xvda", "xvdb");
        }
        ImageDisk.open(disk, ImageFormat.RAW, true, 512).close();
        ImageDisk.open(late, ImageFormat.RAW, true, 512).close();
    }

    @Test
    void aDomainThatHasEndedTakesNoDisk() throws Exception {
        var domain = Xenolith.create(config(sleeper()).build());
        domain.destroy();
        var disk = DiskConfig.raw("xvda", file("disk", 512));
        assertThatThrownBy(() -> domain.attachDisk(disk)).hasMessage("the domain has ended");
    }

    @Test
    void readersShareAFileAndAWriterDoesNot() throws Exception {
        var file = file("shared", 512);
        try (var writer = ImageDisk.open(file, ImageFormat.RAW, true, 512)) {
            assertThat(writer.readOnly()).isFalse();
            assertThatThrownBy(() -> ImageDisk.open(file, ImageFormat.RAW, true, 512))
                    .isInstanceOf(ImageException.Busy.class);
        }
        var config =
                config(sleeper())
                        .disks(
                                List.of(
                                        DiskConfig.raw("xvda", file).readOnly(),
                                        DiskConfig.cdrom("xvdb", Optional.of(file))))
                        .build();
        try (var domain = Xenolith.create(config)) {
            assertThat(names(domain)).containsExactly("xvda", "xvdb");
            domain.insertDisk(DiskConfig.cdrom("xvdb", Optional.of(file))); // the same once more
        }
    }

    @Test
    void impossibleDisksAreRefused() throws Exception {
        var target = Optional.of(root);
        var xvda = device("xvda");
        impossible(
                () ->
                        new DiskConfig(
                                xvda, ImageFormat.RAW, Optional.empty(), true, false, true, 512),
                "disk xvda has no target");
        impossible(
                () -> new DiskConfig(xvda, ImageFormat.RAW, target, true, true, false, 512),
                "disk xvda is a CD-ROM, which is read-only");
        impossible(
                () -> DiskConfig.raw("xvda", root).withSectorBytes(2048),
                "disk xvda: sector-size must be 512 or 4096, not 2048");
        impossible(() -> DiskConfig.raw("vda", root), "disk \"vda\" is not a device");
        var twice = List.of(DiskConfig.raw("xvda", root), DiskConfig.raw("d0", root));
        impossible(
                () -> DomainConfig.builder("d").kernel("k").disks(twice).build(),
                "disk d0 is the same device as disk xvda");
    }

    private static void impossible(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable what, String reason) {
        assertThatThrownBy(what).isInstanceOf(InvalidConfigException.class).hasMessage(reason);
    }
}
