package org.xenolith.xl.config;

import org.xenolith.board.DiskConfig;
import org.xenolith.board.InvalidConfigException;
import org.xenolith.images.ImageFormat;
import org.xenolith.pv.block.VirtualDevice;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Disk specifications of xl.cfg (docs/man/xl-disk-configuration.5.pod in the Xen tree): keywords,
/// flags and positional parameters, separated by commas; the deprecated prefixes too.
public final class DiskParser {
    /// Prefixes that say nothing any more.
    private static final Pattern IDLE_PREFIX =
            Pattern.compile("(?:tapdisk|tap2?|aio|ioemu|file|phy):");

    private static final Pattern FORMAT_PREFIX = Pattern.compile("(raw|qcow2?|vhd):");
    private static final Pattern SCRIPT_PREFIX = Pattern.compile("(iscsi|e?nbd|drbd):");
    private static final Pattern UNKNOWN_PREFIX = Pattern.compile("([a-z][a-z0-9]*):(?![a-z0-9])");

    private static final String TARGET = "target=";

    /// Flags and settings without meaning here, since there is one back end and it has no
    /// workarounds.
    private static final Set<String> IDLE =
            Set.of("direct-io-safe", "no-colo", "trusted", "grant_usage=0", "grant_usage=1");

    private static final Set<String> BACKEND_TYPES = Set.of("phy", "tap", "qdisk", "");
    private static final Set<String> CONTROL_DOMAINS = Set.of("0", "Domain-0", "");

    private final String specification;

    /// What has been said; a parameter with an empty value may be said again.
    private final Map<String, String> said = new HashMap<>();

    private boolean prefixed;
    private boolean accessPlaced;

    private DiskParser(String specification) {
        this.specification = specification;
    }

    /// The disk that `specification` means. Refusals are one line that names the reason and the
    /// specification.
    ///
    /// @throws InvalidConfigException if it means none, or one that is not supported
    public static DiskConfig parse(String specification) {
        var parser = new DiskParser(specification);
        parser.scan();
        return parser.disk();
    }

    private InvalidConfigException wrong(String reason) {
        return new InvalidConfigException("disk: %s in \"%s\"".formatted(reason, specification));
    }

    // ---------------------------------------------------------------- words

    private void scan() {
        int at = 0;
        while (at < specification.length()) {
            char c = specification.charAt(at);
            if (c == ' ' || c == '\t' || c == '\n') {
                at++;
            } else if (specification.startsWith(TARGET, at)) {
                say("target", withoutComma(specification.substring(at + TARGET.length())));
                return;
            } else {
                int prefix = prefix(at);
                at = prefix > at ? prefix : parameter(at);
            }
        }
    }

    private static String withoutComma(String text) {
        return text.endsWith(",") ? text.substring(0, text.length() - 1) : text;
    }

    /// Takes a deprecated prefix; returns where it ends, or `at` if there is none.
    private int prefix(int at) {
        var rest = specification.substring(at);
        var idle = IDLE_PREFIX.matcher(rest);
        if (idle.lookingAt()) {
            prefixed = true;
            return at + idle.end();
        }
        var format = FORMAT_PREFIX.matcher(rest);
        if (format.lookingAt()) {
            prefixed = true;
            say("format", format.group(1));
            return at + format.end();
        }
        if (SCRIPT_PREFIX.matcher(rest).lookingAt()) {
            throw wrong("block scripts are not supported");
        }
        var unknown = UNKNOWN_PREFIX.matcher(rest);
        if (unknown.lookingAt()) {
            throw wrong("unknown deprecated disk prefix \"%s:\"".formatted(unknown.group(1)));
        }
        return at;
    }

    /// Takes a parameter up to its comma; returns where the next begins.
    private int parameter(int at) {
        int comma = specification.indexOf(',', at);
        int end = comma < 0 ? specification.length() : comma;
        var word = specification.substring(at, end);
        int equals = word.indexOf('=');
        if (IDLE.contains(word)) {
            return end + 1;
        }
        if (equals >= 0) {
            keyword(word.substring(0, equals), word.substring(equals + 1));
        } else if (!flag(word)) {
            positional(word);
        }
        return end + 1;
    }

