package org.xenolith.bench.guest;

import org.xenolith.bench.HostCommand;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The kernel's modules for QEMU's devices, which the guest kit does not have: out of the package
/// that the kit's kernel comes from, and kept beside that.
final class VirtioModules {
    /// Each behind those that it needs. Some kernels have some of them built in.
    static final List<String> NAMES =
            List.of(
                    "virtio_ring",
                    "virtio",
                    "virtio_pci_legacy_dev",
                    "virtio_pci_modern_dev",
                    "virtio_pci",
                    "virtio_blk",
                    "failover",
                    "net_failover",
                    "virtio_net");

    private static final String UNPACK =
            """
            set -e
            apt-get -qq -o APT::Sandbox::User=root download "$1=$2"
            dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards '*/kernel/*'
            find . -name '*.ko.xz' -exec xz -d {} +
            """;

    private VirtioModules() {}

    /// The modules that there are, by their names.
    ///
    /// @param source the package and its version, with a space between them
    /// @param directory a place for files
    /// @param cache where they are kept
    static Map<String, byte[]> of(String source, Path directory, Path cache)
            throws IOException, InterruptedException {
        if (!Files.isDirectory(cache)) {
            fetch(source, Files.createTempDirectory(directory, "package"), cache);
        }
        var modules = new LinkedHashMap<String, byte[]>();
        for (var name : NAMES) {
            var file = cache.resolve(name + ".ko");
            if (Files.exists(file)) {
                modules.put(name, Files.readAllBytes(file));
            }
        }
        return modules;
    }

    private static void fetch(String source, Path work, Path cache)
            throws IOException, InterruptedException {
        var command =
                Stream.concat(Stream.of("sh", "-c", UNPACK, "sh"), Stream.of(source.split(" ")));
        HostCommand.run(work, command.toList());
        var chosen = Files.createTempDirectory(cache.getParent(), "virtio");
        try (var files = Files.walk(work)) {
            for (var file : files.filter(VirtioModules::isMeant).toList()) {
                Files.copy(file, chosen.resolve(file.getFileName()));
            }
        }
        Files.move(chosen, cache, StandardCopyOption.ATOMIC_MOVE);
    }

    private static boolean isMeant(Path file) {
        var name = file.getFileName().toString();
        return name.endsWith(".ko") && NAMES.contains(name.substring(0, name.length() - 3));
    }
}
