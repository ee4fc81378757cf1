package org.xenolith.xl.control;

import org.xenolith.board.DomainConfig;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
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

    /// A process that has been started writes down who it is within this.
    private static final Duration START_MAX = Duration.ofMinutes(1);

    /// Where there is one that knows less, nobody tries sooner after who did not get to the end.
    private static final Duration RETRY = Duration.ofDays(1);

    /// Who has computed for less has not had a guest that booted.
    private static final Duration LEARNING_MIN = Duration.ofSeconds(4);

    private static final String FINISHED = ".aot";
    private static final String UNFINISHED = ".new";

    /// Whose it is to make the unfinished one: a process and when it began, once it has.
    private static final String CLAIM = ".claim";

    /// That process has done what a cache is to know.
    private static final String GOOD = ".good";

    /// The JVM's own notes while it makes one.
    private static final String NOTES = ".config";

    /// A property of the process that makes it: the unfinished file.
    private static final String MAKING = "xenolith.startup.making";

    private static final Pattern OWNER = Pattern.compile("(\\d{1,18}) (\\d{1,18})");

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
                        "-D" + MAKING + "=" + file(devices, UNFINISHED));
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

    // ---------------------------------------------------------------- the process that makes it

    /// Whether this process makes one.
    static boolean isBeingMadeHere() {
        return System.getProperty(MAKING) != null;
    }

    /// If this process makes one, others know from now on for how long.
    static void begin() throws IOException {
        if (isBeingMadeHere()) {
            write(Path.of(System.getProperty(MAKING)), ProcessHandle.current());
        }
    }

    static void write(Path unfinished, ProcessHandle process) throws IOException {
        var text = process.pid() + " " + startMillis(process);
        Files.writeString(Path.of(unfinished + CLAIM), text);
    }

    private static long startMillis(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    /// This process ends. If it makes one, what it has learned is good for others if it has had a
    /// domain that did something: it does what else a cache is to know, and says so. Else the next
    /// may try.
    static void end(boolean hadDomain) throws IOException {
        if (!isBeingMadeHere()) {
            return;
        }
        var unfinished = Path.of(System.getProperty(MAKING));
        var used = ProcessHandle.current().info().totalCpuDuration();
        if (hadDomain && used.orElse(LEARNING_MIN).compareTo(LEARNING_MIN) >= 0) {
            Training.perform();
            Files.deleteIfExists(unfinished); // of one that was not good
            Files.write(Path.of(unfinished + GOOD), new byte[0]);
        } else {
            Files.deleteIfExists(Path.of(unfinished + CLAIM));
        }
    }

    // ---------------------------------------------------------------- files

    /// Puts into use what the JVM has finished: it removes its own notes last.
    private void finish(Set<Device> kind) throws IOException {
        var unfinished = file(kind, UNFINISHED);
        boolean finished =
                Files.exists(unfinished)
                        && Files.size(unfinished) > 0
                        && !Files.exists(Path.of(unfinished + NOTES))
                        && Files.exists(Path.of(unfinished + GOOD));
        if (!finished) {
            return;
        }
        try {
            Files.move(unfinished, file(kind, FINISHED), StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException _) {
            return; // another has done it
        }
        removeUnfinished(unfinished);
        for (var suffix : List.of(FINISHED, UNFINISHED, NOTES, GOOD, CLAIM)) {
            files.removeOld(suffix);
        }
    }

    private static void removeUnfinished(Path unfinished) throws IOException {
        Files.deleteIfExists(unfinished);
        for (var suffix : List.of(NOTES, GOOD, CLAIM)) {
            Files.deleteIfExists(Path.of(unfinished + suffix));
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
        var unfinished = file(kind, UNFINISHED);
        var claim = Path.of(unfinished + CLAIM);
        try {
            if (Files.exists(claim)) {
                if (isHeld(claim)) {
                    return false;
                }
                removeUnfinished(unfinished);
            }
            Files.write(claim, new byte[0], StandardOpenOption.CREATE_NEW);
            return true;
        } catch (FileAlreadyExistsException | NoSuchFileException _) {
            return false; // another was faster
        }
    }

    private boolean isHeld(Path claim) throws IOException {
        var age = Duration.between(Files.getLastModifiedTime(claim).toInstant(), BuildCache.now());
        var owner = OWNER.matcher(Files.readString(claim));
        if (!owner.matches()) {
            return age.compareTo(START_MAX) < 0;
        }
        var process = ProcessHandle.of(Long.parseLong(owner.group(1)));
        if (process.isPresent() && startMillis(process.get()) == Long.parseLong(owner.group(2))) {
            return true;
        }
        return find(Set.of()).isPresent() && age.compareTo(RETRY) < 0;
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
