package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.filesystem.Disk;
import org.xenolith.filesystem.DiskException;
import org.xenolith.filesystem.FileSystem;
import org.xenolith.images.CheckReport;
import org.xenolith.images.CreateOptions;
import org.xenolith.images.ImageCopy;
import org.xenolith.images.ImageFormat;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/// What a guest was told to be durable survives `kill -9` of the process that holds it, at any
/// moment of a load of writes, in images of all formats. The tools of ext4's authors and QEMU's
/// judge; and what our own reader finds before the journal is replayed is what they find after
/// that.
///
/// `-Dxenolith.kills=20` says how often each image's guest is killed, once in the normal run.
class DiskDurabilityTest {
    private static final int KILLS = Integer.getInteger("xenolith.kills", 1);
    private static final int VOLUME_BYTES = 32 << 20;
    private static final String SAID = "durable ";

    @TempDir private static Path shared;

    private Path root;

    @ParameterizedTest
    @EnumSource(ImageFormat.class)
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void whatWasSaidToBeDurableSurvivesEachKill(ImageFormat format) throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        HostTool.assumePresent("gcc", "mke2fs", "e2fsck", "debugfs", "qemu-img");
        root = Files.createDirectory(shared.resolve(format.spelling()));
        var image = image(format);
        var random = new SplittableRandom(11);
        var record = new WriterRecord();
        for (int kill = 0; kill < KILLS; kill++) {
            writeAndKill(image, format, record, 20 + random.nextInt(300));
            var volume = checked(image, format);
            var before = filesOf(volume);
            // 1: the journal was replayed.
            HostTool.run(1, "e2fsck", "-f", "-p", volume.toString());
            HostTool.run("e2fsck", "-f", "-n", volume.toString());
            var after = dumped(volume);
            assertThat(before.keySet()).isEqualTo(after.keySet());
            assertThat(before)
                    .allSatisfy((name, content) ->
                            assertThat(content).as(name).isEqualTo(after.get(name)));
            record.assertKept(after);
        }
        System.out.println(format + ": " + record.last() + " steps, all there after " + KILLS);
    }

    /// A disk of one ext4, with the program on it that writes to it.
    private Path image(ImageFormat format) throws Exception {
        var content = Files.createDirectories(root.resolve("content"));
        var source = root.resolve("writer.c");
        try (var resource = DiskDurabilityTest.class.getResourceAsStream("writer.c")) {
            Files.copy(resource, source);
        }
        var program = content.resolve("writer");
        HostTool.run("gcc", "-O2", "-static", "-o", program.toString(), source.toString());
        var raw = root.resolve("disk.raw");
        HostTool.run(
                "mke2fs",
                "-q",
                "-F",
                "-t",
                "ext4",
                "-d",
                content.toString(),
                raw.toString(),
                VOLUME_BYTES / 1024 + "k");
        if (format == ImageFormat.RAW) {
            return raw;
        }
        var image = root.resolve("disk." + format.spelling());
        try (var opened = Images.open(raw, OpenOptions.reading().as(ImageFormat.RAW))) {
            ImageCopy.convert(
                    opened, image, CreateOptions.of(format, VOLUME_BYTES), false, (_, _) -> {});
        }
        return image;
    }

    private void writeAndKill(Path image, ImageFormat format, WriterRecord record, int steps)
            throws Exception {
        long first = record.next();
        try (var process =
                GuestProcess.start(
                        DiskWriter.class,
                        root,
                        image.toString(),
                        format.name(),
                        shared.toString(),
                        Long.toString(first))) {
            long said = first - 1;
            while (said < first - 1 + steps) {
                said = step(process.line()).orElse(said);
            }
            // What is cut off by its death says less than was the case.
            for (var line : process.kill()) {
                said = Math.max(said, step(line).orElse(said));
            }
            record.said(first, said);
        }
    }

    private static Optional<Long> step(String line) {
        return line.matches(SAID + "\\d+")
                ? Optional.of(Long.parseLong(line.substring(SAID.length())))
                : Optional.empty();
    }

    /// The disk in a file, read by QEMU of an image in which nothing is wrong.
    private Path checked(Path image, ImageFormat format) throws Exception {
        var volume = root.resolve("volume");
        if (format == ImageFormat.RAW) {
            HostTool.run("cp", "--sparse=always", image.toString(), volume.toString());
            return volume;
        }
        var report = Images.check(image, Optional.of(format), CheckReport.Repair.NOTHING);
        assertThat(report.corruptions()).as("%s", report).isZero();
        if (format == ImageFormat.QCOW2) {
            // 3: space is lost.
            HostTool.run(3, "qemu-img", "check", "-f", "qcow2", image.toString());
        }
        var name = format == ImageFormat.VHD ? "vpc" : "qcow2";
        HostTool.run(
                "qemu-img",
                "convert",
                "-f",
                name,
                "-O",
                "raw",
                image.toString(),
                volume.toString());
        return volume;
    }

    /// As the boot loader reads a disk, unmounted or not.
    private static TreeMap<String, byte[]> filesOf(Path volume) throws Exception {
        var system = FileSystem.open(new Content(Files.readAllBytes(volume))).orElseThrow();
        var files = new TreeMap<String, byte[]>();
        for (var name : system.list("/")) {
            if (!name.equals("lost+found")) {
                files.put(name, system.read("/" + name, VOLUME_BYTES));
            }
        }
        return files;
    }

    /// As e2fsprogs read it.
    private TreeMap<String, byte[]> dumped(Path volume) throws Exception {
        var directory = Files.createTempDirectory(root, "files");
        HostTool.run("debugfs", "-R", "rdump / " + directory, volume.toString());
        var files = new TreeMap<String, byte[]>();
        try (var found = Files.list(directory)) {
            for (var file : found.filter(Files::isRegularFile).toList()) {
                files.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        HostTool.run("rm", "-r", directory.toString());
        return files;
    }

    private record Content(byte[] bytes) implements Disk {
        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws DiskException {
            requireInside(offset, target.remaining());
            target.put(bytes, (int) offset, target.remaining());
        }
    }
}
