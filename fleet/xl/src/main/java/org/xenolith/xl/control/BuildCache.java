package org.xenolith.xl.control;

import org.xenolith.base.Clock;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Files in the user's cache directory that are good for one build of ours and one JVM: those of
/// one kind lie in `$XDG_CACHE_HOME/xenolith/KIND` or `~/.cache/xenolith/KIND`, which only the user
/// may enter, and are called as the build is.
///
/// @param build made from the JVM's version and the names, sizes and times of what is on the class
///   path
record BuildCache(Path directory, String build) {
    /// Other builds whose files stay.
    private static final int OLD_MAX = 2;

    /// Of the build that `classPath` is of.
    static BuildCache of(String kind, String classPath, Map<String, String> environment) {
        var home = environment.getOrDefault("XDG_CACHE_HOME", "");
        var root =
                home.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(home);
        return new BuildCache(root.resolve("xenolith").resolve(kind), fingerprint(classPath));
    }

    private static String fingerprint(String classPath) {
        var text = new StringBuilder(System.getProperty("java.vm.version")).append(classPath);
        for (var element : classPath.split(File.pathSeparator)) {
            var file = new File(element);
            text.append(' ').append(file.length()).append(' ').append(lastModified(file));
        }
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var bytes = digest.digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(bytes, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /// Of a directory, when the last file in it has been written.
    private static long lastModified(File file) {
        if (!file.isDirectory()) {
            return file.lastModified();
        }
        try (var all = Files.walk(file.toPath())) {
            return all.mapToLong(each -> each.toFile().lastModified()).max().orElse(0);
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    /// This build's file.
    Path file(String suffix) {
        return directory.resolve(build + suffix);
    }

    void createDirectory() throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }

    /// Notes that a file has been used just now.
    static void use(Path file) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(now()));
    }

    /// Removes files of other builds, but for those builds whose were used last.
    void removeOld(String suffix) throws IOException {
        var others = new HashMap<String, List<Path>>();
        try (var all = Files.list(directory)) {
            all.filter(file -> file.toString().endsWith(suffix))
                    .filter(file -> !buildOf(file).equals(build))
                    .forEach(file ->
                            others.computeIfAbsent(buildOf(file), _ -> new ArrayList<>())
                                    .add(file));
        }
        var old =
                others.values().stream()
                        .sorted(Comparator.comparing(BuildCache::lastUsed).reversed())
                        .skip(OLD_MAX)
                        .flatMap(List::stream)
                        .toList();
        for (var file : old) {
            Files.deleteIfExists(file);
        }
    }

    private String buildOf(Path file) {
        var name = file.getFileName().toString();
        return name.substring(0, Math.min(build.length(), name.length()));
    }

    private static Instant lastUsed(List<Path> files) {
        return files.stream().map(BuildCache::used).max(Comparator.naturalOrder()).orElseThrow();
    }

    static Instant now() {
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
