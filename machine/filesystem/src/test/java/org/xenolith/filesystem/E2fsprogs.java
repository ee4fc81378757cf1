package org.xenolith.filesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The tools of ext4's own authors, which make and judge file systems.
final class E2fsprogs {
    private static final long SECONDS_MAX = 60;

    private E2fsprogs() {}

    /// Skips the test where there are none.
    static void assumePresent() {
        for (var tool : List.of("mke2fs", "debugfs", "e2fsck", "dumpe2fs")) {
            assumeTrue(
                    Files.isExecutable(Path.of("/usr/sbin", tool)),
                    "e2fsprogs is not installed (package e2fsprogs)");
        }
    }

    /// A file system of `kibibytes` with what is in `content`; `options` are mke2fs'.
    static Path make(Path image, Path content, int kibibytes, String... options) throws Exception {
        Files.deleteIfExists(image);
        var command = new ArrayList<>(List.of("mke2fs", "-q", "-F", "-d", content.toString()));
        command.addAll(List.of(options));
        command.add(image.toString());
        command.add(kibibytes + "k");
        run(0, command.toArray(String[]::new));
        return image;
    }

    /// Runs commands of debugfs that may change the file system.
    static void debug(Path image, String... commands) throws Exception {
        var script = image.resolveSibling("commands");
        Files.write(script, List.of(commands));
        run(0, "debugfs", "-w", "-f", script.toString(), image.toString());
    }

    /// Runs a tool whose exit code is at most `codeMax`; returns what it has printed.
    static String run(int codeMax, String... command) throws Exception {
        var located = command.clone();
        located[0] = "/usr/sbin/" + command[0];
        var log = Files.createTempFile("e2fsprogs", ".log");
        try {
            var process =
                    new ProcessBuilder(located)
                            .redirectErrorStream(true)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(log.toFile())
                            .start();
            boolean ended = process.waitFor(SECONDS_MAX, TimeUnit.SECONDS);
            process.destroyForcibly();
            var output = new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1);
            assertThat(ended).as("%s ends: %s", List.of(located), output).isTrue();
            assertThat(process.exitValue())
                    .as("%s: %s", List.of(located), output)
                    .isLessThanOrEqualTo(codeMax);
            return output;
        } finally {
            Files.delete(log);
        }
    }
}
