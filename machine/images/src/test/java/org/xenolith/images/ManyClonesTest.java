package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.SplittableRandom;

/// A thousand clones of one image: each costs a moment and next to no space, reads as the image
/// does, is written by itself alone, and holds nothing of the process when it is closed.
@Timeout(120)
class ManyClonesTest {
    private static final int CLONES = 1000;
    private static final long DISK_BYTES = 100 * Sizes.GIB;
    private static final int BLOCK_BYTES = 4096;

    /// Of a clone in which nothing or one block has been written.
    private static final long EMPTY_BYTES_MAX = 32 * Sizes.KIB;

    private static final long WRITTEN_BYTES_MAX = 512 * Sizes.KIB;

    @TempDir private Path root;

    @Test
    void aThousandClonesAreAThousandDisks() throws Exception {
        var base = root.resolve("base.qcow2");
        ImageCreator.create(base, CreateOptions.of(ImageFormat.QCOW2, DISK_BYTES));
        try (var image = open(base, OpenOptions.writing())) {
            for (int i = 0; i < CLONES; i++) {
                image.write(place(i), block(-1 - i));
            }
        }
        var before = Files.readAllBytes(base);
        var directory = Files.createDirectory(root.resolve("clones"));
        int descriptors = descriptors();

        long start = Clock.system().nanos();
        var clones = new ArrayList<Path>();
        for (int i = 0; i < CLONES; i++) {
            clones.add(directory.resolve("clone-%d.qcow2".formatted(i)));
            Images.clone(base, Optional.of(ImageFormat.QCOW2), clones.get(i));
        }
        long nanos = Clock.system().nanos() - start;
        long empty = occupied(directory);
        System.out.printf(
                "%d clones: %.2f ms and %d bytes each%n",
                CLONES, nanos / 1e6 / CLONES, empty / CLONES);
        assertThat(empty / CLONES).isLessThanOrEqualTo(EMPTY_BYTES_MAX);

        for (int i = 0; i < CLONES; i++) {
            try (var clone = open(clones.get(i), OpenOptions.writing())) {
                assertThat(numberAt(clone, place(i))).isEqualTo(-1 - i);
                clone.write(place(i), block(i));
            }
        }
        assertThat(occupied(directory) / CLONES).isLessThanOrEqualTo(WRITTEN_BYTES_MAX);
        for (int i = 0; i < CLONES; i++) {
            int other = (i + 1) % CLONES;
            try (var clone = open(clones.get(i), OpenOptions.reading())) {
                assertThat(numberAt(clone, place(i))).isEqualTo(i);
                assertThat(numberAt(clone, place(other))).isEqualTo(-1 - other);
            }
        }
        assertThat(Files.readAllBytes(base)).isEqualTo(before);
        assertThat(descriptors()).isEqualTo(descriptors);
        if (QemuImg.isPresent()) {
            QemuImg.assertSound(clones.get(new SplittableRandom(3).nextInt(CLONES)));
        }
    }

    private static Image open(Path file, OpenOptions options) throws ImageException {
        return Images.open(file, options.as(ImageFormat.QCOW2));
    }

    /// Spread over the disk, and in the middle of clusters.
    private static long place(int number) {
        return number * (DISK_BYTES / CLONES / BLOCK_BYTES) * BLOCK_BYTES;
    }

    private static ByteBuffer block(int number) {
        var block = ByteBuffer.allocate(BLOCK_BYTES);
        while (block.hasRemaining()) {
            block.putInt(number);
        }
        return block.flip();
    }

    private static int numberAt(Image image, long place) throws Exception {
        var block = ByteBuffer.allocate(BLOCK_BYTES);
        image.read(place, block);
        return block.getInt(BLOCK_BYTES - Integer.BYTES);
    }

    /// What the files in a directory take of the host's disk.
    private static long occupied(Path directory) throws IOException {
        var du = new ProcessBuilder("du", "-s", "-B1", directory.toString()).start();
        try (var output = du.inputReader()) {
            return Long.parseLong(output.readLine().split("\t")[0]);
        }
    }

    private static int descriptors() throws IOException {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return (int) open.count();
        }
    }
}
