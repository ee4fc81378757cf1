package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.boot.GuestKit;
import org.xenolith.xl.tls.testing.Authority;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// `xl remus` between two hosts, which are two runtime directories of this one, with `xl witness`
/// as arbiter. The guest is a Debian kernel.
@Tag("slow")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RemusTest {
    private static final int DISK_BYTES = 16 << 20;

    /// More than is usual: the host on which tests run may do other things.
    private static final int SILENCE_MILLIS = 2000;

    /// Always whole, for whoever reads it.
    private static final String COUNT =
            "i=0; while true; do i=$((i + 1)); echo $i > /mnt/new; mv /mnt/new /mnt/count;"
                    + " sleep 0.1; done";

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

    private String witness() throws Exception {
        var store = root.resolve("decisions").toString();
        return hostB.start("witness", "--listen=127.0.0.1:0", store)
                .awaitLine("witness at")
                .replaceAll(".* ", "");
    }

    private static Path disk(XlHost host) {
        return host.directory().resolve("disk");
    }

    /// What the domain is made of at a host, which has its disk elsewhere than the other.
    private Path config(XlHost host) throws Exception {
        return hosts.write(
                host.directory().getFileName() + ".cfg",
                "name = 'web'",
                "kernel = '%s%s'".formatted(GuestKit.SCHEME, DebianKernel.CLOUD.packageName()),
                "ramdisk = '%s'".formatted(GuestKit.SCHEME),
                "extra = 'console=hvc0 quiet'",
                "memory = 256",
                "disk = ['%s,raw,xvda,rw']".formatted(disk(host)),
                "vif = ['network=lab']");
    }

    private void create() throws Exception {
        try (var file = new RandomAccessFile(disk(hostA).toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        hostA.done("create", config(hostA).toString());
    }

    /// `xl remus` of the domain, to a host whose `xl` is run behind `condition`.
    private String[] remus(String arbiter, XlHost to, String condition) throws Exception {
        return new String[] {
            "remus",
            "--arbiter=" + arbiter,
            "--silence=" + SILENCE_MILLIS,
            "-C",
            config(to).toString(),
            "-s",
            "",
            "web",
            condition + to.command("migrate-receive -r --silence=" + SILENCE_MILLIS)
        };
    }

    private String[] remus(String arbiter) throws Exception {
        return remus(arbiter, hostB, "");
    }

    private XlHost.Started protect(String arbiter) throws Exception {
        var mirror = hostA.start(remus(arbiter));
        mirror.awaitLine("web is protected");
        assertThat(hostA.done("remus", "--status", "web")).containsPattern("web +protected ");
        assertThat(hostA.done("list"))
                .containsPattern("State\tTime\\(s\\)  Mirror\n")
                .containsPattern("web .*  protected,[0-9.]+/s,[0-9.]+KiB,[0-9.]+ms\n");
        return mirror;
    }

    @Test
    void protectionIsRefusedWithAReasonAndStopped() throws Exception {
        create();
        var nobody = hostA.finished(remus("http://127.0.0.1:" + HostTool.freePort()));
        assertThat(nobody.code()).isEqualTo(1);
        assertThat(nobody.output()).contains("the arbiter http://127.0.0.1:", "does not answer");
        var arbiter = witness();
        var mirror = protect(arbiter);
        var second = hostA.finished(remus(arbiter));
        assertThat(second.code()).isEqualTo(1);
        assertThat(second.output()).contains("the domain is being mirrored");

        hostA.done("remus", "--stop", "web");
        assertThat(mirror.awaitEnd()).isEqualTo(1);
        mirror.awaitLine("web is not protected any more");
        hostB.awaitEmpty();
        hostA.requireAlone("web", hostB);
        assertThat(hostA.done("list")).doesNotContain("Mirror", "protected");
        whatIsDestroyedHasNoCopy(arbiter);
    }

    private void whatIsDestroyedHasNoCopy(String arbiter) throws Exception {
        Files.deleteIfExists(disk(hostB));
        var mirror = protect(arbiter);
        hostA.done("destroy", "web");
        mirror.awaitEnd();
        assertThat(hostA.names()).isEmpty();
        hostB.awaitEmpty();
    }

    /// The old host comes back when the other has the domain, is lost and comes back again.
    @Test
    void aDomainIsProtectedAgainByTheHostThatHadIt() throws Exception {
        create();
        try (var shell = XlShell.attach(hostA, "web")) {
            shell.awaitPrompt();
            shell.run("dmesg -n 1; until test -b /dev/xvda; do sleep 0.1; done");
            shell.run("mke2fs /dev/xvda > /dev/null; mount -t ext4 /dev/xvda /mnt");
            shell.run("(" + COUNT + ") & true");
        }
        var arbiter = witness();
        var mirror = protect(arbiter);
        write(hostA, "first");
        long counted = counted(hostA);
        hostA.kill("web");
        mirror.awaitEnd();
        hostB.await("web");
        hostB.requireAlone("web", hostA);
        requireWritten(hostB, counted, "first");

        var again = protectAgain(arbiter);
        write(hostB, "second");
        counted = counted(hostB);
        hostB.kill("web");
        again.awaitEnd();
        hostA.await("web");
        hostA.requireAlone("web", hostB);
        requireWritten(hostA, counted, "first second");
    }

    private XlHost.Started protectAgain(String arbiter) throws Exception {
        var isBack = root.resolve("old-host-is-back");
        var command = remus(arbiter, hostA, "test -e %s && ".formatted(isBack));
        command[0] = "remus";
        var words = new ArrayList<>(List.of(command));
        words.add(1, "--keep");
        var keeper = hostB.start(words.toArray(String[]::new));
        keeper.awaitLine("web is not protected: the backup is lost: ");
        Files.createFile(isBack);
        keeper.awaitLine("disk xvda cannot be copied: %s: exists already".formatted(disk(hostA)));
        Files.delete(disk(hostA));
        keeper.awaitLine("web is protected");

        hostA.kill("web--incoming");
        Files.delete(disk(hostA));
        for (int i = 0; i < 600 && keeper.text().split("web is protected").length < 3; i++) {
            TimeUnit.MILLISECONDS.sleep(200);
        }
        assertThat(hostB.done("remus", "--status", "web")).containsPattern("web +protected ");
        return keeper;
    }

    private static void write(XlHost host, String word) throws Exception {
        try (var shell = XlShell.attach(host, "web")) {
            shell.run("echo %s >> /mnt/words; sync".formatted(word));
        }
    }

    private static long counted(XlHost host) throws Exception {
        try (var shell = XlShell.attach(host, "web")) {
            return Long.parseLong(shell.run("cat /mnt/count"));
        }
    }

    /// It goes on to count from what has been seen of it, and has on its disk what was written.
    private static void requireWritten(XlHost host, long counted, String words) throws Exception {
        try (var shell = XlShell.attach(host, "web")) {
            assertThat(shell.run("echo $(cat /mnt/words)")).isEqualTo(words);
            assertThat(Long.parseLong(shell.run("cat /mnt/count"))).isGreaterThanOrEqualTo(counted);
            shell.run(
                    "c=$(cat /mnt/count); until [ $(cat /mnt/count) -gt $c ]; do sleep 0.1; done");
            assertThat(shell.run("dmesg | grep -i -E 'i.o error|corrupt|oops'")).isEmpty();
        }
    }

    /// Two processes whose hosts each have an authority's certificate.
    @Test
    void aCopyIsKeptByWayOfTls() throws Exception {
        var authority = Authority.create(root, "ours");
        var own = "--tls=" + authority.issue(root.resolve("own"), "dns:host-a");
        var others = "--tls=" + authority.issue(root.resolve("others"), "ip:127.0.0.1");
        var listener = hostB.start("migrate-listen", "--address=127.0.0.1", "--port=0", others);
        var there = "tls://" + listener.awaitLine("listening at").replaceAll(".* ", "");
        create();
        var arbiter = "--arbiter=" + witness();
        var nobody = "tls://127.0.0.1:" + HostTool.freePort();
        var refused = hostA.finished("remus", arbiter, own, "web", nobody);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.output()).contains("cannot reach " + nobody.substring(6));

        var config = "-C" + config(hostB);
        var mirror = hostA.start("remus", arbiter, own, config, "web", there);
        mirror.awaitLine("web is protected");
        listener.awaitLine("keeps a copy for 127.0.0.1");
        hostA.kill("web");
        mirror.awaitEnd();
        listener.awaitLine("goes on here");
        hostB.await("web");
        hostB.requireAlone("web", hostA);
    }
}
