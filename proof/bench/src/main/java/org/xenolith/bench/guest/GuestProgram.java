package org.xenolith.bench.guest;

import org.xenolith.bench.HostCommand;
import org.xenolith.bench.Resources;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Compiles what runs in the guest with the host's C compiler, in a directory of its own.
public final class GuestProgram {
    private static final List<String> KERNELS =
            List.of(
                    "sieve", "crc", "qsort", "hash", "interp", "state", "nbody", "sha256", "memory",
                    "words");
    private static final List<String> PARTS =
            List.of("bench", "system", "scaling", "string", "processes", "disk", "network");

    /// The compiler is not to see a vector or a library's function in a loop of bytes: the same
    /// instructions are to run on both hypervisors.
    private static final List<String> OPTIONS =
            List.of(
                    "gcc",
                    "-O2",
                    "-fno-tree-vectorize",
                    "-fno-tree-loop-distribute-patterns",
                    "-fno-pie");

    private static final List<String> STRING =
            List.of("-Dkernel=kernel_string", "-Dmemcpy=string_memcpy", "-Dmemset=string_memset");

    private final Path directory;

    public GuestProgram(Path directory) throws IOException {
        this.directory = directory;
        Resources.copy("kernels/kernels.h", directory);
        Resources.copy("guest/bench.h", directory);
        Resources.copy("guest/works.h", directory);
        for (var kernel : KERNELS) {
            Resources.copy("kernels/" + kernel + ".c", directory);
        }
        for (var part : PARTS) {
            Resources.copy("guest/" + part + ".c", directory);
        }
        Resources.copy("guest/nothing.c", directory);
    }

    /// The program that does all rows' work.
    public Path bench() throws IOException, InterruptedException {
        var objects = new ArrayList<String>();
        for (var kernel : KERNELS) {
            var options = List.of("-Dkernel=kernel_" + kernel);
            objects.add(compile("kernels/" + kernel + ".c", kernel + "-kernel.o", options));
        }
        objects.add(compile("kernels/memory.c", "string-kernel.o", STRING));
        for (var part : PARTS) {
            objects.add(compile("guest/" + part + ".c", part + ".o", List.of()));
        }
        return link("bench", objects);
    }

    /// The program that does nothing.
    Path nothing() throws IOException, InterruptedException {
        return link("nothing", List.of("guest/nothing.c"));
    }

    private String compile(String source, String object, List<String> options)
            throws IOException, InterruptedException {
        gcc(Stream.of(List.of("-c", "-o", object, source), options));
        return object;
    }

    private Path link(String program, List<String> parts) throws IOException, InterruptedException {
        gcc(Stream.of(List.of("-static", "-no-pie", "-o", program), parts));
        return directory.resolve(program);
    }

    private void gcc(Stream<List<String>> arguments) throws IOException, InterruptedException {
        HostCommand.run(
                directory,
                Stream.concat(Stream.of(OPTIONS), arguments).flatMap(List::stream).toList());
    }
}
