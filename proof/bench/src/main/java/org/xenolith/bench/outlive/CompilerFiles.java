package org.xenolith.bench.outlive;

import org.xenolith.bench.HostCommand;
import org.xenolith.boot.CpioWriter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The host's C compiler as a guest can have it: the driver, the compiler proper and the assembler,
/// the libraries that they need, each at its place on the host; and in `/src` the C sources that
/// the other rows' programs are made of, with the headers that they ask for.
///
/// @param files places in the guest, and what of the host is there
record CompilerFiles(Map<String, Path> files) {
    private static final int EXECUTABLE = 0755;
    private static final List<String> PROGRAMS = List.of("cc1", "as");

    /// `NAME => PATH (ADDRESS)`, and the loader, which has no `=>`.
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x[0-9a-f]+\\)");

    /// What a rule for `make` says of headers outside of our own sources.
    private static final Pattern HEADER = Pattern.compile("(?<=\\s)/\\S+");

    /// @param directory where the sources are
    static CompilerFiles of(Path directory) throws IOException, InterruptedException {
        var files = new TreeMap<String, Path>();
        var gcc = Path.of(which(directory, "gcc"));
        put(files, "/usr/bin/gcc", gcc);
        libraries(files, directory, gcc);
        for (var program : PROGRAMS) {
            var said = HostCommand.run(directory, List.of("gcc", "-print-prog-name=" + program));
            var path = said.startsWith("/") ? said : which(directory, said);
            put(files, path, Path.of(path));
            libraries(files, directory, Path.of(path));
        }
        for (var source : sources(directory)) {
            put(files, "/src/" + directory.relativize(source), source);
        }
        headers(files, directory);
        return new CompilerFiles(files);
    }

    private static void put(Map<String, Path> files, String place, Path file) throws IOException {
        files.put(place, file.toRealPath());
    }

    private static String which(Path directory, String program)
            throws IOException, InterruptedException {
        return HostCommand.run(directory, List.of("sh", "-c", "command -v " + program));
    }

    private static void libraries(Map<String, Path> files, Path directory, Path program)
            throws IOException, InterruptedException {
        var said = HostCommand.run(directory, List.of("ldd", program.toString()));
        for (var found : LIBRARY.matcher(said).results().toList()) {
            put(files, found.group(1), Path.of(found.group(1)));
        }
    }

    private static List<Path> sources(Path directory) throws IOException {
        try (var kernels = Files.list(directory.resolve("kernels"));
                var guest = Files.list(directory.resolve("guest"))) {
            return Stream.concat(kernels, guest)
                    .filter(file -> file.toString().matches(".*\\.[ch]"))
                    .sorted()
                    .toList();
        }
    }

    private static void headers(Map<String, Path> files, Path directory)
            throws IOException, InterruptedException {
        var said =
                HostCommand.run(directory, List.of("sh", "-c", "gcc -O2 -M guest/*.c kernels/*.c"));
        for (var found : HEADER.matcher(said).results().toList()) {
            put(files, Path.of(found.group()).normalize().toString(), Path.of(found.group()));
        }
    }

    void write(CpioWriter cpio) throws IOException {
        for (var parent : directories()) {
            cpio.directory(parent, EXECUTABLE);
        }
        for (var entry : files.entrySet()) {
            cpio.file(
                    entry.getKey().substring(1), EXECUTABLE, Files.readAllBytes(entry.getValue()));
        }
    }

    /// Those of all files, each behind the one that it is in.
    private SequencedSet<String> directories() {
        var all = new LinkedHashSet<String>();
        for (var place : files.keySet()) {
            for (int end = place.indexOf('/', 1); end > 0; end = place.indexOf('/', end + 1)) {
                all.add(place.substring(1, end));
            }
        }
        return all;
    }
}
