package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.linux.HostFile;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Who may use an image together, and how.
@Timeout(60)
class SharingTest {
    @TempDir private Path directory;
    private Path image;

    @BeforeEach
    void name() {
        image = directory.resolve("disk.img");
    }

    @ParameterizedTest
    @EnumSource
    void thereIsOneWriterOrAnyNumberOfReaders(ImageFormat format) throws Exception {
        ImageCreator.create(image, CreateOptions.of(format, 1 << 20));
        try (var writer = Images.open(image, OpenOptions.writing().as(format))) {
            assertThatThrownBy(() -> Images.open(image, OpenOptions.writing().as(format)))
                    .isInstanceOf(ImageException.Busy.class);
            assertThatThrownBy(() -> Images.open(image, OpenOptions.reading().as(format)))
                    .isInstanceOf(ImageException.Busy.class);
            try (var look = Images.open(image, OpenOptions.reading().as(format).evenIfInUse())) {
                assertThat(look.size()).isEqualTo(writer.size());
            }
        }
        try (var reader = Images.open(image, OpenOptions.reading().as(format));
                var other = Images.open(image, OpenOptions.reading().as(format))) {
            assertThat(reader.size()).isEqualTo(other.size());
            assertThatThrownBy(() -> Images.open(image, OpenOptions.writing().as(format)))
                    .isInstanceOf(ImageException.Busy.class)
                    .hasMessageContaining("is in use");
        }
        Images.open(image, OpenOptions.writing().as(format)).close();
    }

    @Test
    void aBackingFileIsNotWrittenUnderAnOverlay() throws Exception {
        ImageCreator.create(image, CreateOptions.of(ImageFormat.QCOW2, 1 << 20));
        var overlay = directory.resolve("overlay.img");
        Images.clone(image, Optional.empty(), overlay);
        try (var top = Images.open(overlay, OpenOptions.writing())) {
            assertThat(top.readOnly()).isFalse();
            assertThatThrownBy(() -> Images.open(image, OpenOptions.writing()))
                    .isInstanceOf(ImageException.Busy.class);
        }
    }

    @Test
    void qemuSeesOurLocksAndWeSeeItsLocks() throws Exception {
        QemuImg.assumePresent();
        assumeTrue(HostFile.isSupported(), "the locks of byte ranges are Linux'");
        ImageCreator.create(image, CreateOptions.of(ImageFormat.QCOW2, 1 << 20));
        try (var writer = Images.open(image, OpenOptions.writing())) {
            var result = QemuImg.run("info", image);
            assertThat(result.out()).contains("lock");
            assertThat(QemuImg.run("info", "-U", image).code()).isZero();
            assertThat(writer.readOnly()).isFalse();
        }
        try (var reader = Images.open(image, OpenOptions.reading())) {
            assertThat(QemuImg.run("info", image).code()).isZero();
            assertThat(QemuImg.run("snapshot", "-c", "s", image).out()).contains("lock");
            assertThat(reader.readOnly()).isTrue();
        }
        var qemuIo =
                new ProcessBuilder("qemu-io", "-f", "qcow2", image.toString())
                        .redirectErrorStream(true)
                        .start();
        try {
            var ask = qemuIo.outputWriter();
            ask.write("write 0 512\n");
            ask.flush();
            var answer = new StringBuilder();
            while (!answer.toString().contains("wrote")) {
                answer.append((char) qemuIo.getInputStream().read());
            }
            assertThatThrownBy(() -> Images.open(image, OpenOptions.writing()))
                    .isInstanceOf(ImageException.Busy.class);
        } finally {
            qemuIo.destroyForcibly().waitFor();
        }
    }

    static List<Shape> shapes() {
        return Shape.all().stream()
                .filter(shape ->
                        shape.format() != ImageFormat.QCOW2
                                || shape.name().contains("counts of 16"))
                .toList();
    }

    /// Each thread has every eighth page of the disk to itself, so that all of them meet in the
    /// same clusters; and one flushes and discards.
    @ParameterizedTest
    @MethodSource("shapes")
    void threadsDoNotDisturbEachOther(Shape shape) throws Exception {
        int pages = 640;
        int size = pages * 1000;
        var model = shape.create(directory, size, new SplittableRandom(9));
        try (var opened = shape.open(directory);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var tasks =
                    java.util.stream.IntStream.range(0, 8)
                            .<Future<?>>mapToObj(
                                    t -> threads.submit(() -> play(opened, model, t, pages)))
                            .toList();
            for (int i = 0; i < 20; i++) {
                opened.flush();
            }
            for (var task : tasks) {
                task.get();
            }
            var read = new byte[size];
            opened.read(0, ByteBuffer.wrap(read));
            assertThat(Arrays.mismatch(read, model)).isNegative();
        }
        if (shape.format() == ImageFormat.QCOW2) {
            assertThat(
                            Images.check(
                                            Shape.image(directory),
                                            Optional.empty(),
                                            CheckReport.Repair.NOTHING)
                                    .isClean())
                    .isTrue();
        }
    }

    private static Void play(Image image, byte[] model, int thread, int pages)
            throws ImageException {
        var random = new SplittableRandom(thread);
        for (int i = 0; i < 150; i++) {
            int at = (random.nextInt(pages / 8) * 8 + thread) * 1000;
            var page = new byte[1000];
            switch (random.nextInt(4)) {
                case 0 -> {
                    image.writeZeroes(at, 1000);
                    Arrays.fill(model, at, at + 1000, (byte) 0);
                }
                case 1 -> {
                    image.read(at, ByteBuffer.wrap(page));
                    assertThat(page).isEqualTo(Arrays.copyOfRange(model, at, at + 1000));
                }
                default -> {
                    Arrays.fill(page, (byte) (i + 1));
                    image.write(at, ByteBuffer.wrap(page));
                    System.arraycopy(page, 0, model, at, 1000);
                }
            }
        }
        return null;
    }

    @Test
    void anInterruptedThreadHarmsNobody() throws Exception {
        ImageCreator.create(image, CreateOptions.of(ImageFormat.RAW, 1 << 20));
        try (var opened = Images.open(image, OpenOptions.writing().as(ImageFormat.RAW))) {
            Thread.currentThread().interrupt();
            opened.write(0, ByteBuffer.wrap(new byte[] {5}));
            assertThat(Thread.interrupted()).isTrue();
            var read = ByteBuffer.allocate(1);
            opened.read(0, read);
            assertThat(read.get(0)).isEqualTo((byte) 5);
        }
    }
}
