package org.xenolith.board;

import java.nio.file.Path;

/// Where a domain's kernel comes from.
public sealed interface KernelSource {
    /// Prefix of a kernel that is a distribution's package: `debian:linux-image-cloud-amd64`.
    String PACKAGE_PREFIX = "debian:";

    /// A bzImage or an ELF file.
    record File(Path path) implements KernelSource {
        @Override
        public String toString() {
            return path.toString();
        }
    }

    /// A kernel package, fetched through the host's own apt configuration and kept in a cache.
    /// Without a `ramdisk` of the user's, an initramfs with a shell is made from it.
    record Package(String name) implements KernelSource {
        @Override
        public String toString() {
            return PACKAGE_PREFIX + name;
        }
    }

    /// What the value of `kernel` in xl.cfg stands for.
    static KernelSource parse(String text) {
        return text.startsWith(PACKAGE_PREFIX)
                ? new Package(text.substring(PACKAGE_PREFIX.length()))
                : new File(Path.of(text));
    }
}
