package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.board.DomainState;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.DomainsForTests;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

@Timeout(30)
class GuestCommandsTest {
    @TempDir private Path root;
    private RuntimeDirectory runtime;
    private DomainsForTests domains;
    private String out;
    private String err;

    @BeforeEach
    void open() throws Exception {
        runtime = RuntimeDirectory.open(root.resolve("run"));
        domains = new DomainsForTests(runtime);
        domains.start("one", "maxmem=128\nvcpus=2\nmaxvcpus=4\non_crash='preserve'", false);
    }

    @AfterEach
    void destroy() throws Exception {
        domains.close();
    }

    @Test
    void memoryIsSetInMebibytesOrWhatALetterSays() throws Exception {
        assertThat(xl("mem-set", "one", "32")).isZero();
        assertThat(memory()).isEqualTo(32 * 1024);
        assertThat(xl("mem-set", "one", "40000k")).isZero();
        assertThat(memory()).isEqualTo(40000);
        assertThat(xl("mem-set", "1", "67108864b")).isZero();
        assertThat(memory()).isEqualTo(64 * 1024);
        assertThat(xl("list", "-l", "one")).isZero();
        assertThat(out).contains("\"target_memkb\": 65536").contains("\"max_memkb\": 131072");
        fails("xl: the target is above the maximum", "mem-set", "one", "1G");
        assertThat(xl("mem-max", "one", "96m")).isZero();
        assertThat(new ControlClient(runtime.find("one")).info().memoryKibMax())
                .isEqualTo(96 * 1024);
        for (var wrong : List.of("", "1.5", "7x", "1kb", "m", "99999999999999999999")) {
            fails("xl: invalid memory size: " + wrong, "mem-set", "one", wrong);
        }
        fails(
                "xl: invalid memory size: 999999999999t is too large",
                "mem-max",
                "one",
                "999999999999t");
    }

    private long memory() throws Exception {
        return new ControlClient(runtime.find("one")).info().memoryKib();
    }

    @Test
    void vcpusAreSetWithinWhatThereIs() throws Exception {
        assertThat(xl("vcpu-set", "--ignore-host", "one", "4")).isZero();
        assertThat(xl("vcpu-list", "one")).isZero();
        assertThat(out.lines().filter(line -> line.contains("  r--  "))).hasSize(4);
        assertThat(xl("vcpu-set", "one", "1")).isZero();
        assertThat(xl("vcpu-list", "one")).isZero();
        assertThat(out.lines().filter(line -> line.contains("  --p  "))).hasSize(3);
        fails("xl: requested more vCPUs than there are", "vcpu-set", "-i", "one", "5");
        fails("xl: not a number of vCPUs, nor of one: two", "vcpu-set", "-i", "one", "two");
        assertThat(xl("vcpu-set", "one", "100000")).isEqualTo(Main.FAILED);
        assertThat(err).contains("and you want 100000 vCPUs; use --ignore-host");
    }

    @Test
    void vcpusArePinned() throws Exception {
        assertThat(xl("vcpu-pin", "one", "1", "0-2,^1,5")).isZero();
        assertThat(xl("vcpu-pin", "one", "1", "-", "7")).isZero();
        assertThat(xl("vcpu-list", "one")).isZero();
        assertThat(out.lines().skip(1).map(line -> line.substring(line.indexOf(".5") + 2)))
                .containsExactly("  all / all", "  0,2,5 / 7", "  all / all", "  all / all");
        assertThat(xl("vcpu-pin", "-f", "one", "all", "0-3", "all")).isZero();
        assertThat(xl("vcpu-list", "one")).isZero();
        assertThat(out.lines().filter(line -> line.endsWith("  0-3 / all"))).hasSize(4);
        assertThat(xl("-N", "vcpu-pin", "one", "0", "1", "2")).isZero();
        assertThat(out).isEqualTo("cpumap: 1 2\n");
        fails("xl: invalid argument 4 as VCPU", "vcpu-pin", "one", "4", "0");
        fails("xl: invalid pcpu range: 3-1", "vcpu-pin", "one", "0", "3-1");
        fails("xl: invalid pcpu range: ^all", "vcpu-pin", "one", "0", "^all");
        fails("xl: invalid pcpu range: ", "vcpu-pin", "one", "0", "1,");
        fails("xl: vcpu affinity map is empty: 1,^1", "vcpu-pin", "one", "0", "1,^1");
    }

    @Test
    void keysAndTriggersReachTheGuest() throws Exception {
        assertThat(xl("sysrq", "one", "h")).isZero();
        assertThat(xl("trigger", "one", "nmi")).isZero();
        assertThat(xl("trigger", "one", "nmi", "1")).isZero();
        assertThat(xl("debug-keys", "eg")).isZero();
        shows(
                "hello\r\nsysrq h\r\nnmi at vCPU 0\r\nnmi at vCPU 1\r\n"
                        + "debug key e\r\ndebug key g\r\n");
        assertThat(xl("sysrq", "one", "help")).isEqualTo(Main.MISUSED);
        fails("xl: invalid trigger \"tea\"", "trigger", "one", "tea");
    }

