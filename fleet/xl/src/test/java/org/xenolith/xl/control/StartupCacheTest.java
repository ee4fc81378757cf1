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

    private Path claim(String devices) throws IOException {
        return files(".claim").stream()
                .filter(file -> file.toString().endsWith(devices + ".claim"))
                .findFirst()
                .orElseThrow();
    }

    private void age(Path claim, Duration age) throws IOException {
        Files.setLastModifiedTime(claim, FileTime.from(BuildCache.now().minus(age)));
    }

    /// A claim of a process that is not there any more.
    private void die(Path claim, Duration age) throws IOException {
        Files.writeString(claim, ProcessHandle.current().pid() + " 1");
        age(claim, age);
    }

    @Test
    void whatHasLearnedNothingReplacesNothingAndGoes() throws IOException {
        make();
        var output = output(options(Device.DISK));
        Files.write(output, new byte[] {1});
        assertThat(used(Device.DISK)).doesNotContain("disk");
        assertThat(output).doesNotExist();
    }

    @Test
    void whileItsProcessLivesNobodyElseMakesOneThatKnowsMore() throws IOException {
        make();
        options(Device.DISK);
        CacheMaker.write(claim("-disk"), ProcessHandle.current());
        age(claim("-disk"), Duration.ofDays(30));
        assertThat(used(Device.DISK)).doesNotContain("disk");
    }

    @Test
    void whereThereIsNoneOthersHavePatienceForTenMinutes() throws IOException {
        var output = output(options());
        CacheMaker.write(claim(""), ProcessHandle.current());
        age(claim(""), Duration.ofMinutes(9));
        assertThat(options()).isEmpty();
        age(claim(""), Duration.ofMinutes(11));
        assertThat(output(options())).isNotEqualTo(output);
    }

    @Test
    void afterAFailureItIsTriedAgainTomorrow() throws IOException {
        make();
        options(Device.DISK);
        die(claim("-disk"), Duration.ofHours(23));
        assertThat(used(Device.DISK)).doesNotContain("disk");
        die(claim("-disk"), Duration.ofHours(25));
        make(Device.DISK);
        assertThat(used(Device.DISK)).endsWith("-disk.aot");
    }

    @Test
    void whereThereIsNoneItIsTriedAgainAtOnce() throws IOException {
        options();
        die(claim(""), Duration.ZERO);
        assertThat(output(options())).doesNotExist();
    }

    @Test
    void whoNeverBeganHoldsItForAMinute() throws IOException {
        options();
        age(claim(""), Duration.ofSeconds(50));
        assertThat(options()).isEmpty();
        age(claim(""), Duration.ofSeconds(70));
        assertThat(output(options())).doesNotExist();
    }

    @Test
    void twoMakersHaveFilesOfTheirOwnAndTheLastCounts() throws IOException {
        var first = output(options());
        Files.delete(claim(""));
        var second = output(options());
        finish(second);
        Files.write(first, new byte[] {1, 2});
        Files.write(Path.of(first + ".config"), new byte[] {1});
        assertThat(Path.of(used().substring("-XX:AOTCache=".length()))).hasSize(1);
        Files.delete(Path.of(first + ".config"));
        Files.write(Path.of(first + ".good"), new byte[0]);
        assertThat(Path.of(used().substring("-XX:AOTCache=".length()))).hasSize(2);
        assertThat(files(".new")).isEmpty();
        assertThat(files(".good")).isEmpty();
    }

    @Test
    void afterADomainThatDidNothingTheNextTries() throws IOException {
        var first = options();
        var properties = first.stream().filter(option -> option.startsWith("-D")).toList();
        properties.forEach(StartupCacheTest::set);
        try {
            CacheMaker.begin();
            assertThat(options()).isEmpty();
            CacheMaker.end(false);
        } finally {
            properties.forEach(option -> System.clearProperty(name(option)));
        }
        assertThat(output(options())).isNotEqualTo(output(first));
    }

    private static String name(String option) {
        return option.substring("-D".length(), option.indexOf('='));
    }

    private static void set(String option) {
        System.setProperty(name(option), option.substring(option.indexOf('=') + 1));
    }
}
