package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// QEMU's own software processor, with everything that it can do.
public final class Tcg implements Hypervisor {
    public static final String QEMU = "qemu-system-x86_64";

    private final GuestFiles files;
    private final Path directory;
    private final Clock clock;

    /// @param directory a place for files
    public Tcg(GuestFiles files, Path directory, Clock clock) {
        this.files = files;
        this.directory = directory;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "TCG";
    }

    // spotless:off
    private List<String> command(int vcpus) {
        return List.of(QEMU,
                "-accel", vcpus == 1 ? "tcg" : "tcg,thread=multi",
                "-cpu", "max",
                "-m", Integer.toString(GuestFiles.MEMORY_MIB),
                "-smp", Integer.toString(vcpus),
                "-nodefaults", "-no-reboot",
                "-display", "none",
                "-serial", "stdio",
                "-kernel", files.kernel().toString(),
                "-initrd", files.ramdisk().toString(),
                "-append", "console=ttyS0 quiet " + GuestFiles.INIT);
    }
    // spotless:on

    @Override
    public Guest start(int vcpus) throws IOException, InterruptedException {
        var command =
                new ProcessBuilder(command(vcpus))
                        .redirectError(directory.resolve("qemu.log").toFile());
        return Guest.boot(command, new ProcessOnly(), clock);
    }

    /// The guest lives in the process that shows its console, and nobody counts.
    private record ProcessOnly() implements Guest.Host {
        @Override
        public long instructions() {
            return 0;
        }

        @Override
        public void end() {}
    }
}
