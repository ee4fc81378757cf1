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
import org.xenolith.boot.GuestKit;
import org.xenolith.xl.tls.testing.Authority;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// `xl migrate` between two hosts, which are two runtime directories of this one: by an ssh that is
/// really there, and by TLS. The guest is a Debian kernel with a network interface.
@Tag("slow")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class MigrationHostsTest {
    @TempDir private Path root;

    private XlHosts hosts;
    private XlHost hostA;
    private XlHost hostB;

    @BeforeEach
    void setUp() throws Exception {
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        hosts = new XlHosts(root);
        hostA = hosts.add("a");
        hostB = hosts.add("b");
    }

    @AfterEach
    void end() throws Exception {
        if (hosts != null) {
            hosts.close();
        }
    }

    private void create() throws Exception {
        var config =
                hosts.write(
                        "web.cfg",
                        "name = 'web'",
                        "kernel = '%s%s'"
                                .formatted(GuestKit.SCHEME, DebianKernel.CLOUD.packageName()),
                        "ramdisk = '%s'".formatted(GuestKit.SCHEME),
                        "extra = 'console=hvc0 quiet'",
                        "memory = 256",
                        "vcpus = 1",
                        "vif = ['network=lab']");
        hostA.done("create", config.toString());
    }

    // ---------------------------------------------------------------- ssh

    @Test
    void aDomainGoesByWayOfSsh() throws Exception {
        SshServer.assumePossible();
        var ssh = SshServer.start(hosts, hostB, "host-b", "127.0.0.1");
        create();
        var said = hostA.done("migrate", "-s", ssh, "web", "host-b");
        System.out.print(said);
        assertThat(said).contains("xl: round 1: ", "xl: migrated in ");
        hostB.requireAlone("web", hostA);

        var nobody = hostB.finished("migrate", "-s", ssh, "web", "other.invalid");
        assertThat(nobody.code()).isEqualTo(1);
        assertThat(nobody.output()).contains("Could not resolve hostname other.invalid");
        hostB.requireAlone("web", hostA);
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
        var listener =
                hostB.start("migrate-listen", "--address=127.0.0.1", "--port=0", directory(others));
        var target = "tls://" + listener.awaitLine("listening at").replaceAll(".* ", "");
        create();

        var refused = hostA.finished("migrate", directory(stranger), "web", target);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.output())
                .contains(
                        "does not let us in with our certificate: it is of none of the authorities");
        assertThat(listener.awaitLine("is not let in")).contains("Empty client certificate chain");
        hostA.requireAlone("web", hostB);

        var said = hostA.done("migrate", directory(own), "web", target);
        System.out.print(said);
        assertThat(said).contains("xl: round 1: ", "xl: migrated in ");
        listener.awaitLine("domain 1 has come from 127.0.0.1");
        hostB.requireAlone("web", hostA);
    }

    // ---------------------------------------------------------------- several connections

    /// There by ssh, and back by TLS.
    @Test
    void aDomainGoesBySeveralConnections() throws Exception {
        SshServer.assumePossible();
        var ssh = SshServer.start(hosts, hostB, "host-b", "127.0.0.1");
        create();
        var there = hostA.done("migrate", "--connections=3", "-s", ssh, "web", "host-b");
        System.out.print(there);
        assertThat(there).contains(" by 3 connections, ", "xl: migrated in ");
        hostB.requireAlone("web", hostA);
        requireNoPlace(hostB);

        var authority = Authority.create(root, "ours");
        var listener =
                hostA.start(
                        "migrate-listen",
                        "--address=127.0.0.1",
                        "--port=0",
                        directory(authority.issue(root.resolve("a"), "ip:127.0.0.1")));
        var target = "tls://" + listener.awaitLine("listening at").replaceAll(".* ", "");
        var own = directory(authority.issue(root.resolve("b"), "dns:host-b"));
        var back = hostB.done("migrate", "--connections=3", own, "web", target);
        System.out.print(back);
        assertThat(back).contains(" by 3 connections, ", "xl: migrated in ");
        listener.awaitLine("has come from 127.0.0.1");
        hostA.requireAlone("web", hostB);
        requireNoPlace(hostA);
    }

    /// Where connections were waited for.
    private static void requireNoPlace(XlHost host) {
        assertThat(host.directory().resolve("xenolith").resolve("joins")).isEmptyDirectory();
    }
}
