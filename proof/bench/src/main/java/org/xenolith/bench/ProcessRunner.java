package org.xenolith.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// Kernels in processes that speak on their standard output and are stopped at the end.
final class ProcessRunner {
    private ProcessRunner() {}

    static Lap run(Path program) throws IOException {
        return run(List.of(program.toString()));
    }

    static Lap tcg(Path image) throws IOException {
        return run(
                List.of(
                        "qemu-system-x86_64",
                        "-accel",
                        "tcg",
                        "-cpu",
                        "max",
                        "-m",
                        "64",
                        "-nodefaults",
                        "-no-reboot",
                        "-display",
                        "none",
                        "-debugcon",
                        "stdio",
                        "-kernel",
                        image.toString()));
    }

    private static long cpuNanos(Process process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
    }

    private static Lap run(List<String> command) throws IOException {
        var process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (var out = process.getInputStream()) {
            var watch = new Stopwatch(() -> cpuNanos(process));
            int character;
            while (!watch.isDone() && (character = out.read()) >= 0) {
                watch.hear(character);
            }
            return watch.lap(0);
        } finally {
            process.destroyForcibly();
        }
    }
}
