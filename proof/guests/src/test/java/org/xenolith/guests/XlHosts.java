package org.xenolith.guests;

import org.xenolith.network.testing.Namespace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `xl` as its users have it, a program, and hosts on which it runs. Ends what it has started.
final class XlHosts implements AutoCloseable {
    private final Path root;
    private final Path programs;
    private final List<XlHost> hosts = new ArrayList<>();
    private final List<Process> running = new ArrayList<>();

    /// @param root an empty directory, for all that there is
    XlHosts(Path root) throws IOException {
        this.root = root;
        this.programs = Files.createDirectory(root.resolve("bin"));
        var java = Path.of(System.getProperty("java.home"), "bin", "java");
        var classes =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        Files.writeString(
                program(),
                """
                #!/bin/sh
                exec %s -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
                --enable-native-access=ALL-UNNAMED -cp '%s' org.xenolith.xl.Main "$@"
                """
                        .formatted(java, classes));
        Files.setPosixFilePermissions(program(), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// A host, as far as `xl` is concerned: a runtime directory.
    XlHost add(String name) throws IOException {
        return add(name, Optional.empty());
    }

    /// The same with the network of a namespace.
    XlHost add(String name, Namespace network) throws IOException {
        return add(name, Optional.of(network));
    }

    private XlHost add(String name, Optional<Namespace> network) throws IOException {
        var host = new XlHost(this, Files.createDirectory(root.resolve(name)), network);
        hosts.add(host);
        return host;
    }

    Path root() {
        return root;
    }

    /// A directory of the path in which `xl` is.
    Path programs() {
        return programs;
    }

    Path program() {
        return programs.resolve("xl");
    }

    /// A file of these lines.
    Path write(String name, String... lines) throws IOException {
        return Files.writeString(root.resolve(name), String.join("\n", lines) + "\n");
    }

    /// A log of its own.
    Path log(String name) throws IOException {
        return Files.createTempFile(root, name, ".log");
    }

    /// Ends with the test, if not before.
    void add(Process process) {
        running.add(process);
    }

    @Override
    public void close() throws Exception {
        for (var host : hosts) {
            for (var name : host.isUsed() ? host.names() : List.<String>of()) {
                host.finished("destroy", name);
            }
        }
        for (var process : running) {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
            process.waitFor();
        }
    }
}
