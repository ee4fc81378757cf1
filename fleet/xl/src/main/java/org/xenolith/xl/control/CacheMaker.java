package org.xenolith.xl.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;

/// The process that makes a [StartupCache]. Its JVM writes a file when it ends, however it does:
/// whether that is good for others the process says beside it. Whoever claims to make one is in a
/// file of its own, so that others know for how long.
final class CacheMaker {
    /// Of the file that the JVM writes.
    static final String UNFINISHED = ".new";

    /// The process has done what a cache is to know.
    private static final String GOOD = ".good";

    /// The JVM's own notes while it writes.
    private static final String NOTES = ".config";

    /// Of all files that there may be of one that is being made.
    static final List<String> SUFFIXES = List.of(UNFINISHED, UNFINISHED + GOOD, UNFINISHED + NOTES);

    // Properties of the process: its files.
    private static final String MAKING = "xenolith.startup.making";
    private static final String CLAIM = "xenolith.startup.claim";

    /// A process that has been started writes down who it is within this.
    private static final Duration START_MAX = Duration.ofMinutes(1);

    /// Who has computed for less has not had a guest that booted.
    private static final Duration LEARNING_MIN = Duration.ofSeconds(4);

    /// A process, and when it began.
    private static final Pattern OWNER = Pattern.compile("(\\d{1,18}) (\\d{1,18})");

    private CacheMaker() {}

    /// Of its JVM.
    static List<String> options(Path unfinished, Path claim) {
        return List.of(
                "-XX:AOTCacheOutput=" + unfinished,
                "-Xlog:disable",
                "-D" + MAKING + "=" + unfinished,
                "-D" + CLAIM + "=" + claim);
    }

    // ---------------------------------------------------------------- in the process

    /// Whether this process is one.
    static boolean isHere() {
        return System.getProperty(MAKING) != null;
    }

    /// If this process is one, others know from now on for how long.
    static void begin() {
        if (isHere()) {
            try {
                write(Path.of(System.getProperty(CLAIM)), ProcessHandle.current());
            } catch (IOException e) {
                System.clearProperty(MAKING); // its file will not be good
            }
        }
    }

    static void write(Path claim, ProcessHandle process) throws IOException {
        Files.writeString(claim, process.pid() + " " + startMillis(process));
    }

    /// This process ends. If it is one, what its JVM has learned is good for others if there was a
    /// domain that did something: then it does what else a cache is to know, and says so. Else the
    /// next may try.
    static void end(boolean hadDomain) {
        if (!isHere()) {
            return;
        }
        var used = ProcessHandle.current().info().totalCpuDuration();
        try {
            if (hadDomain && used.orElse(LEARNING_MIN).compareTo(LEARNING_MIN) >= 0) {
                Training.perform();
                Files.write(Path.of(System.getProperty(MAKING) + GOOD), new byte[0]);
            } else {
                var claim = Path.of(System.getProperty(CLAIM));
                Files.setLastModifiedTime(claim, FileTime.from(Instant.EPOCH));
            }
        } catch (IOException e) {
            return; // the file is not good
        }
    }

    // ---------------------------------------------------------------- for others

    /// Whether who has claimed to make one still is at it.
    ///
    /// @param age since it has been claimed
    static boolean isAlive(Path claim, Duration age) throws IOException {
        var owner = OWNER.matcher(Files.readString(claim));
        return owner.matches()
                ? ProcessHandle.of(Long.parseLong(owner.group(1)))
                        .filter(process -> startMillis(process) == Long.parseLong(owner.group(2)))
                        .isPresent()
                : age.compareTo(START_MAX) < 0;
    }

    private static long startMillis(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    /// Puts a file where it is used, if the JVM has written it, which removes its own notes last,
    /// and if it is good; if not it goes.
    static boolean takeFinished(Path unfinished, Path finished) throws IOException {
        if (Files.exists(Path.of(unfinished + NOTES))) {
            return false;
        }
        var good = Path.of(unfinished + GOOD);
        boolean isGood = Files.exists(good);
        try {
            isGood = isGood && Files.size(unfinished) > 0;
            if (isGood) {
                Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (NoSuchFileException _) {
            return false; // another has done it
        }
        Files.deleteIfExists(unfinished);
        Files.deleteIfExists(good);
        return isGood;
    }
}
