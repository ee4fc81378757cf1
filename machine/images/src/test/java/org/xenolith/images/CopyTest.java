package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
import org.xenolith.linux.HostFile;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

@Timeout(60)
class CopyTest {
    private static final int DISK_BYTES = 3 << 20;
    private static final ImageCopy.Progress SILENT = (_, _) -> {};

    @TempDir private Path directory;

    static List<Shape> shapes() {
        return Shape.all().stream()
                .filter(s -> s.format() != ImageFormat.QCOW2 || s.name().contains("of 65536"))
                .toList();
    }

    /// From every kind of image into every format.
    @ParameterizedTest
    @MethodSource("shapes")
    void aCopyReadsAsItsSource(Shape shape) throws Exception {
        var random = new SplittableRandom(3);
        var history = new History(shape.create(directory, DISK_BYTES, random), random);
        try (var image = shape.open(directory)) {
            for (int i = 0; i < 20; i++) {
                history.simpleStepWasFlush(image);
            }
        }
        for (var format : ImageFormat.values()) {
            var copy = directory.resolve("copy." + format.spelling());
            try (var source = shape.openToRead(directory)) {
                ImageCopy.convert(
                        source,
                        copy,
                        CreateOptions.of(format, source.size()).replacing(true),
                        false,
                        SILENT);
            }
            assertReadsAs(copy, format, history.model());
        }
    }

    private static void assertReadsAs(Path image, ImageFormat format, byte[] model)
            throws Exception {
        try (var opened = Images.open(image, OpenOptions.reading().as(format))) {
            var read = new byte[model.length];
            opened.read(0, ByteBuffer.wrap(read));
            assertThat(Arrays.mismatch(read, model)).as("%s", image).isNegative();
        }
        if (QemuImg.isPresent()) {
            var judged = QemuImg.content(format.qemuSpelling(), image);
            assertThat(Arrays.mismatch(judged, model)).as("%s, by QEMU", image).isNegative();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 12, 16, 21})
    void packedClustersAreSmallerAndReadAlike(int clusterBits) throws Exception {
        var content = new byte[DISK_BYTES];
        var random = new SplittableRandom(4);
        for (int i = 0; i < content.length / 2; i++) {
            // A quarter cannot be packed, a quarter can.
            content[i] = (byte) (i < content.length / 8 ? random.nextInt() : i / 5000);
        }
        var raw = Files.write(directory.resolve("raw.img"), content);
        for (boolean zstd : new boolean[] {false, true}) {
            var packed = directory.resolve("packed.qcow2");
            try (var source = Images.open(raw, OpenOptions.reading().as(ImageFormat.RAW))) {
                var options =
                        CreateOptions.of(ImageFormat.QCOW2, source.size())
                                .replacing(true)
                                .clusters(clusterBits)
                                .packedByZstd(zstd);
                ImageCopy.convert(source, packed, options, true, SILENT);
            }
            assertThat(
                            Images.check(packed, Optional.empty(), CheckReport.Repair.NOTHING)
                                    .compressedClusters())
                    .isPositive();
            assertReadsAs(packed, ImageFormat.QCOW2, content);
            if (QemuImg.isPresent()) {
                QemuImg.assertSound(packed);
            }
            try (var image = Images.open(packed, OpenOptions.writing())) {
                image.write(content.length / 3, ByteBuffer.wrap(new byte[100_000]));
            }
            var report = Images.check(packed, Optional.empty(), CheckReport.Repair.NOTHING);
            assertThat(report.isClean()).as("%s", report.problems()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCommitMovesAllDown(ImageFormat format) throws Exception {
        var base = directory.resolve("base.img");
        var top = directory.resolve("top.img");
        var model = new byte[DISK_BYTES];
        Arrays.fill(model, 0, DISK_BYTES / 2, (byte) 3);
        ImageCreator.create(base, CreateOptions.of(format, DISK_BYTES));
        try (var image = Images.open(base, OpenOptions.writing().as(format))) {
            image.write(0, ByteBuffer.wrap(model));
        }
        Images.clone(base, Optional.of(format), top);
        model = Arrays.copyOf(model, DISK_BYTES + (1 << 20));
        try (var image = Images.open(top, OpenOptions.writing())) {
            image.resize(model.length);
            image.write(100_001, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            image.writeZeroes(1 << 20, 1 << 20);
        }
        model[100_001] = 1;
        model[100_002] = 2;
        model[100_003] = 3;
        Arrays.fill(model, 1 << 20, 2 << 20, (byte) 0);
        ImageCopy.commit(top, Optional.empty(), false, SILENT);
        assertReadsAs(base, format, model);
        try (var image = Images.open(top, OpenOptions.reading())) {
            for (long at = 0; at < image.size(); ) {
                var extent = image.extent(at, image.size() - at);
                assertThat(extent.depth() == 1 || extent.kind() == Extent.Kind.ABSENT).isTrue();
                at = extent.end();
            }
        }
    }

    @Test
    void whatHasNoBackingFileIsNotCommitted() throws Exception {
        var image = directory.resolve("disk.img");
        ImageCreator.create(image, CreateOptions.of(ImageFormat.QCOW2, 1 << 20));
        assertThatThrownBy(() -> ImageCopy.commit(image, Optional.empty(), false, SILENT))
                .isInstanceOf(ImageException.Refused.class)
                .hasMessageContaining("has no backing file");
    }

    /// The first one in a process may take longer; what counts is that size does not.
    @ParameterizedTest
    @EnumSource
    void aCloneOfAHundredGibibytesTakesMillisecondsAndNoSpace(ImageFormat format) throws Exception {
        var source = directory.resolve("large.img");
        ImageCreator.create(source, CreateOptions.of(format, 100 * Sizes.GIB));
        long best = Long.MAX_VALUE;
        var clock = Clock.system();
        for (int i = 0; i < 5; i++) {
            long start = clock.nanos();
            Images.clone(source, Optional.of(format), directory.resolve(i + ".img"));
            best = Math.min(best, clock.nanos() - start);
        }
        System.out.printf("clone of 100 GiB, %s: %.1f ms%n", format.spelling(), best / 1e6);
        assertThat(best).isLessThan(200_000_000L);
        if (HostFile.isSupported()) {
            assertThat(HostFile.allocatedBytes(directory.resolve("0.img"))).isLessThan(1 << 20);
        }
        try (var clone = Images.open(directory.resolve("0.img"), OpenOptions.reading())) {
            assertThat(clone.size()).isEqualTo(100 * Sizes.GIB);
        }
    }
}
