package org.xenolith.images;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/// A kind of image that tests go through.
record Shape(String name, ImageFormat format, Below below, UnaryOperator<CreateOptions> detail) {
    /// What is under the image.
    enum Below {
        NOTHING,
        RAW,
        QCOW2,
        VHD
    }

    @Override
    public String toString() {
        return name;
    }

    private static Shape qcow2(int bits, int version, int refcountBits, Below below) {
        return new Shape(
                "qcow2 v%d, clusters of %d, counts of %d, on %s"
                        .formatted(version, 1 << bits, refcountBits, below),
                ImageFormat.QCOW2,
                below,
                o -> o.clusters(bits).version(version).refcounts(refcountBits));
    }

    static List<Shape> qcow2() {
        var shapes = new ArrayList<Shape>();
        for (int bits : new int[] {9, 10, 12, 16, 21}) {
            shapes.add(qcow2(bits, 3, 16, Below.NOTHING));
            shapes.add(qcow2(bits, 3, 16, Below.QCOW2));
            shapes.add(qcow2(bits, 2, 16, Below.RAW));
        }
        for (int width : new int[] {1, 2, 4, 8, 32, 64}) {
            shapes.add(qcow2(9, 3, width, Below.NOTHING));
            shapes.add(qcow2(12, 3, width, Below.RAW));
        }
        shapes.add(qcow2(12, 2, 16, Below.NOTHING));
        return shapes;
    }

    static List<Shape> all() {
        var shapes = new ArrayList<>(qcow2());
        shapes.add(new Shape("raw", ImageFormat.RAW, Below.NOTHING, o -> o));
        shapes.add(new Shape("fixed VHD", ImageFormat.VHD, Below.NOTHING, o -> o.fixed(true)));
        shapes.add(new Shape("dynamic VHD", ImageFormat.VHD, Below.NOTHING, o -> o));
        shapes.add(new Shape("differencing VHD", ImageFormat.VHD, Below.VHD, o -> o));
        shapes.add(new Shape("VHD on raw", ImageFormat.VHD, Below.RAW, o -> o));
        return shapes;
    }

    /// Makes an image of `size` bytes, with what is under it, in `directory`. Returns what it reads
    /// as.
    byte[] create(Path directory, int size, SplittableRandom random) throws Exception {
        var content = new byte[size];
        var options = detail.apply(CreateOptions.of(format, size));
        if (below != Below.NOTHING) {
            var path = directory.resolve("below.img");
            var format = ImageFormat.valueOf(below.name());
            // It may be shorter or longer than the image.
            int bytes = Math.max(512, size + (random.nextInt(9) - 4) * 65_536);
            var data = patches(bytes, random);
            ImageCreator.create(path, CreateOptions.of(format, bytes).replacing(true));
            try (var image = Images.open(path, OpenOptions.writing().as(format))) {
                image.write(0, ByteBuffer.wrap(data));
            }
            System.arraycopy(data, 0, content, 0, Math.min(bytes, size));
            options = options.on(new CreateOptions.Backing("below.img", format));
        }
        ImageCreator.create(image(directory), options.replacing(true));
        return content;
    }

    static Path image(Path directory) {
        return directory.resolve("disk.img");
    }

    Image open(Path directory) throws ImageException {
        return Images.open(image(directory), OpenOptions.writing().as(format));
    }

    Image openToRead(Path directory) throws ImageException {
        return Images.open(image(directory), OpenOptions.reading().as(format));
    }

    private static byte[] patches(int bytes, SplittableRandom random) {
        var data = new byte[bytes];
        for (int i = 0; i < 20; i++) {
            int from = random.nextInt(bytes);
            int to = Math.min(bytes, from + random.nextInt(100_000));
            java.util.Arrays.fill(data, from, to, (byte) random.nextInt());
        }
        return data;
    }

    static void delete(Path directory) throws Exception {
        Files.deleteIfExists(image(directory));
        Files.deleteIfExists(directory.resolve("below.img"));
    }
}
