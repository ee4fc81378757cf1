package org.xenolith.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// QEMU's own tool, the judge of what is a sound image and what it holds.
final class QemuImg {
    private static final int SECONDS_MAX = 60;

    record Result(int code, String out) {}

    private QemuImg() {}

    /// Skips the test where there is none.
    static void assumePresent() {
        assumeTrue(isPresent(), "qemu-img is not installed (package qemu-utils)");
    }

    static boolean isPresent() {
        return Files.isExecutable(Path.of("/usr/bin/qemu-img"));
    }

    static Result run(Object... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("qemu-img"));
        for (var argument : arguments) {
            command.add(argument.toString());
        }
        var log = Files.createTempFile("qemu-img", ".log");
        try {
            var process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            boolean ended = process.waitFor(SECONDS_MAX, TimeUnit.SECONDS);
            process.destroyForcibly();
            assertThat(ended).as("%s ends", command).isTrue();
            return new Result(process.exitValue(), Files.readString(log));
        } finally {
            Files.delete(log);
        }
    }

    /// Runs what must succeed.
    static String must(Object... arguments) throws IOException, InterruptedException {
        var result = run(arguments);
        assertThat(result.code).as("qemu-img %s: %s", List.of(arguments), result.out).isZero();
        return result.out;
    }

    /// The image has no errors, and no leaks.
    static void assertSound(Path image) throws IOException, InterruptedException {
        must("check", "-f", "qcow2", image);
    }

    /// The image has no errors; space may be lost.
    static void assertNotCorrupt(Path image) throws IOException, InterruptedException {
        var result = run("check", "-f", "qcow2", image);
        assertThat(result.code).as("qemu-img check: %s", result.out).isIn(0, 3);
    }

    /// The disk as QEMU reads it.
    static byte[] content(String format, Path image) throws IOException, InterruptedException {
        var raw = Files.createTempFile("content", ".raw");
        try {
            must("convert", "-f", format, "-O", "raw", image, raw);
            return Files.readAllBytes(raw);
        } finally {
            Files.delete(raw);
        }
    }
}
