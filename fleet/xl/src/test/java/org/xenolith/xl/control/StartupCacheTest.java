package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.board.DomainConfig;
import org.xenolith.xl.config.DiskParser;
import org.xenolith.xl.config.VifParser;
import org.xenolith.xl.control.StartupCache.Device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

class StartupCacheTest {
    @TempDir private Path home;
    private Path jar;

    @BeforeEach
    void makeJar() throws IOException {
        jar = Files.write(home.resolve("xenolith.jar"), new byte[] {1});
    }

    private List<String> options(Device... devices) {
        return cache(jar).options(Set.of(devices));
    }

    private StartupCache cache(Path classPath) {
        var environment = Map.of("XDG_CACHE_HOME", home.toString());
        var files = BuildCache.of("jvm", classPath.toString(), environment);
        return StartupCache.of(classPath.toString(), files);
    }

    /// A domain with these devices has made one.
    private void make(Device... devices) throws IOException {
        finish(output(options(devices)));
    }

    private static void finish(Path output) throws IOException {
        Files.write(output, new byte[] {1});
        Files.write(Path.of(output + ".good"), new byte[0]);
    }

    /// The cache that a domain with these devices is told to use.
    private String used(Device... devices) {
        var first = options(devices).getFirst();
        assertThat(first).startsWith("-XX:AOTCache=" + home);
        return first;
    }

