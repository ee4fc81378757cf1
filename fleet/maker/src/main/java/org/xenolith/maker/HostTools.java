package org.xenolith.maker;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// The programs of the host that make guests: found, installed where that is allowed, and run.
final class HostTools {
    /// A program, and the Debian package that has it.
    record Tool(String name, String packageName) {}

    /// Lines of a program's output that are kept for a message.
    private static final int LINES_MAX = 200;

    private static final int LINE_CHARACTERS_MAX = 400;

    private static final List<Path> SYSTEM =
            List.of(Path.of("/usr/sbin"), Path.of("/sbin"), Path.of("/usr/bin"), Path.of("/bin"));

    private final Path directory;

    /// Programs run in `directory`.
    HostTools(Path directory) {
        this.directory = directory;
    }

    /// Where a program is; empty if it is not on this host.
    static Optional<Path> find(String name) {
        var path = Stream.of(System.getenv().getOrDefault("PATH", "").split(":"));
        return Stream.concat(path.filter(p -> p.startsWith("/")).map(Path::of), SYSTEM.stream())
                .map(place -> place.resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /// Makes sure that all are there; installs what is missing if this is root.
    static void require(List<Tool> tools, boolean root, Consumer<String> says)
            throws MakeException, InterruptedException {
        var missing = missing(tools);
        if (missing.isEmpty()) {
            return;
        }
        var names = String.join(" ", missing);
        if (root && find("apt-get").isPresent()) {
            says.accept("Installing " + names);
            var apt = new HostTools(Path.of("/"));
            var install =
                    new ArrayList<>(List.of("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"));
            install.addAll(List.of("install", "-y", "--no-install-recommends"));
            install.addAll(missing);
            if (!apt.run(install, _ -> {}).succeeded()) {
                apt.run(List.of("apt-get", "-q", "update"), _ -> {});
                apt.run(install, _ -> {});
            }
        }
        if (!missing(tools).isEmpty()) {
            throw new MakeException("install what is missing first: apt-get install " + names);
        }
    }

    private static List<String> missing(List<Tool> tools) {
        return tools.stream()
                .filter(tool -> find(tool.name).isEmpty())
                .map(Tool::packageName)
                .distinct()
                .toList();
    }

    /// How a program ended.
    record Result(String program, int exitCode, List<String> lines) {
        boolean succeeded() {
            return exitCode == 0;
        }

        /// The line that says best what went wrong.
        String complaint() {
            return lines.stream()
                    .filter(line -> line.startsWith("E: ") && !line.contains("failed to execute"))
                    .map(line -> line.substring(3))
                    .findFirst()
                    .or(() -> lines.stream().filter(l -> !l.isBlank()).reduce((_, last) -> last))
                    .orElse("exit code " + exitCode);
        }
    }

    /// Runs a program that must succeed.
    void must(List<String> command, Consumer<String> lines)
            throws MakeException, InterruptedException {
        var result = run(command, lines);
        if (!result.succeeded()) {
            throw new MakeException(result.program + ": " + result.complaint());
        }
    }

    /// Runs a program; `lines` gets what it prints, messages included, as it comes.
    Result run(List<String> command, Consumer<String> lines)
            throws MakeException, InterruptedException {
        var located = new ArrayList<>(command);
        var program = command.getFirst();
        find(program).ifPresent(path -> located.set(0, path.toString()));
        var builder = new ProcessBuilder(located).directory(directory.toFile());
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (old, system) -> old + ":" + system);
        builder.redirectErrorStream(true);
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        try {
            return follow(program, builder.start(), lines);
        } catch (IOException e) {
            throw new MakeException(program + " cannot be run: " + e.getMessage(), e);
        }
    }

    private static Result follow(String program, Process process, Consumer<String> lines)
            throws IOException, InterruptedException {
        var last = new ArrayDeque<String>();
        try (var output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (var line = output.readLine(); line != null; line = output.readLine()) {
                var text = line.substring(0, Math.min(line.length(), LINE_CHARACTERS_MAX)).strip();
                last.add(text);
                if (last.size() > LINES_MAX) {
                    last.remove();
                }
                lines.accept(text);
            }
            return new Result(program, process.waitFor(), List.copyOf(last));
        } finally {
            process.destroy();
        }
    }
}
