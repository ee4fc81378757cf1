package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.filesystem.Disk;
import org.xenolith.filesystem.DiskException;
import org.xenolith.filesystem.FileSystem;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What a guest was told to be durable survives `kill -9` of the process that holds it. The host's
/// e2fsprogs judge, and what is read before they replay the journal is what they find after that.
class DiskDurabilityTest {
    private static final int VOLUME_BYTES = 16 << 20;

    private static final String NUMBERS =
            IntStream.rangeClosed(1, 3000).mapToObj(n -> n + "\n").collect(Collectors.joining());

    @TempDir private Path root;

    @Test
    @Timeout(value = 8, unit = TimeUnit.MINUTES)
    void whatWasSyncedSurvivesTheDeathOfTheProcess() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        for (var tool : List.of("mkfs.ext4", "e2fsck", "debugfs")) {
            Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/sbin", tool)), "no e2fsprogs");
        }
        var volume = Files.write(root.resolve("volume"), new byte[VOLUME_BYTES]);
        run(0, "/usr/sbin/mkfs.ext4", "-q", "-F", volume.toString());
        var writer = start(volume);
        try (var lines = writer.inputReader()) {
            var line = lines.readLine();
            while (line != null && !line.endsWith(DiskWriter.SYNCED)) {
                line = lines.readLine();
            }
            assertThat(line).as("the guest has synced").isNotNull();
            TimeUnit.SECONDS.sleep(2); // it goes on writing
        } finally {
            writer.destroyForcibly().waitFor();
        }
        var before = filesOf(volume);
        assertThat(before).containsEntry("numbers", NUMBERS);
        // 1: the journal was replayed, or counts in the superblock were brought up to date.
        run(1, "/usr/sbin/e2fsck", "-f", "-p", volume.toString());
        run(0, "/usr/sbin/e2fsck", "-f", "-n", volume.toString());
        var numbers = root.resolve("numbers");
        run(0, "/usr/sbin/debugfs", "-R", "dump /numbers " + numbers, volume.toString());
        assertThat(Files.readString(numbers)).isEqualTo(NUMBERS);
        assertThat(filesOf(volume)).isEqualTo(before);
    }

    /// As the boot loader reads a disk, unmounted or not.
    private static Map<String, String> filesOf(Path volume) throws Exception {
        var system = FileSystem.open(new Content(Files.readAllBytes(volume))).orElseThrow();
        var files = new TreeMap<String, String>();
        for (var name : system.list("/")) {
            if (!name.equals("lost+found")) {
                var content = system.read("/" + name, VOLUME_BYTES);
                files.put(name, new String(content, StandardCharsets.US_ASCII));
            }
        }
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

    private Process start(Path volume) throws IOException {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        return new ProcessBuilder(
                        java,
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        classPath,
                        DiskWriter.class.getName(),
                        volume.toString())
                .redirectError(root.resolve("writer.log").toFile())
                .start();
    }

    private void run(int exitCodeMax, String... command) throws Exception {
        var output = root.resolve("tool.log");
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(output))
                .isLessThanOrEqualTo(exitCodeMax);
    }
}
