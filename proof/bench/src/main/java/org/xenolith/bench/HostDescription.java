package org.xenolith.bench;

import org.xenolith.bench.guest.GuestFiles;
import org.xenolith.bench.guest.Tcg;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// On what a table was made: a table says nothing without it. The load is that of the last minute:
/// what the host was doing beside.
final class HostDescription {
    private static final String NOT_KNOWN = "unknown";

    private HostDescription() {}

    static String of(Path root, GuestFiles files, int rounds, double load)
            throws InterruptedException {
        return """
        Host: %s, %d processors, %s; Linux %s; load %s at the start
        Xenolith %s; %s %s
        %s; %s
        Guest: %s, %d MiB; %d alternating runs
        """
                .formatted(
                        line("/proc/cpuinfo", "model name"),
                        Runtime.getRuntime().availableProcessors(),
                        memory(),
                        System.getProperty("os.version"),
                        String.format(Locale.ROOT, "%.1f", load),
                        answer(root, "git", "describe", "--always", "--dirty"),
                        System.getProperty("java.vm.name"),
                        System.getProperty("java.vm.version"),
                        answer(root, Tcg.QEMU, "--version"),
                        answer(root, "gcc", "--version"),
                        files.source(),
                        GuestFiles.MEMORY_MIB,
                        rounds);
    }

    /// The value of the first line `key: value` of a file.
    private static String line(String file, String key) {
        try (var lines = Files.lines(Path.of(file))) {
            return lines.filter(line -> line.startsWith(key))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(NOT_KNOWN);
        } catch (IOException e) {
            return NOT_KNOWN;
        }
    }

    private static String memory() {
        var kib = line("/proc/meminfo", "MemTotal").replaceAll("\\D", "");
        return kib.isEmpty() ? NOT_KNOWN : Math.round(Long.parseLong(kib) / 1048576.0) + " GiB";
    }

    /// The first line that a command prints.
    private static String answer(Path directory, String... command) throws InterruptedException {
        try {
            return HostCommand.run(directory, List.of(command))
                    .lines()
                    .findFirst()
                    .orElse(NOT_KNOWN);
        } catch (IOException e) {
            return NOT_KNOWN;
        }
    }
}
