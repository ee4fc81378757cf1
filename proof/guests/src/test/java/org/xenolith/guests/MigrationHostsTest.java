package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Bug;
import org.xenolith.boot.GuestKit;
import org.xenolith.xl.tls.testing.Authority;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// `xl migrate` between two hosts, which are two runtime directories of this one: by an ssh that is
/// really there, and by TLS. The guest is a Debian kernel with a network interface.
@Tag("slow")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class MigrationHostsTest {
    private static final long START_SECONDS_MAX = 120;

    @TempDir private Path root;

    /// `xl`, as a shell finds it.
    private Path programs;

    private Path hostA;
    private Path hostB;
    private final List<Process> running = new ArrayList<>();

    @BeforeEach
    void setUp() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        programs = Files.createDirectory(root.resolve("bin"));
        hostA = Files.createDirectory(root.resolve("a"));
        hostB = Files.createDirectory(root.resolve("b"));
        write(
                programs.resolve("xl"),
                "#!/bin/sh",
                "exec %s -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
                                .formatted(Path.of(System.getProperty("java.home"), "bin", "java"))
                        + " --enable-native-access=ALL-UNNAMED -cp '%s' org.xenolith.xl.Main \"$@\""
                                .formatted(
                                        System.getProperty(
                                                "surefire.test.class.path",
                                                System.getProperty("java.class.path"))));
        Files.setPosixFilePermissions(
                programs.resolve("xl"), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void end() throws Exception {
        for (var host : List.of(hostA, hostB)) {
            if (Files.isDirectory(host.resolve("xenolith"))) {
                finished(xl(host, "destroy", "web"));
            }
        }
        for (var process : running) {
            process.destroy();
            process.waitFor();
        }
    }

    // ---------------------------------------------------------------- programs

    private static void write(Path file, String... lines) throws IOException {
        Files.writeString(file, String.join("\n", lines) + "\n");
    }

    /// @param host its runtime directory
    private ProcessBuilder xl(Path host, String... words) {
        var command = new ArrayList<>(List.of(programs.resolve("xl").toString()));
        command.addAll(List.of(words));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("XDG_RUNTIME_DIR", host.toString());
        builder.environment().merge("PATH", programs.toString(), (path, ours) -> ours + ":" + path);
        return builder;
    }

    private record Finished(int code, String output) {}

    private static Finished finished(ProcessBuilder builder) throws Exception {
        var process = builder.redirectInput(Path.of("/dev/null").toFile()).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Finished(process.waitFor(), output);
    }

    private String done(ProcessBuilder builder) throws Exception {
        var finished = finished(builder);
        assertThat(finished.code).as(finished.output).isZero();
        return finished.output;
    }

    /// Runs until the test ends. Returns what it says, which is in a file.
    private Path started(String name, ProcessBuilder builder) throws IOException {
        var log = root.resolve(name + ".log");
        running.add(builder.redirectOutput(log.toFile()).start());
        return log;
    }

    private static String awaitLine(Path log, String beginning) throws Exception {
        for (int i = 0; i < START_SECONDS_MAX * 10; i++) {
            var line = Files.lines(log).filter(text -> text.contains(beginning)).findFirst();
            if (line.isPresent()) {
                return line.get();
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new Bug("\"%s\" does not come: %s".formatted(beginning, Files.readString(log)));
    }

    // ---------------------------------------------------------------- the guest

    private void create() throws Exception {
        var config = root.resolve("web.cfg");
        write(
                config,
                "name = 'web'",
                "kernel = '%s%s'".formatted(GuestKit.SCHEME, DebianKernel.CLOUD.packageName()),
                "ramdisk = '%s'".formatted(GuestKit.SCHEME),
                "extra = 'console=hvc0 quiet'",
                "memory = 256",
                "vcpus = 1",
                "vif = ['network=lab']");
        done(xl(hostA, "create", config.toString()));
    }

    private List<String> names(Path host) throws Exception {
        return done(xl(host, "list")).lines().skip(1).map(line -> line.split(" ")[0]).toList();
    }

    private void requireAt(Path here, Path notThere) throws Exception {
        assertThat(names(here)).containsExactly("web");
        assertThat(names(notThere)).isEmpty();
        assertThat(done(xl(here, "list", "web"))).containsPattern("(r-----|-b----)");
    }

    // ---------------------------------------------------------------- ssh

    /// An sshd of the test's own that lets the test's own key in, and gives it the other host's
    /// runtime directory.
    private Path sshd() throws Exception {
        var key = root.resolve("key");
        HostTool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        var hostKey = root.resolve("host-key");
        HostTool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hostKey.toString());
        int port = HostTool.freePort();
        write(
                root.resolve("sshd_config"),
                "Port " + port,
                "ListenAddress 127.0.0.1",
                "HostKey " + hostKey,
                "AuthorizedKeysFile " + key + ".pub",
                "PidFile none",
                "StrictModes no",
                "UsePAM no",
                "PasswordAuthentication no",
                "PermitRootLogin prohibit-password",
                "SetEnv XDG_RUNTIME_DIR=" + hostB + " PATH=" + programs + ":/usr/bin:/bin");
        var config = root.resolve("ssh_config");
        write(
                config,
                "Host localhost",
                "  HostName 127.0.0.1",
                "  Port " + port,
                "  User root",
                "  IdentityFile " + key,
                "  IdentitiesOnly yes",
                "  UserKnownHostsFile " + root.resolve("known_hosts"),
                "  StrictHostKeyChecking accept-new",
                "  BatchMode yes");
        var log =
                started(
                        "sshd",
                        new ProcessBuilder(
                                        "/usr/sbin/sshd",
                                        "-D",
                                        "-e",
                                        "-f",
                                        root.resolve("sshd_config").toString())
                                .redirectErrorStream(true));
        awaitLine(log, "Server listening");
        return config;
    }

    @Test
    void aDomainGoesByWayOfSsh() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "sshd is for root to start");
        HostTool.assumePresent("sshd", "ssh", "ssh-keygen");
        // Where a daemon that is started by hand keeps an empty directory (Debian's sshd).
        Files.createDirectories(Path.of("/run/sshd"));
        var config = sshd();
        create();
        var said = done(xl(hostA, "migrate", "-s", "ssh -F " + config, "web", "localhost"));
        System.out.print(said);
        assertThat(said).contains("xl: round 1: ", "xl: migrated in ");
        requireAt(hostB, hostA);

        var nobody =
                finished(xl(hostB, "migrate", "-s", "ssh -F " + config, "web", "other.invalid"));
        assertThat(nobody.code).isEqualTo(1);
        assertThat(nobody.output).contains("Could not resolve hostname other.invalid");
        requireAt(hostB, hostA);
    }

    // ---------------------------------------------------------------- TLS

    private static String directory(Path identity) {
        return "--tls=" + identity;
    }

    @Test
    void aDomainGoesByWayOfTls() throws Exception {
        var authority = Authority.create(root, "ours");
        var own = authority.issue(root.resolve("own"), "dns:host-a");
        var others = authority.issue(root.resolve("others"), "ip:127.0.0.1");
        var elsewhere = Files.createDirectory(root.resolve("elsewhere"));
        var stranger = Authority.create(elsewhere, "theirs").issue(root.resolve("c"), "dns:host-a");
        Files.copy(own.resolve("ca.pem"), elsewhere.resolve("ca.pem"));
        Files.move(elsewhere.resolve("ca.pem"), stranger.resolve("ca.pem"), REPLACE_EXISTING);
        var log =
                started(
                        "listener",
                        xl(
                                hostB,
                                "migrate-listen",
                                "--address=127.0.0.1",
                                "--port=0",
                                directory(others)));
        var target = "tls://" + awaitLine(log, "listening at").replaceAll(".* ", "");
        create();

        var refused = finished(xl(hostA, "migrate", directory(stranger), "web", target));
        assertThat(refused.code).isEqualTo(1);
        assertThat(refused.output)
                .contains(
                        "does not let us in with our certificate: it is of none of the authorities");
        assertThat(awaitLine(log, "is not let in")).contains("Empty client certificate chain");
        requireAt(hostA, hostB);

        var said = done(xl(hostA, "migrate", directory(own), "web", target));
        System.out.print(said);
        assertThat(said).contains("xl: round 1: ", "xl: migrated in ");
        awaitLine(log, "domain 1 has come from 127.0.0.1");
        requireAt(hostB, hostA);
    }
}
