package org.xenolith.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Compiles kernels with the host's C compiler, in a directory of its own.
final class Workshop {
    private static final List<String> FILES = List.of("start.S", "main.c", "kernels.h", "guest.ld");
    private static final List<String> OPTIONS = List.of("gcc", "-O2", "-fno-tree-vectorize");
    private static final List<String> FREESTANDING =
            List.of(
                    "-ffreestanding",
                    "-fno-pic",
                    "-no-pie",
                    "-static",
                    "-nostdlib",
                    "-fno-stack-protector",
                    "-fno-asynchronous-unwind-tables",
                    "-fcf-protection=none",
                    "-Wl,-T,guest.ld",
                    "-Wl,--build-id=none");

    private final Path directory;

    Workshop(Path directory) throws IOException {
        this.directory = directory;
        for (var file : FILES) {
            copy(file);
        }
    }

    private void copy(String file) throws IOException {
        Resources.copy("kernels/" + file, directory);
    }

    /// A guest's ELF image with a PVH entry.
    Path guest(Kernel kernel) throws IOException, InterruptedException {
        var options = new ArrayList<>(FREESTANDING);
        options.add("start.S");
        return compile(kernel, "guest-" + kernel.name(), options);
    }

    /// A program for the host.
    Path program(Kernel kernel) throws IOException, InterruptedException {
        return compile(kernel, "native-" + kernel.name(), List.of("-DNATIVE"));
    }

    private Path compile(Kernel kernel, String name, List<String> options)
            throws IOException, InterruptedException {
        copy(kernel.name() + ".c");
        var command = new ArrayList<>(OPTIONS);
        command.addAll(List.of("-o", name, "-DROUNDS=" + kernel.rounds(), "main.c"));
        command.add(kernel.name() + ".c");
        command.addAll(options);
        var kernels = directory.resolve("kernels");
        HostCommand.run(kernels, command);
        return kernels.resolve(name);
    }
}
