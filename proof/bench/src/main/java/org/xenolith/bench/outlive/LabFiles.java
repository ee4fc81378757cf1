package org.xenolith.bench.outlive;

import org.xenolith.bench.HostCommand;
import org.xenolith.bench.Resources;
import org.xenolith.bench.guest.GuestFiles;
import org.xenolith.boot.CpioWriter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// What the lab's guest boots from: as the guests of all other rows, and in one more archive its
/// servers, and the host's compiler with something to compile.
///
/// @param client speaks with them, on the host
record LabFiles(Path kernel, Path ramdisk, Path client) {
    private static final int EXECUTABLE = 0755;

    /// @param directory a place for files
    static LabFiles make(GuestFiles files, Path directory)
            throws IOException, InterruptedException {
        var serve = serve(directory);
        var ramdisk = directory.resolve("outlive.cpio");
        Files.copy(files.ramdisk(), ramdisk);
        try (var output = Files.newOutputStream(ramdisk, StandardOpenOption.APPEND);
                var cpio = new CpioWriter(output)) {
            cpio.file("bench/serve", EXECUTABLE, Files.readAllBytes(serve));
            cpio.file("bench/compile.sh", EXECUTABLE, Resources.read("outlive/compile.sh"));
            CompilerFiles.of(directory).write(cpio);
        }
        return new LabFiles(files.kernel(), ramdisk, client(directory));
    }

    /// The guest's servers.
    static Path serve(Path directory) throws IOException, InterruptedException {
        return compile(directory, "serve", "-static");
    }

    static Path client(Path directory) throws IOException, InterruptedException {
        return compile(directory, "client", "-pie");
    }

    private static Path compile(Path directory, String program, String linking)
            throws IOException, InterruptedException {
        var source = "outlive/" + program + ".c";
        Resources.copy(source, directory);
        HostCommand.run(directory, List.of("gcc", "-O2", linking, "-o", program, source));
        return directory.resolve(program);
    }
}
