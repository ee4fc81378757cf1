package org.xenolith.guests;

import org.xenolith.board.DomainConfig;
import org.xenolith.board.MemoryAccess;
import org.xenolith.boot.BootException;
import org.xenolith.boot.GuestKit;

import java.util.Optional;

/// A kernel package that Debian 12 carries, of the guest kit.
public enum DebianKernel {
    CLOUD("linux-image-cloud-amd64", "6.1."),
    GENERIC("linux-image-amd64", "6.1."),
    CLOUD_6_12("linux-image-6.12-cloud-amd64", "6.12.");

    private final String packageName;
    private final String series;

    DebianKernel(String packageName, String series) {
        this.packageName = packageName;
        this.series = series;
    }

    /// What `uname -r` begins with.
    String series() {
        return series;
    }

    String packageName() {
        return packageName;
    }

    /// As `xl` has it: with machine code, as in a process of its own.
    public DomainConfig.Builder config(int vcpus) {
        return DomainConfig.builder(packageName)
                .kernel(GuestKit.SCHEME + packageName)
                .ramdisk(GuestKit.SCHEME)
                .commandLine("console=hvc0 quiet")
                .memoryMib(512)
                .vcpus(vcpus)
                .memoryAccess(MemoryAccess.UNCHECKED);
    }

    /// Fetches the kernel if need be. The reason if that cannot be done.
    public Optional<String> missing() {
        try {
            GuestKit.ofUser(System.getenv(), System.out::println).fetch(packageName);
            return Optional.empty();
        } catch (BootException e) {
            return Optional.of(e.getMessage());
        }
    }
}
