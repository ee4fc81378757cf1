package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.xl.control.DomainsForTests;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

@Timeout(30)
class MainTest {
    @TempDir private Path root;
    private RuntimeDirectory runtime;
    private String out;
    private String err;

    @BeforeEach
    void open() throws Exception {
        runtime = RuntimeDirectory.open(root.resolve("run"));
    }

    @Test
    void moreConnectionsThanThereMayBeAreRefused() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            for (var count : List.of("0", "17", "x")) {
                assertThat(xl("migrate", "--connections=" + count, "one", "host")).isNotZero();
                assertThat(err).contains("--connections takes ").contains("not " + count);
            }
        }
    }

    @Test
    void listHasXensColumns() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            domains.start("two", true);
            assertThat(xl("list")).isZero();
            assertThat(out)
                    .isEqualTo(
                            """
                            Name                                        ID   Mem VCPUs\tState\tTime(s)
                            one                                          1    64     1     r-----       1.5
                            two                                          2    64     1     --p---       1.5
                            """);
            assertThat(xl("list", "two")).isZero();
            assertThat(out.lines()).hasSize(2);
            assertThat(xl("list", "-v", "1")).isZero();
            assertThat(out).contains("Reason-Code\tSecurity Label");
        }
    }

    @Test
    void longListIsLibxlsJson() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            assertThat(xl("list", "-l")).isZero();
            assertThat(out)
                    .startsWith("[\n    {\n        \"domid\": 1,\n        \"config\": {\n")
                    .contains("\"c_info\": {\n                \"type\": \"pvh\",")
                    .contains("\"target_memkb\": 65536")
                    .contains("\"on_reboot\": \"restart\"");
        }
    }

    @Test
    void vcpuListHasXensColumns() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            assertThat(xl("vcpu-list")).isZero();
            assertThat(out.lines().toList())
                    .containsExactly(
                            "Name                                ID  VCPU   CPU State   Time(s)"
                                    + " Affinity (Hard / Soft)",
                            "one                                  1     0    -   r--       1.5"
                                    + "  all / all");
        }
    }

    @Test
    void aDomainIsPausedUnpausedAndShutDown() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            assertThat(xl("pause", "one")).isZero();
            assertThat(xl("list")).isZero();
            assertThat(out).contains("--p---");
            assertThat(xl("unpause", "1")).isZero();
            assertThat(xl("domid", "one")).isZero();
            assertThat(out).isEqualTo("1\n");
            assertThat(xl("domname", "1")).isZero();
            assertThat(out).isEqualTo("one\n");
            assertThat(xl("uptime", "one")).isZero();
            assertThat(out).contains("0:00:0");
            assertThat(xl("shutdown", "-w", "one")).isZero();
            assertThat(err)
                    .isEqualTo(
                            """
                            Shutting down domain 1
                            Waiting for 1 domains
                            Domain 1 has been shut down, reason code 0
                            """);
            while (!runtime.list().isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
            assertThat(xl("dmesg")).isZero();
            assertThat(out).contains("(XEN) d1: domain has shut down");
        }
    }

    @Test
    void blockVerbsChangeAndShowADomainsDisks() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            assertThat(xl("block-attach", "one", "/a,b", "raw", "xvda", "w")).isEqualTo(1);
            assertThat(err).contains("in \"/a,b,raw,xvda,w\"");
            assertThat(xl("block-attach", "one", "/a", "raw", "xvda", "w")).isZero();
            assertThat(xl("block-attach", "one", "format=raw,vdev=xvdb,access=ro,target=/b"))
                    .isZero();
            assertThat(xl("block-attach", "one", ",,hdc,cdrom")).isZero();
            assertThat(xl("block-list", "one")).isZero();
            assertThat(out)
                    .isEqualTo(
                            """
                            Vdev  BE  handle state evt-ch ring-ref BE-path                      \s
                            5632  0   1      4     9      8        /local/domain/0/backend/vbd/1/5632
                            51712 0   1      4     9      8        /local/domain/0/backend/vbd/1/51712
                            51728 0   1      4     9      8        /local/domain/0/backend/vbd/1/51728
                            """);
            assertThat(xl("block-detach", "one", "51712")).isZero();
            assertThat(xl("block-detach", "--force", "one", "xvdb")).isZero();
            assertThat(xl("block-resize", "one", "hdc", "10G")).isZero();
            assertThat(xl("cd-insert", "one", "hdc", "/x, y.iso")).isZero();
            assertThat(xl("block-list", "--json", "1")).isZero();
            assertThat(out)
                    .contains("\"devid\": 5632")
                    .contains("\"pdev_path\": \"/x, y.iso\"")
                    .contains("\"sectors_written\": 6")
                    .doesNotContain("51712");
            assertThat(xl("list", "-l")).isZero();
            assertThat(out).contains("\"disks\": [").contains("\"is_cdrom\": 1");
            assertThat(xl("cd-eject", "one", "hdc")).isZero();
            assertThat(xl("block-list", "--json", "1")).isZero();
            assertThat(out).contains("\"format\": \"empty\"").doesNotContain("pdev_path");
        }
    }

    @Test
    void blockVerbsThatAreRefusedSayWhy() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            assertThat(xl("block-attach", "one", "/a,,xvda")).isZero();
            fails("xl: disk xvda is there already", "block-attach", "one", "/b,,xvda");
            fails("xl: there is no disk xvdb", "block-detach", "one", "xvdb");
            fails("xl: vda is not a virtual device", "block-detach", "one", "vda");
            fails("xl: there is no disk hdc", "cd-insert", "one", "hdc", "/x");
            fails("xl: there is no disk xvdq", "block-resize", "one", "xvdq", "1M");
            fails(
                    "xl: not a size: ten; write 10737418240 or 10G",
                    "block-resize",
                    "one",
                    "xvda",
                    "ten");
            fails("xl: not a size: it is too large", "block-resize", "one", "xvda", "99999999999T");
        }
        fails(
                "xl: ghost is an invalid domain identifier: there is no such domain",
                "block-list",
                "ghost");
    }

    @Test
    void networkVerbsChangeAndShowADomainsInterfaces() throws Exception {
        try (var domains = new DomainsForTests(runtime)) {
            domains.start("one", false);
            assertThat(xl("network-attach", "one", "mac=00:16:3e:00:00:01", "network=lab"))
                    .isZero();
            assertThat(xl("network-attach", "one", "mac=00:16:3e:00:00:02,bridge=br1,devid=5"))
                    .isZero();
            assertThat(xl("network-attach", "one")).isZero();
            assertThat(xl("network-detach", "one", "1")).isZero();
            assertThat(xl("network-list", "one")).isZero();
            assertThat(out)
                    .isEqualTo(
                            """
                            Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                      \s
                            0   0  00:16:3e:00:00:01     0     4      9   768/769         /local/domain/0/backend/vif/1/0
                            5   0  00:16:3e:00:00:02     5     4      9   768/769         /local/domain/0/backend/vif/1/5
                            """);
            assertThat(xl("network-detach", "one", "0:16:3E:0:0:2")).isZero();
            assertThat(xl("network-list", "--json", "1")).isZero();
            assertThat(out)
                    .contains("\"network\": \"lab\"")
                    .contains("\"received_bytes\": 6")
                    .contains("\"rref_rx\": 769")
                    .doesNotContain("br1");
            assertThat(xl("list", "-l")).isZero();
            assertThat(out).contains("\"nics\": [").contains("\"mac\": \"00:16:3e:00:00:01\"");
            fails("xl: vif: devid 0 twice", "network-attach", "one", "devid=0");
            fails("xl: there is no vif 7", "network-detach", "one", "7");
            fails("xl: Unknown device x.", "network-detach", "one", "x");
            fails("xl: vif: unrecognized argument \"x\" in \"x\"", "network-attach", "one", "x");
        }
    }

    @Test
    void dryRunPrintsTheConfiguration() throws Exception {
        var kernel = Files.writeString(root.resolve("kernel"), "x");
        var file = Files.writeString(root.resolve("c.cfg"), "name='a'\nkernel='" + kernel + "'\n");
        assertThat(xl("create", file.toString(), "-n", "memory=32", "vcpus=2")).isZero();
        assertThat(out)
                .contains("\"target_memkb\": 32768")
                .contains("\"max_vcpus\": 2")
                .contains("\"kernel\": \"" + kernel + "\"");
        assertThat(err).isEqualTo("Parsing config from " + file + "\n");
        assertThat(xl("create", "-nq", "-f", file.toString())).isZero();
        assertThat(err).isEmpty();
    }

    @Test
    void everyMistakeIsOneLineAndExitCodeOne() throws Exception {
        var file = Files.writeString(root.resolve("c.cfg"), "name='a'\nkernel='/none'\n");
        fails("xl: no.cfg: no such file", "create", "-q", "no.cfg");
        fails("xl: " + root + ": cannot read: is a directory", "create", "-q", root.toString());
        fails("xl: cannot read kernel /none: no such file", "create", "-q", file.toString());
        fails(
                "xl: command line:1: vcpus must be from 1 to 128, not 0",
                "create",
                "-q",
                file.toString(),
                "vcpus=0");
        fails(
                "xl: ghost is an invalid domain identifier: there is no such domain",
                "pause",
                "ghost");
        fails("xl: command \"fly\" not implemented; see 'xl help'", "fly");
    }

    @Test
    void aCommandLineThatMakesNoSenseIsExitCodeTwo() throws Exception {
        assertThat(xl("pause")).isEqualTo(Main.MISUSED);
        assertThat(err).isEqualTo("xl: 'xl pause' requires more arguments; see 'xl help pause'\n");
        assertThat(xl("list", "-y")).isEqualTo(Main.MISUSED);
        assertThat(xl("create", "a", "b")).isEqualTo(Main.MISUSED);
        assertThat(xl("console", "-t", "telex", "x")).isEqualTo(Main.MISUSED);
    }

    @Test
    void everyVerbHasItsHelp() throws Exception {
        assertThat(xl("help")).isZero();
        var list = out;
        for (var verb : Verbs.all()) {
            assertThat(list).contains(" " + verb.name() + " ");
            assertThat(xl(verb.name(), "--help")).isZero();
            assertThat(out).startsWith("Usage: xl [-vfNtT] " + verb.name());
            verb.options().forEach(option -> assertThat(out).contains(option.spelling()));
        }
    }

    private void fails(String message, String... words) {
        assertThat(xl(words)).isEqualTo(Main.FAILED);
        assertThat(err).isEqualTo(message + "\n");
        assertThat(out).isEmpty();
    }

    private int xl(String... words) {
        var outBytes = new ByteArrayOutputStream();
        var errBytes = new ByteArrayOutputStream();
        int code =
                Main.run(
                        List.of(words),
                        () -> runtime,
                        new PrintStream(outBytes),
                        new PrintStream(errBytes));
        out = outBytes.toString();
        err = errBytes.toString();
        return code;
    }
}