    private void keyword(String key, String value) {
        switch (key) {
            case "format", "vdev", "access", "sector-size" -> say(key, value);
            case "devtype" -> say("devtype", deviceType(value));
            case "backendtype" -> {
                if (!BACKEND_TYPES.contains(value)) {
                    throw wrong("unknown value for backendtype: \"%s\"".formatted(value));
                }
            }
            case "backend" -> {
                if (!CONTROL_DOMAINS.contains(value)) {
                    throw wrong("driver domains are not supported");
                }
            }
            case "specification" -> {
                if (!value.equals("xen")) {
                    throw wrong("only specification \"xen\" is supported");
                }
            }
            case "script" -> throw wrong("block scripts are not supported");
            case "colo-host", "colo-port", "colo-export", "active-disk", "hidden-disk" ->
                    throw wrong("COLO is not supported");
            default ->
                    throw wrong(
                            key.matches("[a-z][-a-z0-9]*")
                                    ? "unknown parameter \"%s\"".formatted(key)
                                    : "bad disk syntax");
        }
    }

    private boolean flag(String word) {
        switch (word) {
            case "cdrom" -> say("devtype", word);
            case "discard", "no-discard" -> say("discard", word);
            case "colo" -> throw wrong("COLO is not supported");
            case "untrusted" -> throw wrong("untrusted back ends are not supported");
            default -> {
                return false;
            }
        }
        return true;
    }

    /// The first of target, format, vdev and access that has not been said.
    private void positional(String word) {
        if (!said.containsKey("target")) {
            said.put("target", word);
        } else if (!prefixed && !said.containsKey("format")) {
            // xend's way to write an empty drive: `,hdc:cdrom,r`
            if (!said.get("target").isEmpty() || !deviceWithType(word)) {
                said.put("format", word);
            } else {
                said.put("format", "");
            }
        } else if (!said.containsKey("vdev")) {
            if (!deviceWithType(word)) {
                said.put("vdev", word);
            }
        } else if (!accessPlaced) {
            accessPlaced = true;
            say("access", word);
        } else {
            throw wrong("too many positional parameters");
        }
    }

    /// Takes `<vdev>:<devtype>`; false if it is none.
    private boolean deviceWithType(String word) {
        int colon = word.lastIndexOf(':');
        if (colon < 0) {
            return false;
        }
        say("vdev", word.substring(0, colon));
        say("devtype", deviceType(word.substring(colon + 1)));
        return true;
    }

    private String deviceType(String word) {
        if (!List.of("cdrom", "disk").contains(word)) {
            throw wrong("unknown value for devtype: \"%s\"".formatted(word));
        }
        return word;
    }

    private void say(String parameter, String value) {
        var before = said.put(parameter, value);
        if (before != null && !before.isEmpty() && !before.equals(value)) {
            throw wrong(parameter + " respecified");
        }
    }

    // ---------------------------------------------------------------- meaning

    private DiskConfig disk() {
        boolean cdrom = value("devtype").filter("cdrom"::equals).isPresent();
        boolean writable = access() && !cdrom;
        var target = target();
        if (target.isEmpty() && !cdrom) {
            throw wrong("no target specified");
        }
        boolean discard = value("discard").map("discard"::equals).orElse(writable);
        return new DiskConfig(device(), format(), target, writable, cdrom, discard, sectorBytes());
    }

    private Optional<String> value(String parameter) {
        return Optional.ofNullable(said.get(parameter)).filter(value -> !value.isEmpty());
    }

    private VirtualDevice device() {
        var name = value("vdev").orElseThrow(() -> wrong("no vdev specified"));
        return VirtualDevice.parse(name)
                .orElseThrow(() -> wrong("unknown value for vdev: \"%s\"".formatted(name)));
    }

    private ImageFormat format() {
        var word = value("format").orElse("raw");
        if (List.of("qcow", "qed").contains(word)) {
            throw wrong("format \"%s\" is not supported".formatted(word));
        }
        return word.equals("empty")
                ? ImageFormat.RAW
                : ImageFormat.named(word)
                        .orElseThrow(
                                () -> wrong("unknown value for format: \"%s\"".formatted(word)));
    }

    private boolean access() {
        var word = value("access").orElse("rw");
        return switch (word) {
            case "r", "ro" -> false;
            case "w", "rw" -> true;
            default -> throw wrong("unknown value for access: \"%s\"".formatted(word));
        };
    }

    private int sectorBytes() {
        var word = value("sector-size").orElse(Integer.toString(DiskConfig.SECTOR_BYTES));
        if (!List.of("512", "4096").contains(word)) {
            throw wrong("sector-size must be 512 or 4096, not \"%s\"".formatted(word));
        }
        return Integer.parseInt(word);
    }

    /// A relative path is looked for where we are, and else in `/dev`, where the manual has it.
    private Optional<Path> target() {
        try {
            return value("target").map(Path::of).map(DiskParser::absolute);
        } catch (InvalidPathException e) {
            throw wrong("target is not a path: " + e.getReason());
        }
    }

    private static Path absolute(Path path) {
        return path.isAbsolute() || Files.exists(path)
                ? path.toAbsolutePath()
                : Path.of("/dev").resolve(path);
    }
}
