package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.base.Clock;
import org.xenolith.board.MemoryAccess;
import org.xenolith.xen.ShutdownReason;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/// A Debian kernel boots to a shell, and what it finds there is right. One machine for all tests of
/// a kernel and a number of vCPUs; the last test turns it off.
@ParameterizedClass(name = "{0}, {1} vCPUs, {2}")
@MethodSource("machines")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianTest {
    private static final int FIRST = 1;
    private static final int LAST = Integer.MAX_VALUE;

    @Parameter(0)
    private DebianKernel kernel;

    @Parameter(1)
    private int vcpus;

    @Parameter(2)
    private MemoryAccess access;

    private String missing;
    private Guest guest;

    /// All kernels with one vCPU and with four, or `-Dxenolith.kernels=CLOUD -Dxenolith.vcpus=1,2`;
    /// the first one also with accesses that the JVM checks.
    static Stream<Arguments> machines() {
        var kernels = System.getProperty("xenolith.kernels");
        var vcpus = List.of(System.getProperty("xenolith.vcpus", "1,4").split(","));
        return Arrays.stream(DebianKernel.values())
                .filter(kernel ->
                        kernels == null || List.of(kernels.split(",")).contains(kernel.name()))
                .flatMap(kernel ->
                        vcpus.stream().flatMap(each -> machines(kernel, Integer.valueOf(each))));
    }

    private static Stream<Arguments> machines(DebianKernel kernel, int vcpus) {
        return Arrays.stream(MemoryAccess.values())
                .filter(access -> access == MemoryAccess.UNCHECKED || kernel == DebianKernel.CLOUD)
                .map(access -> Arguments.of(kernel, vcpus, access));
    }

    @AfterAll
    void destroy() {
        if (guest != null) {
            guest.close();
        }
    }

    private Guest guest() {
        Assumptions.assumeTrue(missing == null, missing);
        assertThat(guest).as("the guest has booted").isNotNull();
        return guest;
    }

    @Test
    @Order(FIRST)
    void bootsToTheShell() throws Exception {
        missing = kernel.missing().orElse(null);
        Assumptions.assumeTrue(missing == null, missing);
        guest = Guest.boot(kernel.config(vcpus).memoryAccess(access).build());
        var release = guest.run("uname -r");
        System.out.printf(
                "Linux %s, %d vCPUs, %s: %.1f s to the shell%n",
                release, vcpus, access, guest.bootTime().toMillis() / 1000.0);
        assertThat(release).startsWith(kernel.series());
    }

    // ---------------------------------------------------------------- the machine

    @Test
    void theKernelSaysThatItRunsOnXenAsAPvhGuest() throws Exception {
        assertThat(guest().run("dmesg | grep -i -e xen -e pvh"))
                .contains("Hypervisor detected: Xen HVM")
                .containsPattern("Booting .*kernel on Xen PVH")
                .contains("Xen: using vcpuop timer interface");
        assertThat(guest().run("cat /sys/hypervisor/type /sys/hypervisor/guest_type"))
                .isEqualTo("xen\nPVH");
    }

    @Test
    void everyProcessorIsShown() throws Exception {
        var lines = guest().lines("cat /proc/cpuinfo");
        assertThat(valuesOf(lines, "processor"))
                .isEqualTo(IntStream.range(0, vcpus).mapToObj(Integer::toString).toList());
        assertThat(valuesOf(lines, "model name"))
                .hasSize(vcpus)
                .containsOnly("Xenolith software processor (x86-64-v2)");
        assertThat(valuesOf(lines, "flags"))
                .allSatisfy(flags ->
                        assertThat(flags.split(" "))
                                .contains("lm", "nx", "sse2", "ssse3", "sse4_1", "sse4_2")
                                .contains("popcnt", "cx16", "hypervisor", "fxsr"));
        assertThat(guest().run("nproc")).isEqualTo(Integer.toString(vcpus));
    }

    private static List<String> valuesOf(List<String> lines, String key) {
        return lines.stream()
                .map(line -> line.split("\\s*:\\s*", 2))
                .filter(parts -> parts.length == 2 && parts[0].equals(key))
                .map(parts -> parts[1].strip())
                .toList();
    }

    /// Before it has a timer, about a second into its boot, the kernel's clock stands still: on a
    /// busy host the guest's clock is late by what that took (docs/quirks.md).
    @Test
    void theClockShowsTheHostsTime() throws Exception {
        var host = Clock.system();
        long before = TimeUnit.NANOSECONDS.toSeconds(host.wallNanos());
        long shown = Long.parseLong(guest().run("date -u +%s"));
        long after = TimeUnit.NANOSECONDS.toSeconds(host.wallNanos());
        System.out.printf("The guest's clock is late by %d s%n", before - shown);
        assertThat(shown).isBetween(before - 60, after + 1);
    }

    @Test
    void memoryIsWhatWasGiven() throws Exception {
        var total = guest().run("awk '/MemTotal/ { print $2 }' /proc/meminfo");
        assertThat(Long.parseLong(total)).isBetween(400 * 1024L, 512 * 1024L);
    }

    @Test
    void everyProcessorDoesWork() throws Exception {
        var each = "for c in %s; do taskset -c $c %s & done; wait";
        var work =
                "awk 'BEGIN { for (i = 0; i < 20000; i++) s += i; getline l < \"/proc/self/stat\";"
                        + " split(l, f); print f[39], s }'";
        var processors = IntStream.range(0, vcpus).boxed().toList();
        var list = processors.stream().map(Object::toString).collect(Collectors.joining(" "));
        assertThat(guest().lines(each.formatted(list, work)))
                .containsExactlyInAnyOrderElementsOf(
                        processors.stream().map(id -> id + " 199990000").toList());
    }

    @Test
    void modulesAreLoaded() throws Exception {
        assertThat(guest().run("modprobe xen-netfront; cut -d' ' -f1,5 /proc/modules"))
                .contains("xen_netfront Live");
    }

    // ---------------------------------------------------------------- computing

    @Test
    void aPipelineComputesASum() throws Exception {
        long sum =
                LongStream.rangeClosed(1, 2000).filter(n -> Long.toString(n).contains("7")).sum();
        assertThat(
                        guest().run(
                                        "seq 1 2000 | grep 7 | sort -rn | awk '{ s += $1 } END { print s }'"))
                .isEqualTo(Long.toString(sum));
    }

    @Test
    void checksumsAgreeWithTheHosts() throws Exception {
        var known =
                IntStream.rangeClosed(1, 20_000)
                        .mapToObj(n -> n + "\n")
                        .collect(Collectors.joining())
                        .getBytes(StandardCharsets.US_ASCII);
        guest().run("seq 1 20000 > /tmp/known");
        for (var algorithm : List.of("SHA-256", "SHA-512", "SHA-1", "MD5")) {
            var command = algorithm.replace("-", "").toLowerCase(Locale.ROOT) + "sum";
            assertThat(guest().run(command + " /tmp/known"))
                    .as(algorithm)
                    .isEqualTo(hex(algorithm, known) + "  /tmp/known");
        }
    }

    private static String hex(String algorithm, byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    }

    @Test
    void packingAndUnpackingGivesTheSameBytes() throws Exception {
        assertThat(guest().run("gzip -c /bin/busybox | gunzip | cmp - /bin/busybox && echo same"))
                .isEqualTo("same");
    }

    /// Newton's square root of 2, the series of e, a harmonic sum, and what rounds, overflows and
    /// underflows: double arithmetic has one right answer for each.
    @Test
    void floatingPointArithmeticIsExact() throws Exception {
        var program =
                "BEGIN { x = 2; for (i = 0; i < 8; i++) x = (x + 2 / x) / 2;"
                        + " e = 1; t = 1; for (i = 1; i < 25; i++) { t /= i; e += t };"
                        + " for (i = 1; i <= 1000; i++) h += 1 / i;"
                        + " printf \"%.17g %.17g %.17g %.17g %.17g %d %.3f\\n\","
                        + " x, e, h, 355 / 113, 1e-300 * 1e-20, -7.9, 2.5e-3 }";
        double root = 2;
        for (int i = 0; i < 8; i++) {
            root = (root + 2 / root) / 2;
        }
        double e = 1;
        double term = 1;
        for (int i = 1; i < 25; i++) {
            term /= i;
            e += term;
        }
        double harmonic = 0;
        for (int i = 1; i <= 1000; i++) {
            harmonic += 1.0 / i;
        }
        var shown = guest().run("awk '" + program + "'").split(" ");
        assertThat(Arrays.stream(shown).limit(5).map(Double::valueOf))
                .containsExactly(root, e, harmonic, 355.0 / 113, 1e-300 * 1e-20);
        assertThat(shown).endsWith("-7", "0.003");
        assertThat(guest().run("awk 'BEGIN { print 1e308 * 10, -1e308 * 10 }'"))
                .isEqualTo("inf -inf");
    }

    // ---------------------------------------------------------------- processes

    @Test
    void manyProcessesAreStartedAndEnd() throws Exception {
        assertThat(
                        guest().run(
                                        "n=0; for i in $(seq 1 60); do"
                                                + " n=$((n + $(/bin/busybox echo $i | cat))); done;"
                                                + " echo $n"))
                .isEqualTo(Integer.toString(60 * 61 / 2));
    }

    @Test
    void aSignalIsCaughtAndAnotherKills() throws Exception {
        var trap = "sh -c 'trap \"echo caught; exit 7\" USR1; while :; do sleep 0.1; done' &";
        assertThat(guest().run(trap + " p=$!; sleep 1; kill -USR1 $p; wait $p; echo $?"))
                .endsWith("caught\n7");
        assertThat(guest().run("sleep 1000 & p=$!; sleep 0.2; kill $p; wait $p; echo $?"))
                .endsWith("143");
        assertThat(guest().run("sh -c 'kill -SEGV $$'; echo $?")).endsWith("139");
    }

    @Test
    void sleepTakesAtLeastItsTime() throws Exception {
        var clock = Clock.system();
        long start = clock.nanos();
        var shown = guest().run("cut -d' ' -f1 /proc/uptime; sleep 1; cut -d' ' -f1 /proc/uptime");
        long host = clock.nanos() - start;
        var times = shown.split("\n");
        assertThat(Double.parseDouble(times[1]) - Double.parseDouble(times[0]))
                .isGreaterThanOrEqualTo(0.99);
        assertThat(host).isGreaterThanOrEqualTo(Duration.ofSeconds(1).toNanos());
    }

    // ---------------------------------------------------------------- the console

    @Test
    void theConsoleLosesNothing() throws Exception {
        var lines =
                IntStream.range(0, 160)
                        .mapToObj(n ->
                                "line %04d of what is typed on the console 0123456789\n"
                                        .formatted(n))
                        .collect(Collectors.joining());
        guest().begin("stty -echo; cat > /tmp/typed; stty echo");
        guest().type(lines);
        guest().type("\4"); // end of file
        guest().end();
        var bytes = lines.getBytes(StandardCharsets.US_ASCII);
        assertThat(guest().run("wc -c < /tmp/typed")).isEqualTo(Integer.toString(bytes.length));
        assertThat(guest().run("sha256sum < /tmp/typed")).startsWith(hex("SHA-256", bytes));
        assertThat(guest().run("cat /tmp/typed")).isEqualTo(lines.stripTrailing());
    }

    // ---------------------------------------------------------------- the end

    @Test
    @Order(LAST - 1)
    void theKernelHasNothingToComplainAbout() throws Exception {
        var complaints =
                guest().run(
                                "dmesg | grep -E 'BUG|WARNING|Oops|Call Trace|stalls|lockup|segfault|"
                                        + "general protection|invalid opcode|unchecked MSR|hung|unstable'");
        assertThat(complaints).isEmpty();
    }

    @Test
    @Order(LAST)
    void poweroffEndsTheDomain() throws Exception {
        guest().type("poweroff\n");
        assertThat(guest().awaitEnd()).isEqualTo(ShutdownReason.POWEROFF);
    }
}
