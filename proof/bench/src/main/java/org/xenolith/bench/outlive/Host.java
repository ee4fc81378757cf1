package org.xenolith.bench.outlive;

import org.xenolith.base.Clock;
import org.xenolith.bench.guest.Domains;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainEntry;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A host, as far as `xl` is concerned: a runtime directory of its own.
final class Host {
    private static final Duration COMMAND_MAX = Duration.ofMinutes(1);

    private final Path xl;
    private final Path directory;
    private final Network network;
    private final RuntimeDirectory runtime;

    /// @param root the directory of `xl`
    Host(Path root, Path directory, Network network) throws IOException {
        this.xl = root.resolve("xl");
        this.directory = directory;
        this.network = network;
        this.runtime = RuntimeDirectory.open(directory.resolve("xenolith"));
    }

    /// `xl` with these words, not yet started.
    ProcessBuilder xl(String... words) {
        var command = new ArrayList<>(List.of(xl.toString()));
        command.addAll(List.of(words));
        var builder = new ProcessBuilder(network.inside(command));
        builder.environment().put("XDG_RUNTIME_DIR", directory.toString());
        return builder;
    }

    /// The command by which another host's `xl migrate` or `xl remus` reaches this one, with `-s
    /// ''`.
    String receiver(String... words) {
        return "XDG_RUNTIME_DIR=%s exec %s migrate-receive %s"
                .formatted(directory, xl, String.join(" ", words));
    }

    /// What a command that has ended said, and how long it took.
    record Done(String output, long nanos) {}

    /// Runs `xl` to its end.
    ///
    /// @throws IOException if it fails or does not end
    Done run(Clock clock, String... words) throws IOException, InterruptedException {
        var output = Files.createTempFile(directory, "xl", ".log");
        long start = clock.nanos();
        var process = xl(words).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        process.getOutputStream().close();
        if (!process.waitFor(COMMAND_MAX)) {
            process.destroyForcibly();
            throw new IOException("xl %s does not end".formatted(words[0]));
        }
        long nanos = clock.nanos() - start;
        var said = Files.readString(output);
        Files.delete(output);
        if (process.exitValue() != 0) {
            throw new IOException("xl %s: %s".formatted(words[0], said.strip()));
        }
        return new Done(said, nanos);
    }

    DomainEntry find(String name) throws IOException {
        try {
            return runtime.find(name);
        } catch (ControlException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// Ends all domains, and waits until their processes have ended.
    void destroyAll() throws IOException {
        Domains.destroyAll(runtime);
    }
}
