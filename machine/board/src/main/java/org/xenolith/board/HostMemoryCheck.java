package org.xenolith.board;

import org.xenolith.base.Sizes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// Refuses a domain that this host has no memory for, where the host tells how much it has.
final class HostMemoryCheck {
    private HostMemoryCheck() {}

    static void require(long bytes) throws DomainException {
        var available = availableBytes();
        if (available.isPresent() && bytes > available.getAsLong()) {
            throw new DomainException(
                    "the domain needs %d MiB of memory, this host has %d MiB available"
                            .formatted(bytes / Sizes.MIB, available.getAsLong() / Sizes.MIB));
        }
    }

    private static OptionalLong availableBytes() {
        try (var lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("MemAvailable:"))
                    .map(line -> line.replaceAll("[^0-9]", ""))
                    .mapToLong(kib -> Long.parseLong(kib) * Sizes.KIB)
                    .findFirst();
        } catch (IOException _) {
            return OptionalLong.empty();
        }
    }
}
