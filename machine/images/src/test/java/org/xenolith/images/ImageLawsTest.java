package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.testkit.Fuzz;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Whatever is done to an image of any kind, it holds what an array would hold, for us and for
/// QEMU.
@Timeout(value = 1, unit = TimeUnit.DAYS) // ./dev fuzz says how long.
class ImageLawsTest {
    private static final int STEPS = 90;

    @TempDir private Path directory;

    static List<Shape> shapes() {
        return Shape.all();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void anImageIsAnArrayOfBytes(Shape shape) throws Exception {
        play(shape, new SplittableRandom(1));
    }

    @Test
    @Tag("fuzz")
    void anyImageIsAnArrayOfBytes() throws Exception {
        var fuzz = new Fuzz(2, 2);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var shape = shapes().get(random.nextInt(shapes().size()));
            try {
                play(shape, random);
            } catch (AssertionError | Exception e) {
                throw new AssertionError(shape + ", " + fuzz, e);
            }
        }
    }

    private void play(Shape shape, SplittableRandom random) throws Exception {
        Shape.delete(directory);
        int size = 512 * (1 + random.nextInt(3 << 11));
        var history = new History(shape.create(directory, size, random), random);
        boolean countsFar =
                shape.detail().apply(CreateOptions.of(shape.format(), 0)).refcountBits() >= 8;
        boolean version3 = shape.detail().apply(CreateOptions.of(shape.format(), 0)).version() == 3;
        if (shape.format() == ImageFormat.QCOW2 && countsFar && version3) {
            history.withSnapshots();
        }
        for (int session = 0; session < 3; session++) {
            try (var image = shape.open(directory)) {
                for (int step = 0; step < STEPS / 3; step++) {
                    history.step(image);
                }
                history.compare(image);
            }
            try (var image = shape.openToRead(directory)) {
                history.compare(image);
            }
            check(Shape.image(directory), shape.format());
        }
        judge(shape, history.model());
    }

    private static void check(Path image, ImageFormat format) throws Exception {
        if (format != ImageFormat.RAW) {
            var report = Images.check(image, Optional.of(format), CheckReport.Repair.NOTHING);
            assertThat(report.isClean()).as("%s", report.problems()).isTrue();
        }
    }

    private void judge(Shape shape, byte[] model) throws Exception {
        if (!QemuImg.isPresent()) {
            return;
        }
        var image = Shape.image(directory);
        if (shape.format() == ImageFormat.QCOW2) {
            QemuImg.assertSound(image);
        }
        if (shape.format() != ImageFormat.VHD || shape.below() == Shape.Below.NOTHING) {
            var content = QemuImg.content(shape.format().qemuSpelling(), image);
            int length = Math.min(content.length, model.length);
            assertThat(content.length - model.length).isBetween(0, 511);
            assertThat(
                            Arrays.mismatch(
                                    Arrays.copyOf(content, length), Arrays.copyOf(model, length)))
                    .as("first byte that QEMU reads otherwise")
                    .isNegative();
        }
    }
}
