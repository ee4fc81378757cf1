package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.base.Bug;
import org.xenolith.network.testing.Namespace;
import org.xenolith.xl.control.DomainEntry;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A host with `xl`: a runtime directory, and perhaps a network of its own.
final class XlHost {
    private static final long WAIT_SECONDS_MAX = 180;

    private final XlHosts hosts;
    private final Path directory;
    private final Optional<Namespace> network;

    XlHost(XlHosts hosts, Path directory, Optional<Namespace> network) {
        this.hosts = hosts;
        this.directory = directory;
        this.network = network;
    }

    /// A command that has ended, and what it has said.
    record Finished(int code, String output) {}

    /// A command that runs, and where it says something.
    record Started(Process process, Path log) {
        String text() throws IOException {
            return Files.readString(log);
        }

        /// Waits for a line with `part` in it.
        String awaitLine(String part) throws Exception {
            for (int i = 0; i < WAIT_SECONDS_MAX * 10; i++) {
                boolean ended = !process.isAlive();
                var line = text().lines().filter(it -> it.contains(part)).findFirst();
                if (line.isPresent()) {
                    return line.get();
                }
                if (ended) {
                    break;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
            throw new AssertionError("\"%s\" does not come: %s".formatted(part, text()));
        }

        /// Waits until it has ended; its exit code.
        int awaitEnd() throws InterruptedException {
            assertThat(process.waitFor(WAIT_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        }

        /// As `kill -9`, with all that it has started.
        void kill() {
            var started = process.descendants().toList();
            process.destroyForcibly();
            started.forEach(ProcessHandle::destroyForcibly);
        }
    }

    /// Its runtime directory, of which `xl` takes a part.
    Path directory() {
        return directory;
    }

    /// `xl` has been here.
    boolean isUsed() {
        return Files.isDirectory(runtime());
    }

    private Path runtime() {
        return directory.resolve("xenolith");
    }

    /// `xl WORDS` here, as a shell is told.
    String command(String words) {
        return "XDG_RUNTIME_DIR=%s exec %s %s".formatted(directory, hosts.program(), words);
    }

    // ---------------------------------------------------------------- commands

    private Process start(List<String> command, Path log, boolean hasInput) throws Exception {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("XDG_RUNTIME_DIR", directory.toString());
        builder.environment()
                .merge("PATH", hosts.programs().toString(), (path, ours) -> ours + ":" + path);
        builder.redirectOutput(log.toFile());
        if (!hasInput) {
            builder.redirectInput(Path.of("/dev/null").toFile());
        }
        // A process is in the network of the thread that starts it.
        return network.isPresent() ? network.get().call(builder::start) : builder.start();
    }

    private static List<String> listOf(String first, String... others) {
        var all = new ArrayList<>(List.of(first));
        all.addAll(List.of(others));
        return all;
    }

    /// Starts a program of the host, which ends with the test if not before.
    Started run(List<String> command) throws Exception {
        var log = hosts.log(Path.of(command.getFirst()).getFileName().toString());
        var process = start(command, log, false);
        hosts.add(process);
        return new Started(process, log);
    }

    /// Starts `xl WORDS`, which ends with the test if not before.
    Started start(String... words) throws Exception {
        return run(listOf(hosts.program().toString(), words));
    }

    /// The same with an input, which the caller writes.
    Started converse(String... words) throws Exception {
        var log = hosts.log(words[0]);
        var process = start(listOf(hosts.program().toString(), words), log, true);
        hosts.add(process);
        return new Started(process, log);
    }

    /// Waits until `xl WORDS` has ended.
    Finished finished(String... words) throws Exception {
        var log = hosts.log("xl");
        var process = start(listOf(hosts.program().toString(), words), log, false);
        if (!process.waitFor(WAIT_SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new Bug("xl %s does not end".formatted(List.of(words)));
        }
        return new Finished(process.exitValue(), Files.readString(log));
    }

    /// The same of a command that must succeed; what it has said.
    String done(String... words) throws Exception {
        var finished = finished(words);
        assertThat(finished.code).as("xl %s: %s", List.of(words), finished.output).isZero();
        return finished.output;
    }

    // ---------------------------------------------------------------- domains

    /// Of its domains, as `xl list` has them.
    List<String> names() throws Exception {
        return done("list").lines().skip(1).map(line -> line.split(" ")[0]).toList();
    }

    /// Waits until a domain is here, by that name.
    void await(String name) throws Exception {
        for (int i = 0; i < WAIT_SECONDS_MAX * 10; i++) {
            if (find(name).isPresent()) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new AssertionError("%s does not come, but %s".formatted(name, names()));
    }

    /// Waits until that domain is here, or that nothing is.
    void awaitEither(boolean empty, String name) throws Exception {
        if (empty) {
            awaitEmpty();
        } else {
            await(name);
        }
    }

    /// Waits until nothing is here any more.
    void awaitEmpty() throws Exception {
        for (int i = 0; i < WAIT_SECONDS_MAX && !entries().isEmpty(); i++) {
            TimeUnit.SECONDS.sleep(1);
        }
        assertThat(names()).isEmpty();
    }

    /// A domain runs here, and nothing is at the other host.
    void requireAlone(String name, XlHost other) throws Exception {
        assertThat(names()).containsExactly(name);
        assertThat(other.names()).isEmpty();
        assertThat(done("list", name)).containsPattern("(r-----|-b----)");
    }

    private List<DomainEntry> entries() throws Exception {
        return RuntimeDirectory.open(runtime()).list();
    }

    private Optional<DomainEntry> find(String name) throws Exception {
        return entries().stream().filter(entry -> entry.name().equals(name)).findFirst();
    }

    /// As `kill -9` of a domain's process.
    void kill(String name) throws Exception {
        var pid = find(name).orElseThrow().pid();
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    }
}
