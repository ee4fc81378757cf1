package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class StartupCacheTest {
    @TempDir private Path home;
    private Path jar;

    @BeforeEach
    void makeJar() throws IOException {
        jar = Files.write(home.resolve("xenolith.jar"), new byte[] {1});
    }

    private List<String> options() {
        return cache(jar).options();
    }

    private StartupCache cache(Path classPath) {
        var environment = Map.of("XDG_CACHE_HOME", home.toString());
        var files = BuildCache.of("jvm", classPath.toString(), environment);
        return StartupCache.of(classPath.toString(), files);
    }

    /// What the first domain was told to make.
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
        var output = output(options());
        Files.write(output, new byte[] {1});
        assertThat(options().getFirst()).startsWith("-XX:AOTCache=" + home);
        assertThat(options().getFirst()).startsWith("-XX:AOTCache=" + home);
    }

    @Test
    void oneThatTheJvmStillWorksOnIsNotUsed() throws IOException {
        var output = output(options());
        Files.write(output, new byte[] {1});
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
        assertThat(cache.options()).isEmpty();
    }
}
