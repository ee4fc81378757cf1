package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.testkit.Fuzz;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// A file that someone else has made can be wrong in any way: it is refused with a reason, or read;
/// nothing else, and not with much memory or time.
@Timeout(value = 1, unit = TimeUnit.DAYS) // ./dev fuzz says how long.
class HostileTest {
    private static final List<String> KINDS =
            List.of("small clusters", "large clusters", "packed", "dynamic", "differencing");
    private static final int DISK_BYTES = 1 << 20;
    private static final long ALLOCATED_MAX = 128L << 20;
    private static final long NANOS_MAX = 10_000_000_000L;

    private final Clock clock = Clock.system();
    @TempDir private Path directory;
    private Path image;

    @BeforeEach
    void name() {
        image = directory.resolve("disk.img");
    }

    @Test
    @Tag("fuzz")
    void damageIsRefusedOrHarmless() throws Exception {
        var made = new ArrayList<byte[]>();
        for (var kind : KINDS) {
            made.add(make(kind));
        }
        var fuzz = new Fuzz(1, 200);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            int number = random.nextInt(KINDS.size());
            var kind = KINDS.get(number);
            var damaged = made.get(number).clone();
            int places = 1 + random.nextInt(4);
            for (int i = 0; i < places; i++) {
                damage(damaged, random);
            }
            Files.write(image, damaged);
            long before = Allocated.bytes();
            long start = clock.nanos();
            try {
                use(random);
            } catch (Throwable e) {
                throw new AssertionError(kind + ", " + fuzz, e);
            }
            assertThat(Allocated.bytes() - before)
                    .as("%s, %s: allocated", kind, fuzz)
                    .isLessThan(ALLOCATED_MAX);
            assertThat(clock.nanos() - start).as("%s, %s: time", kind, fuzz).isLessThan(NANOS_MAX);
        }
    }

    private byte[] make(String kind) throws Exception {
        Files.deleteIfExists(image);
        var options = CreateOptions.of(ImageFormat.QCOW2, DISK_BYTES).replacing(true);
        switch (kind) {
            case "small clusters" -> ImageCreator.create(image, options.clusters(9));
            case "large clusters" -> ImageCreator.create(image, options);
            case "packed" -> pack(options.clusters(12));
            case "dynamic" ->
                    ImageCreator.create(image, CreateOptions.of(ImageFormat.VHD, DISK_BYTES));
            default -> {
                var parent = directory.resolve("parent.vhd");
                ImageCreator.create(parent, CreateOptions.of(ImageFormat.VHD, DISK_BYTES));
                Images.clone(parent, Optional.empty(), image);
            }
        }
        try (var made = Images.open(image, OpenOptions.writing())) {
            if (made.format() == ImageFormat.QCOW2) {
                made.snapshots().create("before", 0);
                made.changes().start("point");
            }
            for (int at = 0; at < DISK_BYTES; at += 100_000) {
                made.write(at, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            }
        }
        return Files.readAllBytes(image);
    }

    private void pack(CreateOptions options) throws Exception {
        var raw = directory.resolve("raw.img");
        var bytes = new byte[DISK_BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i >> 8);
        }
        Files.write(raw, bytes);
        try (var source = Images.open(raw, OpenOptions.reading().as(ImageFormat.RAW))) {
            ImageCopy.convert(source, image, options, true, (_, _) -> {});
        }
    }

    /// Changes a field, or a few bits, mostly where tables are.
    private static void damage(byte[] file, SplittableRandom random) {
        var buffer = ByteBuffer.wrap(file);
        int at =
                switch (random.nextInt(3)) {
                    case 0 -> random.nextInt(Math.min(file.length, 128)) & ~3;
                    case 1 -> random.nextInt(Math.min(file.length, 4096)) & ~3;
                    default -> random.nextInt(file.length) & ~7;
                };
        switch (random.nextInt(6)) {
            case 0 -> file[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> buffer.putInt(at, random.nextInt());
            case 2 -> buffer.putInt(at, 1 << random.nextInt(32));
            case 3 -> {
                if (at + 8 <= file.length) {
                    buffer.putLong(at, (long) random.nextInt(1 << 14) << 9);
                }
            }
            case 4 -> {
                if (at + 8 <= file.length) {
                    buffer.putLong(at, random.nextLong());
                }
            }
            default -> buffer.putInt(at, -1);
        }
    }

    private void use(SplittableRandom random) {
        tolerant(() -> Images.info(image, Optional.empty(), false));
        tolerant(() -> Images.check(image, Optional.empty(), CheckReport.Repair.NOTHING));
        tolerant(() -> {
            try (var opened = Images.open(image, OpenOptions.reading())) {
                look(opened);
            }
        });
        tolerant(() -> {
            try (var opened = Images.open(image, OpenOptions.writing())) {
                change(opened, random);
            }
        });
        tolerant(() -> Images.check(image, Optional.empty(), CheckReport.Repair.ALL));
    }

    @FunctionalInterface
    private interface Use {
        void run() throws Exception;
    }

    private static void tolerant(Use use) {
        try {
            use.run();
        } catch (ImageException e) {
            assertThat(e.getMessage()).isNotBlank();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void look(Image image) {
        tolerant(() -> image.snapshots().list());
        tolerant(() -> image.changes().points());
        long size = Math.min(image.size(), 4 * DISK_BYTES);
        for (long at = 0; at < size; at += 1 << 17) {
            long from = at;
            int bytes = (int) Math.min(1 << 17, size - at);
            tolerant(() -> image.read(from, ByteBuffer.allocate(bytes)));
            tolerant(() -> image.extent(from, bytes));
        }
        tolerant(() -> image.read(image.size() - 1, ByteBuffer.allocate(1)));
    }

    private static void change(Image image, SplittableRandom random) {
        long size = Math.min(image.size(), 4 * DISK_BYTES);
        for (int i = 0; i < 10 && size > 0; i++) {
            long at = random.nextLong(size);
            int bytes = (int) Math.min(size - at, random.nextInt(100_000));
            tolerant(() -> image.write(at, ByteBuffer.allocate(bytes)));
            tolerant(() -> image.discard(at, bytes));
        }
        tolerant(image::flush);
        tolerant(() -> image.resize(image.size() + 512));
        tolerant(() -> image.snapshots().create("after", 0));
        tolerant(() -> image.snapshots().apply("before"));
        tolerant(() -> image.snapshots().delete("before"));
        tolerant(() -> image.changes().remove("point"));
    }

    @Test
    void aBackingChainThatComesBackIsRefused() throws Exception {
        var other = directory.resolve("other.img");
        overlay(image, "other.img");
        overlay(other, "disk.img");
        assertThatThrownBy(() -> Images.open(image, OpenOptions.reading()))
                .isInstanceOf(ImageException.Damaged.class)
                .hasMessageContaining("comes back to");
        overlay(image, "disk.img");
        assertThatThrownBy(() -> Images.open(image, OpenOptions.reading()))
                .isInstanceOf(ImageException.Damaged.class);
    }

    @Test
    void aBackingChainHasAnEnd() throws Exception {
        for (int i = 0; i <= ImageOpener.DEPTH_MAX; i++) {
            overlay(directory.resolve(i + ".img"), (i + 1) + ".img");
        }
        assertThatThrownBy(() -> Images.open(directory.resolve("0.img"), OpenOptions.reading()))
                .hasMessageContaining("more than 64 images");
    }

    @Test
    void aBackingFileIsWhatTheHeaderSaysAndNotWhatAGuestWrote() throws Exception {
        var secret = Files.write(directory.resolve("secret"), new byte[] {42, 43});
        var inner = directory.resolve("inner.img");
        overlay(inner, secret.toString());
        var raw = directory.resolve("raw.img");
        Files.copy(inner, raw);
        ImageCreator.create(
                image,
                CreateOptions.of(ImageFormat.QCOW2, 4096)
                        .on(new CreateOptions.Backing("raw.img", ImageFormat.RAW)));
        try (var opened = Images.open(image, OpenOptions.reading())) {
            var start = ByteBuffer.allocate(4);
            opened.read(0, start);
            assertThat(start.getInt(0)).isEqualTo(Qcow2Header.MAGIC);
        }
    }

    @Test
    void aBackingFileWithoutFormatIsRefused() throws Exception {
        overlay(image, "none.img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(112);
            file.writeInt(0x12345678); // No longer the extension that names the format.
        }
        assertThatThrownBy(() -> Images.open(image, OpenOptions.reading()))
                .hasMessageContaining("does not say what format");
    }

    @Test
    void namesThatAreNoFilesAreRefused() throws Exception {
        for (var name : new String[] {"nbd://host/x", "json:{}", "fat:/etc"}) {
            overlay(image, name);
            assertThatThrownBy(() -> Images.open(image, OpenOptions.reading()))
                    .isInstanceOf(ImageException.Unsupported.class)
                    .hasMessageContaining("not on this host's file system");
        }
        overlay(image, "/dev/tty");
        assertThatThrownBy(() -> Images.open(image, OpenOptions.reading()))
                .hasMessageContaining("neither a regular file nor a block device");
    }

    @Test
    void whatIsNotDoneIsRefusedWithTheReason() throws Exception {
        QemuImg.assumePresent();
        refusedAfter(
                "encrypted",
                "-o",
                "encrypt.format=aes,encrypt.key-secret=s",
                "--object",
                "secret,id=s,data=x");
        refusedAfter("extended L2", "-o", "extended_l2=on,cluster_size=64k");
        refusedAfter("external file", "-o", "data_file=" + directory.resolve("data.raw"));
    }

    private void refusedAfter(String reason, String... options) throws Exception {
        Files.deleteIfExists(image);
        var words = new ArrayList<Object>(List.of("create", "-f", "qcow2"));
        words.addAll(List.of(options));
        words.add(image);
        words.add("1M");
        QemuImg.must(words.toArray());
        assertThatThrownBy(() -> Images.open(image, OpenOptions.reading()))
                .isInstanceOf(ImageException.Unsupported.class)
                .hasMessageContaining(reason);
    }

    private static void overlay(Path file, String backing) throws ImageException {
        ImageCreator.create(
                file,
                CreateOptions.of(ImageFormat.QCOW2, 4096)
                        .replacing(true)
                        .on(new CreateOptions.Backing(backing, ImageFormat.QCOW2)));
    }
}
