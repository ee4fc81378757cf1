package org.xenolith.xl.control;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/// What the JVM of a domain has learned about our own code, kept for the next ones: its
/// ahead-of-time cache (JEP 483, 514, 515), with loaded classes and profiles, which saves some
/// seconds of a boot. The first domain of a build makes it, at its end; all others of that build
/// and JVM use it.
///
/// It is a file of the build ([BuildCache]). Whatever goes wrong with it, domains start without.
final class StartupCache {
    /// One that is being made longer than this is not being made any more.
    private static final Duration MAKING_MAX = Duration.ofMinutes(10);

    private static final String SUFFIX = ".aot";

    /// A property of the process that makes it.
    private static final String MAKING = "xenolith.startup.making";

    private final BuildCache files;
    private final Path cache;
    private final Path unfinished;

    /// Whether there can be a cache: the JVM makes none of classes in directories.
    private final boolean possible;

    private StartupCache(BuildCache files, boolean possible) {
        this.possible = possible;
        this.files = files;
        cache = files.file(SUFFIX);
        unfinished = files.file(".new");
    }

    /// @param files of the build that `classPath` is of
    static StartupCache of(String classPath, BuildCache files) {
        boolean jars =
                Arrays.stream(classPath.split(File.pathSeparator))
                        .noneMatch(element -> Files.isDirectory(Path.of(element)));
        return new StartupCache(files, jars);
    }

    /// The options of a JVM that uses the cache, or makes it.
    List<String> options() {
        if (!possible) {
            return List.of();
        }
        try {
            files.createDirectory();
            finish();
            if (Files.exists(cache)) {
                files.use(SUFFIX);
                return List.of("-XX:AOTCache=" + cache, "-Xlog:disable", "-Xlog:all=error:stderr");
            }
            return claim()
                    ? List.of(
                            "-XX:AOTCacheOutput=" + unfinished,
                            "-Xlog:disable",
                            "-D" + MAKING + "=true")
                    : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    /// Whether this process makes one.
    static boolean isBeingMadeHere() {
        return Boolean.getBoolean(MAKING);
    }

    /// Puts into use what the JVM has finished: it removes its own notes last.
    private void finish() throws IOException {
        var notes = Path.of(unfinished + ".config");
        if (Files.exists(unfinished) && Files.size(unfinished) > 0 && !Files.exists(notes)) {
            Files.move(unfinished, cache);
            files.removeOld(SUFFIX);
        }
    }

    /// Whether it is ours to make: nobody else is at it.
    private boolean claim() throws IOException {
        var claim = Path.of(unfinished + ".claim");
        if (Files.exists(claim)) {
            var age =
                    Duration.between(
                            Files.getLastModifiedTime(claim).toInstant(), BuildCache.now());
            if (age.compareTo(MAKING_MAX) < 0) {
                return false;
            }
            Files.delete(claim);
        }
        Files.write(claim, new byte[0], StandardOpenOption.CREATE_NEW);
        return true;
    }
}
