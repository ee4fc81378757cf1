package org.xenolith.xl.control;

import org.xenolith.base.Clock;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// What the JVM of a domain has learned about our own code, kept for the next ones: its
/// ahead-of-time cache (JEP 483, 514, 515), with loaded classes and profiles, which saves some
/// seconds of a boot. The first domain of a build makes it, at its end; all others of that build
/// and JVM use it.
///
/// It lies in `$XDG_CACHE_HOME/xenolith/jvm` or `~/.cache/xenolith/jvm`. Whatever goes wrong with
/// it, domains start without.
final class StartupCache {
    /// Caches of other builds that stay.
    private static final int OLD_MAX = 2;

    /// One that is being made longer than this is not being made any more.
    private static final Duration MAKING_MAX = Duration.ofMinutes(10);

    private final Path directory;
    private final Path cache;
    private final Path unfinished;

    /// Whether there can be a cache: the JVM makes none of classes in directories.
    private final boolean possible;

    private StartupCache(Path directory, String build, boolean possible) {
        this.possible = possible;
        this.directory = directory;
        cache = directory.resolve(build + ".aot");
        unfinished = directory.resolve(build + ".new");
    }

    /// Of the build that `classPath` is of.
    static StartupCache of(String classPath, Map<String, String> environment) {
        var home = environment.getOrDefault("XDG_CACHE_HOME", "");
        var root =
                home.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(home);
        boolean jars =
                Arrays.stream(classPath.split(File.pathSeparator))
                        .noneMatch(element -> Files.isDirectory(Path.of(element)));
        return new StartupCache(
                root.resolve("xenolith").resolve("jvm"), fingerprint(classPath), jars);
    }

    private static String fingerprint(String classPath) {
        var text = new StringBuilder(System.getProperty("java.vm.version")).append(classPath);
        for (var element : classPath.split(File.pathSeparator)) {
            var file = new File(element);
            text.append(' ').append(file.length()).append(' ').append(file.lastModified());
        }
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var bytes = digest.digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(bytes, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /// The options of a JVM that uses the cache, or makes it.
    List<String> options() {
        if (!possible) {
            return List.of();
        }
        try {
            Files.createDirectories(directory);
            finish();
            if (Files.exists(cache)) {
                Files.setLastModifiedTime(cache, FileTime.from(now()));
                return List.of("-XX:AOTCache=" + cache, "-Xlog:disable", "-Xlog:all=error:stderr");
            }
            return claim()
                    ? List.of("-XX:AOTCacheOutput=" + unfinished, "-Xlog:disable")
                    : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    /// Puts into use what the JVM has finished: it removes its own notes last.
    private void finish() throws IOException {
        var notes = Path.of(unfinished + ".config");
        if (Files.exists(unfinished) && Files.size(unfinished) > 0 && !Files.exists(notes)) {
            Files.move(unfinished, cache);
            removeOld();
        }
    }

    /// Whether it is ours to make: nobody else is at it.
    private boolean claim() throws IOException {
        var claim = Path.of(unfinished + ".claim");
        if (Files.exists(claim)) {
            var age = Duration.between(Files.getLastModifiedTime(claim).toInstant(), now());
            if (age.compareTo(MAKING_MAX) < 0) {
                return false;
            }
            Files.delete(claim);
        }
        Files.write(claim, new byte[0], StandardOpenOption.CREATE_NEW);
        return true;
    }

    private void removeOld() throws IOException {
        try (var all = Files.list(directory)) {
            var old =
                    all.filter(file -> file.toString().endsWith(".aot") && !file.equals(cache))
                            .sorted(Comparator.comparing(StartupCache::used).reversed())
                            .skip(OLD_MAX)
                            .toList();
            for (var file : old) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static Instant now() {
        return Instant.EPOCH.plusNanos(Clock.system().wallNanos());
    }

    private static Instant used(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            return Instant.EPOCH;
        }
    }
}
