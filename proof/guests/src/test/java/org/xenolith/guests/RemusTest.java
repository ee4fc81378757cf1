package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Bug;
import org.xenolith.boot.GuestKit;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// `xl remus` between two hosts, which are two runtime directories of this one, with `xl witness`
/// as arbiter. The guest is a Debian kernel.
@Tag("slow")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RemusTest {
    private static final long WAIT_SECONDS_MAX = 120;

    @TempDir private Path root;

    private Path program;
    private Path hostA;
    private Path hostB;
    private final List<Process> running = new ArrayList<>();

    @BeforeEach
    void setUp() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        hostA = Files.createDirectory(root.resolve("a"));
        hostB = Files.createDirectory(root.resolve("b"));
        program = root.resolve("xl");
        var java = Path.of(System.getProperty("java.home"), "bin", "java");
        var classes =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        Files.writeString(
                program,
                """
                #!/bin/sh
                exec %s -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
                --enable-native-access=ALL-UNNAMED -cp '%s' org.xenolith.xl.Main "$@"
                """
                        .formatted(java, classes));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void end() throws Exception {
        for (var host : List.of(hostA, hostB)) {
            if (Files.isDirectory(host.resolve("xenolith"))) {
                finished(host, "destroy", "web");
            }
        }
        for (var process : running) {
            process.destroy();
            process.waitFor();
        }
    }

    private record Finished(int code, String output) {}

    /// @param host its runtime directory
    private Process start(Path host, Path log, String... words) throws IOException {
        var command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(words));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("XDG_RUNTIME_DIR", host.toString());
        return builder.redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(log.toFile())
                .start();
    }

    private Finished finished(Path host, String... words) throws Exception {
        var log = Files.createTempFile(root, "xl", ".log");
        var process = start(host, log, words);
        if (!process.waitFor(WAIT_SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new Bug("xl %s does not end".formatted(List.of(words)));
        }
        return new Finished(process.exitValue(), Files.readString(log));
    }

    private String done(Path host, String... words) throws Exception {
        var finished = finished(host, words);
        assertThat(finished.code).as(finished.output).isZero();
        return finished.output;
    }

    private String awaitLine(Path log, String part) throws Exception {
        for (int i = 0; i < WAIT_SECONDS_MAX * 10; i++) {
            var line = Files.readString(log).lines().filter(text -> text.contains(part)).findAny();
            if (line.isPresent()) {
                return line.get();
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new Bug("\"%s\" does not come: %s".formatted(part, Files.readString(log)));
    }

    private List<String> names(Path host) throws Exception {
        return done(host, "list").lines().skip(1).map(line -> line.split(" ")[0]).toList();
    }

    private String witness() throws Exception {
        var log = root.resolve("witness.log");
        var store = root.resolve("decisions").toString();
        running.add(start(hostB, log, "witness", "--listen=127.0.0.1:0", store));
        return awaitLine(log, "witness at").replaceAll(".* ", "");
    }

    private void create() throws Exception {
        var config = root.resolve("web.cfg");
        Files.writeString(
                config,
                """
                name = 'web'
                kernel = '%s%s'
                ramdisk = '%s'
                extra = 'console=hvc0 quiet'
                memory = 256
                vif = ['network=lab']
                """
                        .formatted(
                                GuestKit.SCHEME,
                                DebianKernel.CLOUD.packageName(),
                                GuestKit.SCHEME));
        done(hostA, "create", config.toString());
    }

    private String[] remus(String arbiter) {
        var receiver = "XDG_RUNTIME_DIR=%s exec %s migrate-receive -r".formatted(hostB, program);
        return new String[] {"remus", "--arbiter=" + arbiter, "-s", "", "web", receiver};
    }

    private Process protect(String arbiter, Path log) throws Exception {
        var process = start(hostA, log, remus(arbiter));
        running.add(process);
        awaitLine(log, "web is protected");
        assertThat(done(hostA, "remus", "--status", "web")).containsPattern("web +protected ");
        return process;
    }

    @Test
    void protectionIsRefusedWithAReasonAndStopped() throws Exception {
        create();
        var nobody = finished(hostA, remus("http://127.0.0.1:" + HostTool.freePort()));
        assertThat(nobody.code).isEqualTo(1);
        assertThat(nobody.output).contains("the arbiter http://127.0.0.1:", "does not answer");
        var arbiter = witness();
        var log = root.resolve("remus.log");
        var mirror = protect(arbiter, log);
        var second = finished(hostA, remus(arbiter));
        assertThat(second.code).isEqualTo(1);
        assertThat(second.output).contains("the domain is being mirrored");

        done(hostA, "remus", "--stop", "web");
        assertThat(mirror.waitFor(WAIT_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        awaitLine(log, "web is not protected any more");
        assertThat(names(hostA)).containsExactly("web");
        assertThat(done(hostA, "list", "web")).containsPattern("(r-----|-b----)");
        whatIsDestroyedHasNoCopy(arbiter);
    }

    private void whatIsDestroyedHasNoCopy(String arbiter) throws Exception {
        var mirror = protect(arbiter, root.resolve("again.log"));
        done(hostA, "destroy", "web");
        assertThat(mirror.waitFor(WAIT_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        assertThat(names(hostA)).isEmpty();
        for (int i = 0; i < WAIT_SECONDS_MAX && !names(hostB).isEmpty(); i++) {
            TimeUnit.MILLISECONDS.sleep(500);
        }
        assertThat(names(hostB)).isEmpty();
    }

    @Test
    void theCopyIsTheDomainWhenItsProcessIsKilled() throws Exception {
        create();
        var mirror = protect(witness(), root.resolve("remus.log"));
        var entry = RuntimeDirectory.open(hostA.resolve("xenolith")).find("web");
        ProcessHandle.of(entry.pid()).orElseThrow().destroyForcibly();
        mirror.destroyForcibly();
        for (int i = 0; i < WAIT_SECONDS_MAX && !names(hostB).contains("web"); i++) {
            TimeUnit.MILLISECONDS.sleep(500);
        }
        assertThat(names(hostB)).containsExactly("web");
        assertThat(names(hostA)).isEmpty();
        assertThat(done(hostB, "list", "web")).containsPattern("(r-----|-b----)");
    }
}
