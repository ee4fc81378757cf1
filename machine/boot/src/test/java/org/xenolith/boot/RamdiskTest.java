package org.xenolith.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.testkit.Fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

class RamdiskTest {
    private static final long RAM = 64 << 20;

    private static byte[] archive() throws IOException {
        var bytes = new ByteArrayOutputStream();
        var content = new byte[4321];
        new SplittableRandom(1).nextBytes(content);
        try (var cpio = new CpioWriter(bytes)) {
            cpio.directory("dev", 0755);
            cpio.characterDevice("dev/console", 0600, 5, 1);
            cpio.file("init", 0755, "#!/bin/sh\n".getBytes());
            cpio.symbolicLink("sbin/init", "../init");
            cpio.file("data", 0644, content);
        }
        return bytes.toByteArray();
    }

    private static void check(byte[] bytes) throws BootException {
        Ramdisk.check(MemorySegment.ofArray(bytes), RAM);
    }

    private static byte[] joined(byte[]... parts) {
        var bytes = new ByteArrayOutputStream();
        for (var part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }

    private static List<byte[]> packed() throws IOException {
        var archive = archive();
        return List.of(
                archive,
                Packer.gzip(archive),
                Packer.xz(archive),
                Packer.zstd(archive),
                Packer.lz4(archive));
    }

    @Test
    void wholeRamdisksOfEveryPackingAreAccepted() throws Exception {
        for (var bytes : packed()) {
            check(bytes);
            check(joined(archive(), bytes));
            check(joined(archive(), new byte[1024], bytes, new byte[700]));
        }
    }

    @Test
    void everyTruncationIsRefused() throws Exception {
        for (var bytes : packed()) {
            int whole = bytes.length;
            while (bytes[whole - 1] == 0) {
                whole--;
            }
            // LZ4's legacy frame has no end: cut between blocks it is whole.
            for (int length = 6; length < whole; length++) {
                var cut = Arrays.copyOf(bytes, length);
                assertThatThrownBy(() -> check(cut))
                        .as("%d of %d bytes, %02x", length, whole, bytes[0])
                        .isInstanceOf(BootException.class);
            }
        }
    }

    @Test
    void unknownFormatsAreAccepted() {
        assertThatCode(() -> check("an image of a file system".getBytes()))
                .doesNotThrowAnyException();
        assertThatCode(() -> check(new byte[4096])).doesNotThrowAnyException();
    }

    @Test
    @Tag("fuzz")
    void randomDamageIsRefusedOrAccepted() throws Exception {
        for (var bytes : packed()) {
            var fuzz = new Fuzz(77, 1000);
            while (fuzz.goesOn()) {
                try {
                    check(Mutation.of(bytes, new SplittableRandom(fuzz.seed())));
                } catch (BootException e) {
                    assertThat(e.getMessage()).isNotBlank();
                } catch (Throwable e) {
                    throw new AssertionError(fuzz.toString(), e);
                }
            }
        }
    }

    @Test
    void aRamdiskThatUnpacksToMoreThanTheGuestHasIsRefused() throws Exception {
        var bomb = Packer.gzip(new byte[65 << 20]);
        assertThatThrownBy(() -> check(bomb))
                .isInstanceOf(BootException.class)
                .hasMessageContaining("64 MiB");
    }

    @Test
    void refusalsNameTheFile(@TempDir Path directory) throws Exception {
        var empty = Files.createFile(directory.resolve("empty"));
        var cut = Files.write(directory.resolve("cut"), Arrays.copyOf(archive(), 500));
        assertThatThrownBy(() -> BootModule.ramdisk(empty, RAM))
                .isInstanceOf(BootException.class)
                .hasMessage(empty + ": the file is empty");
        assertThatThrownBy(() -> BootModule.ramdisk(cut, RAM))
                .isInstanceOf(BootException.class)
                .hasMessageStartingWith(cut + ": the ramdisk");
        assertThatThrownBy(() -> BootModule.ramdisk(directory.resolve("none"), RAM))
                .isInstanceOf(BootException.class)
                .hasMessage(directory.resolve("none") + ": no such file");
    }

    @Test
    void cpioReadsWhatWeWrite(@TempDir Path directory) throws Exception {
        var tool = Path.of("/usr/bin/cpio");
        assumeTrue(Files.isExecutable(tool));
        var file = Files.write(directory.resolve("archive"), archive());
        var process =
                new ProcessBuilder(tool.toString(), "-tv", "--quiet")
                        .redirectInput(file.toFile())
                        .redirectErrorStream(true)
                        .start();
        var listing = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).isZero();
        assertThat(listing.lines().map(line -> line.replaceAll(" +", " ")).toList())
                .hasSize(5)
                .anyMatch(line -> line.startsWith("drwxr-xr-x") && line.endsWith(" dev"))
                .anyMatch(line -> line.startsWith("crw-------") && line.contains("5, 1"))
                .anyMatch(line -> line.startsWith("-rwxr-xr-x") && line.endsWith(" init"))
                .anyMatch(line -> line.endsWith(" sbin/init -> ../init"))
                .anyMatch(line -> line.contains(" 4321 ") && line.endsWith(" data"));
    }
}
