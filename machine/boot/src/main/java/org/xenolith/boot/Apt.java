package org.xenolith.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Finds and downloads packages with the host's apt: its configuration, its keys, but no
/// privileges. Where the host's package lists are absent or too old, lists of our own are fetched
/// into the cache and used instead.
final class Apt {
    /// What may be asked for; also keeps options out of command lines.
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9+.-]{1,127}");

    private static final Pattern KERNEL = Pattern.compile("linux-image-(\\d+\\.\\d+)-([a-z0-9-]+)");

    private static final int META_PACKAGES_MAX = 4;

    private final Path directory;
    private final Consumer<String> progress;
    private final HostCommand commands;
    private List<String> options = List.of();

    /// Works in `directory`, which exists; tells in lines what it does.
    Apt(Path directory, HostCommand commands, Consumer<String> progress) {
        this.directory = directory;
        this.commands = commands;
        this.progress = progress;
    }

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /// A package as apt describes it; `bytes` is what is downloaded.
    record Package(String name, String version, List<String> depends, long bytes) {}

    /// A package and the file that it was downloaded to.
    record Download(Package contents, Path file) {}

    /// Downloads the real kernel package behind `name`, which may be a meta-package, or a name like
    /// `linux-image-6.12-cloud-amd64` that stands for the newest of that series.
    Download kernel(String name) throws BootException {
        return download(name, () -> behind(name));
    }

    /// Downloads the package of exactly this name.
    Download tool(String name) throws BootException {
        return download(name, () -> show(name));
    }

    @FunctionalInterface
    private interface LookUp {
        Optional<Package> find() throws BootException;
    }

    /// With the host's lists first, then with our own: outdated lists name packages that are gone.
    private Download download(String name, LookUp lookUp) throws BootException {
        if (!isName(name)) {
            throw new BootException("'" + name + "' is not a package name");
        }
        try {
            return attempt(name, lookUp);
        } catch (BootException first) {
            if (!options.isEmpty()) {
                throw first;
            }
            var trouble = fetchLists();
            try {
                return attempt(name, lookUp); // one source of several may fail without harm
            } catch (BootException second) {
                throw trouble.isEmpty()
                        ? second
                        : new BootException(first.getMessage() + "; " + trouble.get(), first);
            }
        }
    }

    private Download attempt(String name, LookUp lookUp) throws BootException {
        var wanted =
                lookUp.find().orElseThrow(() -> new BootException("apt knows no package " + name));
        progress.accept(
                "Fetching %s %s, %s"
                        .formatted(wanted.name, wanted.version, Content.mebibytes(wanted.bytes)));
        var result = run("apt-get", "download", "-q", wanted.name);
        if (!result.succeeded()) {
            throw new BootException(
                    "apt-get cannot download %s: %s".formatted(wanted.name, result.complaint()));
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> isPackage(file, wanted.name))
                    .findFirst()
                    .map(file -> new Download(wanted, file))
                    .orElseThrow(() -> new BootException("apt-get left no file of " + wanted.name));
        } catch (IOException e) {
            throw Content.unreadable(e).about(directory);
        }
    }

    private Optional<Package> behind(String name) throws BootException {
        var found = show(name);
        if (found.isEmpty()) {
            found = newestOfSeries(name);
        }
        for (int i = 0; i < META_PACKAGES_MAX && found.isPresent(); i++) {
            var dependency =
                    found.get().depends.stream()
                            .filter(one -> one.startsWith("linux-image-"))
                            .findFirst();
            if (dependency.isEmpty()) {
                return found;
            }
            found = show(dependency.get());
        }
        return Optional.empty();
    }

    private static boolean isPackage(Path file, String name) {
        var text = file.getFileName().toString();
        return text.startsWith(name + "_") && text.endsWith(".deb");
    }

    /// Fetches package lists of our own and uses them from now on. Tells what went wrong, if
    /// anything.
    private Optional<String> fetchLists() throws BootException {
        progress.accept("Fetching package lists");
        var lists = directory.resolve("lists");
        var cache = directory.resolve("cache");
        try {
            Files.createDirectories(lists.resolve("partial"));
            Files.createDirectories(cache.resolve("archives/partial"));
        } catch (IOException e) {
            throw new BootException("cannot write to " + directory, e);
        }
        options = List.of("-o", "Dir::State::Lists=" + lists, "-o", "Dir::Cache=" + cache);
        var result = run("apt-get", "update", "-q");
        // apt-get succeeds even if it could fetch nothing at all.
        if (result.succeeded() && !result.messages().contains("Failed to fetch")) {
            return Optional.empty();
        }
        return Optional.of("its package lists cannot be fetched: " + result.complaint());
    }

    private Optional<Package> show(String name) throws BootException {
        var result = run("apt-cache", "show", "--no-all-versions", name);
        var fields = firstStanza(result.output());
        if (!result.succeeded() || !name.equals(fields.get("Package"))) {
            return Optional.empty();
        }
        return Optional.of(
                new Package(
                        name,
                        fields.getOrDefault("Version", "unknown"),
                        names(fields.getOrDefault("Depends", "")),
                        number(fields.getOrDefault("Size", "0"))));
    }

    private static Map<String, String> firstStanza(String text) {
        var fields = new HashMap<String, String>();
        for (var line : text.lines().takeWhile(l -> !l.isBlank()).toList()) {
            int colon = line.indexOf(": ");
            if (colon > 0 && !line.startsWith(" ")) {
                fields.putIfAbsent(line.substring(0, colon), line.substring(colon + 2));
            }
        }
        return fields;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException _) {
            return 0;
        }
    }

    /// The first alternative of every dependency, without version and architecture.
    private static List<String> names(String depends) {
        return Stream.of(depends.split(","))
                .map(one -> one.strip().split("[ (:|]", 2)[0])
                .filter(one -> !one.isEmpty())
                .toList();
    }

    private Optional<Package> newestOfSeries(String name) throws BootException {
        var series = KERNEL.matcher(name);
        if (!series.matches()) {
            return Optional.empty();
        }
        var version = Pattern.quote(series.group(1));
        var flavour = Pattern.quote(series.group(2));
        var real =
                Pattern.compile(
                        "linux-image-%s\\.\\d+(-\\d+|[+~][a-z0-9.+~]+)?-%s(-unsigned)?"
                                .formatted(version, flavour));
        var result = run("apt-cache", "search", "--names-only", "^linux-image-" + series.group(1));
        var newest =
                result.output()
                        .lines()
                        .map(line -> line.split(" ", 2)[0])
                        .filter(candidate -> real.matcher(candidate).matches())
                        .max(Comparator.comparing(Apt::versionKey));
        return newest.isEmpty() ? Optional.empty() : show(newest.get());
    }

    /// A key that sorts names with numbers in them by the numbers; signed kernels come last.
    static String versionKey(String name) {
        var padded =
                Pattern.compile("\\d+")
                        .matcher(name)
                        .replaceAll(digits -> "0".repeat(padding(digits.group())) + digits.group());
        return padded.endsWith("-unsigned") ? padded.replace("-unsigned", "") : padded + "~";
    }

    private static int padding(String digits) {
        return Math.max(0, 12 - digits.length());
    }

    private HostCommand.Result run(String tool, String... arguments) throws BootException {
        var command = new ArrayList<String>();
        command.add(tool);
        command.addAll(options);
        command.addAll(List.of(arguments));
        return commands.run(command);
    }
}