    private List<Path> files(String suffix) throws IOException {
        try (var all = Files.list(home.resolve("xenolith").resolve("jvm"))) {
            return all.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    /// What a domain was told to make.
    private Path output(List<String> options) {
        return Path.of(options.getFirst().substring("-XX:AOTCacheOutput=".length()));
    }

    @Test
    void theFirstDomainOfABuildMakesTheCache() {
        assertThat(options().getFirst()).startsWith("-XX:AOTCacheOutput=" + home);
    }

    @Test
    void nobodyElseMakesItMeanwhile() {
        options();
        assertThat(options()).isEmpty();
    }

    @Test
    void onceItIsFinishedAllUseIt() throws IOException {
        finish(output(options()));
        assertThat(options().getFirst()).startsWith("-XX:AOTCache=" + home);
        assertThat(options().getFirst()).startsWith("-XX:AOTCache=" + home);
    }

    @Test
    void oneThatTheJvmStillWorksOnIsNotUsed() throws IOException {
        var output = output(options());
        finish(output);
        Files.write(Path.of(output + ".config"), new byte[] {1});
        assertThat(options()).isEmpty();
    }

    @Test
    void anotherBuildHasAnother() throws IOException {
        var first = output(options());
        Files.write(jar, new byte[] {1, 2});
        assertThat(output(options())).isNotEqualTo(first);
    }

    @Test
    void classesInDirectoriesHaveNone() {
        var cache = cache(home);
        assertThat(cache.options(Set.of())).isEmpty();
    }

    @Test
    void theFirstWithAKindOfDeviceMakesOneThatKnowsIt() throws IOException {
        make();
        make(Device.DISK);
        assertThat(used(Device.DISK)).endsWith("-disk.aot");
        make(Device.NETWORK);
        assertThat(used(Device.NETWORK)).endsWith("-network.aot");
        assertThat(used(Device.DISK)).endsWith("-disk.aot");
        make(Device.DISK, Device.NETWORK);
        assertThat(used(Device.DISK, Device.NETWORK)).endsWith("-disk-network.aot");
    }

    @Test
    void oneThatKnowsMoreIsUsedByAllAndReplacesThoseThatKnowLess() throws IOException {
        make();
        make(Device.DISK);
        make(Device.DISK, Device.NETWORK);
        for (var devices : List.of(List.<Device>of(), List.of(Device.DISK))) {
            assertThat(used(devices.toArray(Device[]::new))).endsWith("-disk-network.aot");
        }
        assertThat(files(".aot")).hasSize(1);
    }

    @Test
    void whoComesWhileItIsMadeUsesOneThatKnowsLess() throws IOException {
        make();
        var output = output(options(Device.DISK));
        assertThat(used(Device.DISK)).doesNotContain("disk");
        finish(output);
        assertThat(used(Device.DISK)).endsWith("-disk.aot");
    }

    @Test
    void ofOtherBuildsTheLastTwoStayAndNothingUnfinished() throws IOException {
        for (int build = 2; build <= 6; build++) {
            make(Device.DISK);
            options(Device.DISK);
            output(options(Device.DISK, Device.NETWORK));
            Files.write(jar, new byte[build]);
        }
        make();
        options();
        assertThat(files(".aot")).hasSize(3);
        assertThat(files(".claim")).hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void aDomainsDevicesAreThoseOfItsConfiguration() {
        var config = DomainConfig.builder("web").kernel("none");
        assertThat(StartupCache.devices(config.build())).isEmpty();
        config.disks(List.of(DiskParser.parse("/web.img,raw,xvda,rw")));
        assertThat(StartupCache.devices(config.build())).containsExactly(Device.DISK);
        config.vifs(List.of(VifParser.parse("bridge=xenbr0")));
        assertThat(StartupCache.devices(config.build()))
                .containsExactlyInAnyOrder(Device.DISK, Device.NETWORK);
    }

    // ---------------------------------------------------------------- who does not get to the end

    @Test
    void whatHasLearnedNothingReplacesNothing() throws IOException {
        make();
        var output = output(options(Device.DISK));
        Files.write(output, new byte[] {1});
        assertThat(used(Device.DISK)).doesNotContain("disk");
    }

    @Test
    void afterADomainThatDidNothingTheNextTries() throws IOException {
        var output = output(options());
        System.setProperty("xenolith.startup.making", output.toString());
        try {
            StartupCache.begin();
            assertThat(options()).isEmpty();
            StartupCache.end(false);
        } finally {
            System.clearProperty("xenolith.startup.making");
        }
        assertThat(output(options())).isEqualTo(output);
    }

    private void age(Path output, Duration age) throws IOException {
        var claim = Path.of(output + ".claim");
        Files.setLastModifiedTime(claim, FileTime.from(BuildCache.now().minus(age)));
    }

    @Test
    void whileItsProcessLivesNobodyElseMakesIt() throws IOException {
        make();
        var output = output(options(Device.DISK));
        StartupCache.write(output, ProcessHandle.current());
        age(output, Duration.ofDays(30));
        assertThat(used(Device.DISK)).doesNotContain("disk");
    }

    @Test
    void afterAFailureItIsTriedAgainTomorrow() throws IOException {
        make();
        var output = output(options(Device.DISK));
        Files.writeString(Path.of(output + ".claim"), ProcessHandle.current().pid() + " 1");
        age(output, Duration.ofHours(23));
        assertThat(used(Device.DISK)).doesNotContain("disk");
        age(output, Duration.ofHours(25));
        make(Device.DISK);
        assertThat(used(Device.DISK)).endsWith("-disk.aot");
    }

    @Test
    void whereThereIsNoneItIsTriedAgainAtOnce() throws IOException {
        var output = output(options());
        Files.write(output, new byte[] {1});
        Files.writeString(Path.of(output + ".claim"), ProcessHandle.current().pid() + " 1");
        assertThat(output(options())).isEqualTo(output).doesNotExist();
    }

    @Test
    void whoNeverBeganHoldsItForAMinute() throws IOException {
        var output = output(options());
        age(output, Duration.ofSeconds(50));
        assertThat(options()).isEmpty();
        age(output, Duration.ofSeconds(70));
        assertThat(output(options())).isEqualTo(output);
    }

    @Test
    void oneThatIsMadeOnceMoreReplacesTheFirst() throws IOException {
        var output = output(options());
        finish(output);
        options();
        finish(output);
        assertThat(used()).endsWith(".aot");
        assertThat(output).doesNotExist();
    }
}
