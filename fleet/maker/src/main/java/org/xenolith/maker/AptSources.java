package org.xenolith.maker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Where packages of a release come from: from where this host, which is a Debian of some release,
/// has its own, with the name of the release exchanged.
///
/// Both formats of sources.list(5) are read: lines of `deb`, and stanzas of fields.
final class AptSources {
    private static final int FILES_MAX = 200;
    private static final long FILE_BYTES_MAX = 1 << 20;
    private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /// Of these suites of a release a guest is made, where the host has them.
    private static final List<String> KINDS = List.of("", "-updates", "-security");

    private static final Set<String> COMPONENTS_USUAL = Set.of("main");

    private final Path root;

    /// `root` is the host's root directory.
    AptSources(Path root) {
        this.root = root;
    }

    /// A source of binary packages.
    private record Source(String uri, String suite, List<String> components, String signedBy) {}

    /// Lines of a sources.list for `release`.
    List<String> of(Release release) throws MakeException {
        var codename = codename();
        var lines = new LinkedHashSet<String>();
        for (var source : sources()) {
            kind(source.suite, codename)
                    .ifPresent(kind -> lines.add(line(source, release.codename() + kind)));
        }
        if (lines.isEmpty()) {
            throw new MakeException(
                    "this host's apt has no source of \"%s\", its own release; give --mirror"
                            .formatted(codename));
        }
        return List.copyOf(lines);
    }

    /// The same from one mirror.
    static List<String> ofMirror(String mirror, Release release) {
        var signed = Files.exists(Path.of(KEYRING)) ? "[signed-by=" + KEYRING + "] " : "";
        return List.of("deb %s%s %s main".formatted(signed, mirror, release.codename()));
    }

    private static String line(Source source, String suite) {
        var signed = source.signedBy.isEmpty() ? "" : "[signed-by=" + source.signedBy + "] ";
        var components = source.components.stream().filter(COMPONENTS_USUAL::contains).findFirst();
        return "deb %s%s %s %s".formatted(signed, source.uri, suite, components.orElse("main"));
    }

    /// What follows the name of the host's release in the name of a suite, if it is one that
    /// matters.
    private static Optional<String> kind(String suite, String codename) {
        return KINDS.stream().filter(kind -> suite.equals(codename + kind)).findFirst();
    }

    private String codename() throws MakeException {
        var file = root.resolve("etc/os-release");
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> line.startsWith("VERSION_CODENAME="))
                    .map(line -> line.substring("VERSION_CODENAME=".length()).replace("\"", ""))
                    .findFirst()
                    .orElseThrow(() -> new MakeException(file + " names no release of Debian"));
        } catch (IOException e) {
            throw new MakeException("this host is no Debian; give --mirror", e);
        }
    }

    private List<Source> sources() throws MakeException {
        var apt = root.resolve("etc/apt");
        var sources = new ArrayList<Source>();
        try {
            if (Files.exists(apt.resolve("sources.list"))) {
                addLines(apt.resolve("sources.list"), sources);
            }
            if (Files.isDirectory(apt.resolve("sources.list.d"))) {
                try (var files = Files.list(apt.resolve("sources.list.d"))) {
                    for (var file : files.sorted().limit(FILES_MAX).toList()) {
                        addFile(file, sources);
                    }
                }
            }
        } catch (IOException e) {
            throw new MakeException("cannot read this host's sources of packages: " + e, e);
        }
        return sources;
    }

    private static void addFile(Path file, List<Source> sources) throws IOException {
        if (file.toString().endsWith(".list")) {
            addLines(file, sources);
        } else if (file.toString().endsWith(".sources")) {
            addStanzas(file, sources);
        }
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.size(file) > FILE_BYTES_MAX ? List.of() : Files.readAllLines(file);
    }

    /// `deb [signed-by=KEYRING option=value] URI SUITE COMPONENT...`
    private static void addLines(Path file, List<Source> sources) throws IOException {
        for (var line : lines(file)) {
            var text = line.replaceFirst("#.*", "").strip();
            if (!text.matches("deb\\s.*")) {
                continue;
            }
            var rest = text.substring(4).strip();
            var signedBy = "";
            if (rest.startsWith("[") && rest.contains("]")) {
                signedBy =
                        Stream.of(rest.substring(1, rest.indexOf(']')).split("\\s+"))
                                .filter(option -> option.startsWith("signed-by="))
                                .map(option -> option.substring("signed-by=".length()))
                                .findFirst()
                                .orElse("");
                rest = rest.substring(rest.indexOf(']') + 1).strip();
            }
            var words = List.of(rest.split("\\s+"));
            if (words.size() >= 3) {
                var components = words.subList(2, words.size());
                sources.add(new Source(words.get(0), words.get(1), components, signedBy));
            }
        }
    }

    /// Stanzas with empty lines between, of fields that may go on in lines that begin with space.
    private static void addStanzas(Path file, List<Source> sources) throws IOException {
        var fields = new LinkedHashMap<String, String>();
        var name = "";
        for (var line : Stream.concat(lines(file).stream(), Stream.of("")).toList()) {
            if (line.isBlank()) {
                addStanza(fields, sources);
                fields.clear();
            } else if (line.startsWith(" ") || line.startsWith("\t")) {
                fields.merge(name, line.strip(), (before, more) -> before + "\n" + more);
            } else if (!line.startsWith("#") && line.contains(":")) {
                int colon = line.indexOf(':');
                name = line.substring(0, colon).toLowerCase(Locale.ROOT);
                fields.put(name, line.substring(colon + 1).strip());
            }
        }
    }

    private static void addStanza(Map<String, String> fields, List<Source> sources) {
        boolean binary = List.of(words(fields, "types")).contains("deb");
        if (!binary || fields.getOrDefault("enabled", "yes").equals("no")) {
            return;
        }
        var signedBy = fields.getOrDefault("signed-by", "");
        for (var uri : words(fields, "uris")) {
            for (var suite : words(fields, "suites")) {
                sources.add(
                        new Source(
                                uri,
                                suite,
                                List.of(words(fields, "components")),
                                signedBy.startsWith("/") && !signedBy.contains("\n")
                                        ? signedBy
                                        : ""));
            }
        }
    }

    private static String[] words(Map<String, String> fields, String name) {
        var value = fields.getOrDefault(name, "").strip();
        return value.isEmpty() ? new String[0] : value.split("\\s+");
    }
}
