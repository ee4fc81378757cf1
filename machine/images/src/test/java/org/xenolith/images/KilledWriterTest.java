package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/// A process that writes is killed at any moment: what it had flushed is there.
@Timeout(120)
class KilledWriterTest {
    private static final int BLOCK_BYTES = 5000;
    private static final int BLOCKS = 2000;

    @TempDir private Path directory;

    /// The process: writes its number into block after block, and says each number when it is
    /// durable.
    public static final class Writer {
        private Writer() {}

        public static void main(String[] words) throws Exception {
            try (var image =
                    Images.open(
                            Path.of(words[0]),
                            OpenOptions.writing().as(ImageFormat.valueOf(words[1])))) {
                for (int i = 1; ; i++) {
                    image.write(place(i), block(i));
                    if (i % 5 == 0) {
                        image.flush();
                        System.out.println(i);
                    }
                }
            }
        }
    }

    private static long place(int number) {
        return (long) (number * 7919L % BLOCKS) * BLOCK_BYTES;
    }

    private static ByteBuffer block(int number) {
        var block = ByteBuffer.allocate(BLOCK_BYTES);
        while (block.remaining() >= 4) {
            block.putInt(number);
        }
        return block.flip();
    }

    @ParameterizedTest
    @EnumSource
    void whatItFlushedIsThere(ImageFormat format) throws Exception {
        var image = directory.resolve("disk.img");
        ImageCreator.create(image, CreateOptions.of(format, 10_000 << 10).clusters(12));
        int last = 0;
        for (int round = 0; round < 2; round++) {
            last = writeAndKill(image, format, 20 + 40 * round);
            var report = check(image, format);
            assertThat(report).isZero();
            compare(image, format, last);
        }
        assertThat(last).isPositive();
    }

    private static long check(Path image, ImageFormat format) throws Exception {
        if (format == ImageFormat.RAW) {
            return 0;
        }
        if (format == ImageFormat.QCOW2 && QemuImg.isPresent()) {
            QemuImg.assertNotCorrupt(image);
        }
        return Images.check(image, Optional.of(format), CheckReport.Repair.ALL).corruptions();
    }

    private static int writeAndKill(Path image, ImageFormat format, int flushes) throws Exception {
        var writer =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx64m",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Writer.class.getName(),
                                image.toString(),
                                format.name())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        int last = 0;
        try (var lines = writer.inputReader()) {
            for (int i = 0; i < flushes; i++) {
                last = Integer.parseInt(lines.readLine());
            }
            writer.toHandle().destroyForcibly(); // The process's own method closes its output.
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                last = Integer.parseInt(line);
            }
        } finally {
            writer.destroyForcibly().waitFor();
        }
        return last;
    }

    /// Of those that fell on the same block the last one counts, unless one that was not flushed
    /// did too.
    private static void compare(Path image, ImageFormat format, int last) throws Exception {
        try (var opened = Images.open(image, OpenOptions.reading().as(format))) {
            for (int i = Math.max(1, last - BLOCKS + 1); i <= last; i++) {
                var read = ByteBuffer.allocate(BLOCK_BYTES);
                opened.read(place(i), read);
                int found = read.getInt(0);
                assertThat(found == i || found > last)
                        .as("block of %d is of %d", i, found)
                        .isTrue();
            }
        }
    }
}
