package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.testkit.Fuzz;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;

@Timeout(60)
class ChangeLogTest {
    private static final int DISK_BYTES = 3 << 20;
    private static final int UNIT = 1 << 16;

    @TempDir private Path directory;

    private Path create(ImageFormat format) throws ImageException {
        var image = directory.resolve("disk.img");
        ImageCreator.create(image, CreateOptions.of(format, DISK_BYTES));
        return image;
    }

    private Image open(ImageFormat format) throws ImageException {
        return Images.open(directory.resolve("disk.img"), OpenOptions.writing().as(format));
    }

    /// Whatever is done in whatever sessions: outside of the ranges nothing has changed, and inside
    /// is no unit that was not touched.
    @ParameterizedTest
    @EnumSource
    void changesAreWhatWasTouchedSince(ImageFormat format) throws Exception {
        create(format);
        var random = new SplittableRandom(8);
        var touched = new boolean[DISK_BYTES / UNIT];
        for (int session = 0; session < 4; session++) {
            try (var image = open(format)) {
                if (session == 1) {
                    image.changes().start("point");
                }
                for (int i = 0; i < 4; i++) {
                    int at = random.nextInt(DISK_BYTES);
                    int bytes = Math.min(DISK_BYTES - at, 1 + random.nextInt(100_000));
                    touch(image, at, bytes, random.nextInt(3));
                    if (session >= 1) {
                        Arrays.fill(touched, at / UNIT, (at + bytes - 1) / UNIT + 1, true);
                    }
                }
            }
        }
        try (var image =
                Images.open(directory.resolve("disk.img"), OpenOptions.reading().as(format))) {
            var seen = new boolean[touched.length];
            for (var range : image.changes().since("point")) {
                Arrays.fill(
                        seen,
                        (int) (range.start() / UNIT),
                        (int) ((range.start() + range.length()) / UNIT),
                        true);
            }
            assertThat(seen).isEqualTo(touched);
        }
    }

    private static void touch(Image image, int at, int bytes, int how) throws ImageException {
        switch (how) {
            case 0 -> image.write(at, ByteBuffer.allocate(bytes));
            case 1 -> image.writeZeroes(at, bytes);
            default -> image.discard(at, bytes);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCrashMakesPointsIncomplete(ImageFormat format) throws Exception {
        var path = create(format);
        try (var image = open(format)) {
            image.changes().start("point");
        }
        var copy = directory.resolve("copy");
        try (var image = open(format)) {
            image.write(0, ByteBuffer.allocate(1));
            image.flush();
            Files.copy(path, copy);
            var log = directory.resolve("disk.img.changes");
            if (Files.exists(log)) {
                Files.copy(log, directory.resolve("copy.changes"));
            }
        }
        assertIncomplete(copy, format);
    }

    private static void assertIncomplete(Path image, ImageFormat format) throws ImageException {
        try (var opened = Images.open(image, OpenOptions.reading().as(format))) {
            assertThat(opened.changes().points())
                    .extracting(ChangeLog.Point::state)
                    .containsExactly(ChangeLog.State.INCOMPLETE);
            assertThatThrownBy(() -> opened.changes().since("point"))
                    .isInstanceOf(ImageException.Refused.class)
                    .hasMessageContaining("not completely known");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RAW", "VHD"})
    void aForeignWriterMakesPointsIncomplete(ImageFormat format) throws Exception {
        var path = create(format);
        try (var image = open(format)) {
            image.changes().start("point");
        }
        Files.setLastModifiedTime(path, FileTime.fromMillis(1_000_000));
        assertIncomplete(path, format);
    }

    @Test
    void aForeignWriterOfAQcow2FileClearsTheBitThatVouches() throws Exception {
        var path = create(ImageFormat.QCOW2);
        try (var image = open(ImageFormat.QCOW2)) {
            image.changes().start("point");
        }
        try (var file = Files.newByteChannel(path, StandardOpenOption.WRITE)) {
            file.position(88).write(ByteBuffer.allocate(8));
        }
        try (var image = open(ImageFormat.QCOW2)) {
            assertThat(image.changes().points()).isEmpty();
            image.write(0, ByteBuffer.allocate(1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNameIsUsedOnceAndCanBeRemoved(ImageFormat format) throws Exception {
        create(format);
        try (var image = open(format)) {
            image.changes().start("point");
            assertThatThrownBy(() -> image.changes().start("point"))
                    .hasMessageContaining("already");
            assertThatThrownBy(() -> image.changes().since("other"))
                    .hasMessageContaining("no point");
            assertThatThrownBy(() -> image.changes().start("")).hasMessageContaining("name");
            image.resize(2 * DISK_BYTES);
            assertThat(image.changes().since("point"))
                    .containsExactly(new ChangeLog.Range(DISK_BYTES, DISK_BYTES));
            image.changes().remove("point");
        }
        try (var image = open(format)) {
            assertThat(image.changes().points()).isEmpty();
        }
    }

    @Test
    @Tag("fuzz")
    void aDamagedLogIsRefused() throws Exception {
        var path = create(ImageFormat.RAW);
        try (var image = open(ImageFormat.RAW)) {
            image.changes().start("point");
            image.write(0, ByteBuffer.allocate(1));
        }
        var log = directory.resolve("disk.img.changes");
        var whole = Files.readAllBytes(log);
        var fuzz = new Fuzz(1, 300);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var damaged = Arrays.copyOf(whole, whole.length - random.nextInt(2) * 10);
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(log, damaged);
            try {
                Images.info(path, Optional.of(ImageFormat.RAW), false);
            } catch (ImageException e) {
                assertThat(e.getMessage()).contains("change log");
            }
            // The disk itself is as usable as ever.
            try (var image = open(ImageFormat.RAW)) {
                image.write(0, ByteBuffer.allocate(1));
            }
        }
    }
}
