package org.xenolith.xl.control;

import org.xenolith.board.DomainConfig;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What the JVM of a domain has learned about our own code, kept for the next ones: its
/// ahead-of-time cache (JEP 483, 514, 515), with loaded classes and profiles, which saves some
/// seconds of a boot and of a device's first use. A domain makes it, at its end: the first of a
/// build, and the first that has a kind of device ([Device]) which the domains before had not. All
/// others of that build and JVM use it.
///
/// They are files of the build ([BuildCache]). Whatever goes wrong with them, domains start
/// without.
final class StartupCache {
    /// Kinds of devices whose work fills seconds of the JVM's compilers.
    enum Device {
        DISK,
        NETWORK
    }

    /// What a cache can have been made with, the most first.
    private static final List<Set<Device>> KINDS =
            List.of(
                    Set.of(Device.DISK, Device.NETWORK),
                    Set.of(Device.DISK),
                    Set.of(Device.NETWORK),
                    Set.of());

    /// One that is being made longer than this is not being made any more.
    private static final Duration MAKING_MAX = Duration.ofMinutes(10);

    private static final String FINISHED = ".aot";
    private static final String UNFINISHED = ".new";

    /// Whose it is to make the unfinished one.
    private static final String CLAIM = ".claim";

    /// The JVM's own notes while it makes one.
    private static final String NOTES = ".config";

    /// A property of the process that makes it.
    private static final String MAKING = "xenolith.startup.making";

    private final BuildCache files;

    /// Whether there can be a cache: the JVM makes none of classes in directories.
    private final boolean possible;

    private StartupCache(BuildCache files, boolean possible) {
        this.possible = possible;
        this.files = files;
    }

    /// @param files of the build that `classPath` is of
    static StartupCache of(String classPath, BuildCache files) {
        boolean jars =
                Arrays.stream(classPath.split(File.pathSeparator))
                        .noneMatch(element -> Files.isDirectory(Path.of(element)));
        return new StartupCache(files, jars);
    }

    /// What a domain has from its start on.
    static Set<Device> devices(DomainConfig config) {
        var devices = EnumSet.noneOf(Device.class);
        if (!config.disks().isEmpty()) {
            devices.add(Device.DISK);
        }
        if (!config.vifs().isEmpty()) {
            devices.add(Device.NETWORK);
        }
        return devices;
    }

    /// The options of a JVM that uses a cache, or makes one.
    ///
    /// @param devices that it is to know
    List<String> options(Set<Device> devices) {
        if (!possible) {
            return List.of();
        }
        try {
            files.createDirectory();
            for (var kind : KINDS) {
                finish(kind);
            }
            removeLesser();
            var fitting = find(devices);
            if (fitting.isEmpty() && claim(devices)) {
                return List.of(
                        "-XX:AOTCacheOutput=" + file(devices, UNFINISHED),
                        "-Xlog:disable",
                        "-D" + MAKING + "=true");
            }
            // Somebody else makes what fits.
            return use(fitting.or(() -> find(Set.of())));
        } catch (IOException e) {
            return List.of();
        }
    }

    /// One that knows these devices.
    private Optional<Path> find(Set<Device> devices) {
        return KINDS.stream()
                .filter(kind -> kind.containsAll(devices))
                .map(kind -> file(kind, FINISHED))
                .filter(Files::exists)
                .findFirst();
    }

    private static List<String> use(Optional<Path> cache) throws IOException {
        if (cache.isEmpty()) {
            return List.of();
        }
        BuildCache.use(cache.get());
        return List.of("-XX:AOTCache=" + cache.get(), "-Xlog:disable", "-Xlog:all=error:stderr");
    }

    /// Whether this process makes one.
    static boolean isBeingMadeHere() {
        return Boolean.getBoolean(MAKING);
    }

    /// Puts into use what the JVM has finished: it removes its own notes last.
    private void finish(Set<Device> kind) throws IOException {
        var unfinished = file(kind, UNFINISHED);
        boolean finished =
                Files.exists(unfinished)
                        && Files.size(unfinished) > 0
                        && !Files.exists(Path.of(unfinished + NOTES));
        if (finished) {
            Files.move(unfinished, file(kind, FINISHED));
            for (var suffix : List.of(FINISHED, UNFINISHED, NOTES, CLAIM)) {
                files.removeOld(suffix);
            }
        }
    }

    /// Removes those that know less than another.
    private void removeLesser() throws IOException {
        for (var kind : KINDS) {
            boolean lesser =
                    KINDS.stream()
                            .filter(other -> other.containsAll(kind) && !other.equals(kind))
                            .anyMatch(other -> Files.exists(file(other, FINISHED)));
            if (lesser) {
                Files.deleteIfExists(file(kind, FINISHED));
            }
        }
    }

    /// Whether it is ours to make: nobody else is at it.
    private boolean claim(Set<Device> kind) throws IOException {
        var claim = Path.of(file(kind, UNFINISHED) + CLAIM);
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

    private Path file(Set<Device> kind, String suffix) {
        var devices =
                EnumSet.allOf(Device.class).stream()
                        .filter(kind::contains)
                        .map(device -> "-" + device.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining());
        return files.file(devices + suffix);
    }
}
