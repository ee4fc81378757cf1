package org.xenolith.xl.control;

import org.xenolith.base.Entropy;
import org.xenolith.board.DomainConfig;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
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

    /// Where there is one that knows less, nobody tries sooner after who did not get to the end.
    private static final Duration RETRY = Duration.ofDays(1);

    /// Where there is none, nobody waits longer for who is at it.
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final String FINISHED = ".aot";

    /// Whose it is to make one.
    private static final String CLAIM = ".claim";

    /// A number that tells one unfinished file from another.
    private static final int TOKEN_RADIX = 36;

    private static final LongSupplier TOKENS = Entropy.system()::nextLong;

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
            finish();
            removeLesser();
            var fitting = find(devices);
            if (fitting.isEmpty() && claim(devices)) {
                var token = Long.toUnsignedString(TOKENS.getAsLong(), TOKEN_RADIX);
                return CacheMaker.options(
                        file(devices, "." + token + CacheMaker.UNFINISHED), file(devices, CLAIM));
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

    /// Puts into use what makers have finished.
    private void finish() throws IOException {
        List<Path> unfinished;
        try (var all = Files.list(files.directory())) {
            unfinished =
                    all.filter(file -> file.toString().endsWith(CacheMaker.UNFINISHED)).toList();
        }
        for (var kind : KINDS) {
            var name = file(kind, ".").getFileName().toString();
            for (var file : unfinished) {
                if (file.getFileName().toString().startsWith(name)
                        && CacheMaker.takeFinished(file, file(kind, FINISHED))) {
                    Files.deleteIfExists(file(kind, CLAIM));
                    removeOld();
                }
            }
        }
    }

    private void removeOld() throws IOException {
        files.removeOld(FINISHED);
        files.removeOld(CLAIM);
        for (var suffix : CacheMaker.SUFFIXES) {
            files.removeOld(suffix);
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

    /// Whether it is ours to make: nobody else is at it, or has just failed.
    private boolean claim(Set<Device> kind) throws IOException {
        var claim = file(kind, CLAIM);
        try {
            if (Files.exists(claim)) {
                if (isHeld(claim)) {
                    return false;
                }
                Files.delete(claim);
            }
            Files.write(claim, new byte[0], StandardOpenOption.CREATE_NEW);
            return true;
        } catch (FileAlreadyExistsException | NoSuchFileException _) {
            return false; // another was faster
        }
    }

    private boolean isHeld(Path claim) throws IOException {
        var age = Duration.between(Files.getLastModifiedTime(claim).toInstant(), BuildCache.now());
        boolean isAlive = CacheMaker.isAlive(claim, age);
        return find(Set.of()).isPresent()
                ? isAlive || age.compareTo(RETRY) < 0
                : isAlive && age.compareTo(PATIENCE) < 0;
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