    private void shows(String text) throws Exception {
        try (var console = new ControlClient(runtime.find("1")).console("pv")) {
            var bytes = ByteBuffer.allocate(text.length());
            while (bytes.hasRemaining()) {
                assertThat(console.read(bytes)).isPositive();
            }
            assertThat(new String(bytes.array())).isEqualTo(text);
        }
    }

    @Test
    void aCoreFileIsWritten() throws Exception {
        var file = root.resolve("core file");
        assertThat(xl("dump-core", "one", file.toString())).isZero();
        assertThat(file).exists();
        assertThat(xl("dump-core", "one", root.toString())).isEqualTo(Main.FAILED);
        assertThat(err).isEqualTo("xl: cannot write " + root + "\n");
    }

    @Test
    void aDomainIsKnownByItsNewName() throws Exception {
        domains.start("two", false);
        assertThat(xl("rename", "one", "first")).isZero();
        assertThat(xl("domid", "first")).isZero();
        assertThat(out).isEqualTo("1\n");
        assertThat(xl("list", "first")).isZero();
        assertThat(out).contains("first  ");
        fails(
                "xl: one is an invalid domain identifier: there is no such domain",
                "rename",
                "one",
                "other");
        fails("xl: a domain named \"two\" exists", "rename", "first", "two");
        fails("xl: name may not be a number", "rename", "first", "77");
        assertThat(xl("domname", "1")).isZero();
        assertThat(out).isEqualTo("first\n");
        assertThat(new ControlClient(runtime.find("first")).info().name()).isEqualTo("first");
        shows("hello\r\nI am first\r\nI am two\r\nI am first\r\n");
    }

    @Test
    void anUpdatedConfigurationCountsFromTheNextBoot() throws Exception {
        var file =
                Files.writeString(
                        root.resolve("new.cfg"), "name='other'\nkernel='none'\nmemory=48\n");
        assertThat(xl("config-update", "one", file.toString(), "vcpus=3")).isZero();
        assertThat(err).isEqualTo("setting dom1 configuration\n");
        assertThat(memory()).isEqualTo(64 * 1024);
        assertThat(xl("reboot", "-w", "one")).isZero();
        assertThat(err).endsWith("Domain 1 has been shut down, reason code 1\n");
        while (memory() != 48 * 1024) {
            Thread.onSpinWait();
        }
        var info = new ControlClient(runtime.find("one")).info();
        assertThat(info.name()).isEqualTo("one");
        assertThat(info.vcpus()).hasSize(3);

        assertThat(xl("config-update", "one")).isEqualTo(Main.MISUSED);
        fails("xl: none.cfg: no such file", "config-update", "one", "none.cfg");
        Files.writeString(file, "name='other'\nkernel='none'\n# " + "x".repeat(6000));
        fails(
                "setting dom1 configuration\nxl: %s is longer than 5120 characters, too long for a"
                                .formatted(file)
                        + " running domain",
                "config-update",
                "one",
                file.toString());
    }

    @Test
    void aPreservedDomainIsWaitedForUntilItsShutdown() throws Exception {
        try (var console = new ControlClient(runtime.find("one")).console("pv")) {
            console.write(ByteBuffer.wrap("!".getBytes()));
        }
        while (new ControlClient(runtime.find("one")).info().state() != DomainState.CRASHED) {
            Thread.onSpinWait();
        }
        assertThat(xl("shutdown", "-w", "one")).isZero();
        assertThat(err).endsWith("Domain 1 has been shut down, reason code 3\n");
        assertThat(xl("list", "one")).isZero();
        assertThat(out).contains("---sc-");
    }

    @Test
    void topPrintsXentopsColumnsInBatches() throws Exception {
        domains.start("a-domain-with-a-long-name", "disk=['/a,,xvda']", true);
        assertThat(xl("top", "-b", "-i", "2", "-d", "1", "-x", "--vcpus")).isZero();
        var lines = out.lines().toList();
        assertThat(lines).hasSize(12);
        assertThat(lines.getFirst())
                .isEqualTo(
                        "      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%)"
                                + " VCPUS VBDS   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT");
        assertThat(lines.get(1))
                .startsWith("       one -----r          6    0.0      65536 ")
                .contains(" 131072 ")
                .endsWith("     2    0        0        0          0          0");
        assertThat(lines.get(2)).isEqualTo("VCPUs(sec):   0:          1s  1:          1s");
        assertThat(lines.get(3)).startsWith("a-domain-w ----p-").contains("     1    1 ");
        assertThat(lines.get(5)).startsWith("VBD BlkBack 51712 [ca: 0]  RD: ");
        assertThat(xl("top", "-b", "-i", "1", "-f", "-r")).isZero();
        assertThat(out.lines().filter(line -> line.contains("NAME"))).hasSize(2);
        assertThat(out).contains("a-domain-with-a-long-name ----p-");
        assertThat(xl("top", "-d", "0")).isEqualTo(Main.MISUSED);
        assertThat(xl("top", "-i", "many")).isEqualTo(Main.MISUSED);
        assertThat(xl("top", "one")).isEqualTo(Main.MISUSED);
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
