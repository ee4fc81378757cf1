package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// What `qemu-img` makes is read as QEMU reads it, and still sound after it was written to.
@Timeout(60)
class QemuVariantsTest {
    private static final int DISK_BYTES = 3 << 20;

    @TempDir private Path directory;
    private byte[] content;
    private Path raw;

    @BeforeEach
    void makeRaw() throws Exception {
        QemuImg.assumePresent();
        content = new byte[DISK_BYTES];
        var random = new SplittableRandom(5);
        for (int i = 0; i < 12; i++) {
            int from = random.nextInt(DISK_BYTES);
            int to = Math.min(DISK_BYTES, from + random.nextInt(150_000));
            for (int at = from; at < to; at++) {
                // Compressible, though not too much.
                content[at] = (byte) (random.nextInt(4) + at / 1000);
            }
        }
        raw = Files.write(directory.resolve("content.raw"), content);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "convert -O qcow2",
                "convert -O qcow2 -o compat=0.10",
                "convert -O qcow2 -o cluster_size=512",
                "convert -O qcow2 -o cluster_size=2M",
                "convert -O qcow2 -o refcount_bits=1",
                "convert -O qcow2 -o refcount_bits=2,cluster_size=1k",
                "convert -O qcow2 -o refcount_bits=4",
                "convert -O qcow2 -o refcount_bits=8",
                "convert -O qcow2 -o refcount_bits=32",
                "convert -O qcow2 -o refcount_bits=64,cluster_size=4k",
                "convert -O qcow2 -c",
                "convert -O qcow2 -c -o compat=0.10,cluster_size=4k",
                "convert -O qcow2 -c -o compression_type=zstd",
                "convert -O qcow2 -c -o compression_type=zstd,cluster_size=512",
                "convert -O qcow2 -c -o compression_type=zstd,cluster_size=2M",
                "convert -O qcow2 -o preallocation=metadata",
                "convert -O qcow2 -o preallocation=falloc",
                "convert -O qcow2 -o lazy_refcounts=on",
                "convert -O vpc -o subformat=dynamic,force_size=on",
                "convert -O vpc -o subformat=fixed,force_size=on",
                "convert -O vpc -o subformat=dynamic",
                "convert -O vpc -o subformat=fixed",
            })
    void isReadAndWritten(String words) throws Exception {
        var image = directory.resolve("disk.img");
        var arguments =
                Stream.concat(Stream.of(words.split(" ")), Stream.of("-f", "raw", raw, image));
        QemuImg.must(arguments.toArray());
        var format = words.contains("vpc") ? ImageFormat.VHD : ImageFormat.QCOW2;
        byte[] read;
        try (var opened = Images.open(image, OpenOptions.writing())) {
            assertThat(opened.format()).isEqualTo(format);
            read = new byte[(int) opened.size()];
            opened.read(0, ByteBuffer.wrap(read));
            assertThat(Arrays.mismatch(Arrays.copyOf(read, DISK_BYTES), content)).isNegative();
            change(opened, read);
        }
        if (format == ImageFormat.QCOW2) {
            QemuImg.assertSound(image);
        }
        var judged = QemuImg.content(format.qemuSpelling(), image);
        assertThat(Arrays.mismatch(judged, read)).as("QEMU reads it so").isNegative();
    }

    private static void change(Image image, byte[] model) throws ImageException {
        var random = new SplittableRandom(6);
        for (int i = 0; i < 12; i++) {
            int at = random.nextInt(model.length);
            int bytes = Math.min(model.length - at, random.nextInt(200_000));
            if (i % 4 == 3) {
                image.writeZeroes(at, bytes);
                Arrays.fill(model, at, at + bytes, (byte) 0);
            } else {
                var data = new byte[bytes];
                Arrays.fill(data, (byte) i);
                image.write(at, ByteBuffer.wrap(data));
                System.arraycopy(data, 0, model, at, bytes);
            }
        }
    }

    @Test
    void backingChainsAndSnapshotsAreReadAndKept() throws Exception {
        var base = directory.resolve("base.qcow2");
        var middle = directory.resolve("middle.qcow2");
        var top = directory.resolve("top.qcow2");
        QemuImg.must("convert", "-f", "raw", "-O", "qcow2", "-c", raw, base);
        QemuImg.must("create", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", middle);
        QemuImg.must("snapshot", "-c", "empty", middle);
        QemuImg.must("create", "-f", "qcow2", "-b", middle, "-F", "qcow2", top, "4M");
        try (var image = Images.open(middle, OpenOptions.writing())) {
            assertThat(image.snapshots().list())
                    .extracting(Snapshot::name)
                    .containsExactly("empty");
            image.write(12_345, ByteBuffer.wrap(new byte[100_000]));
        }
        Arrays.fill(content, 12_345, 112_345, (byte) 0);
        QemuImg.assertSound(middle);
        try (var image = Images.open(top, OpenOptions.writing())) {
            var read = new byte[4 << 20];
            image.read(0, ByteBuffer.wrap(read));
            assertThat(Arrays.mismatch(read, Arrays.copyOf(content, read.length))).isNegative();
        }
        QemuImg.must("snapshot", "-a", "empty", middle);
        QemuImg.must("compare", "-f", "qcow2", "-F", "raw", middle, raw);
    }

    @Test
    void snapshotsOfOursAreQemusToApplyAndDelete() throws Exception {
        var image = directory.resolve("disk.qcow2");
        QemuImg.must("convert", "-f", "raw", "-O", "qcow2", raw, image);
        try (var opened = Images.open(image, OpenOptions.writing())) {
            opened.snapshots().create("first", 0);
            opened.write(0, ByteBuffer.wrap(new byte[1 << 20]));
            opened.snapshots().create("second", 0);
            opened.resize(8 << 20);
            opened.write(7 << 20, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        }
        QemuImg.assertSound(image);
        QemuImg.must("snapshot", "-a", "first", image);
        QemuImg.must("compare", "-f", "qcow2", "-F", "raw", image, raw);
        QemuImg.must("snapshot", "-d", "second", image);
        QemuImg.assertSound(image);
    }

    @Test
    void bitmapsOfQemusAreFollowedAndOursAreQemus() throws Exception {
        var image = directory.resolve("disk.qcow2");
        QemuImg.must("convert", "-f", "raw", "-O", "qcow2", raw, image);
        QemuImg.must("bitmap", "--add", "-g", "4096", image, "theirs");
        try (var opened = Images.open(image, OpenOptions.writing())) {
            opened.changes().start("ours");
            opened.write(70_000, ByteBuffer.wrap(new byte[] {1}));
            assertThat(opened.changes().since("theirs"))
                    .containsExactly(new ChangeLog.Range(69_632, 4096));
        }
        QemuImg.assertSound(image);
        assertThat(QemuImg.must("info", image)).contains("name: theirs").contains("name: ours");
        QemuImg.must("bitmap", "--merge", "ours", image, "theirs");
        QemuImg.must("bitmap", "--remove", image, "ours");
        QemuImg.assertSound(image);
        try (var opened = Images.open(image, OpenOptions.reading())) {
            assertThat(opened.changes().since("theirs"))
                    .containsExactly(new ChangeLog.Range(65_536, 65_536));
        }
    }
}
