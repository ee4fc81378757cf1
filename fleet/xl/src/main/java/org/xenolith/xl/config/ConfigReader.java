package org.xenolith.xl.config;

import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainType;
import org.xenolith.board.EngineChoice;
import org.xenolith.board.InvalidConfigException;
import org.xenolith.board.Limits;
import org.xenolith.board.MemoryAccess;
import org.xenolith.board.ShutdownAction;
import org.xenolith.board.ShutdownActions;
import org.xenolith.boot.BootException;
import org.xenolith.boot.GuestKit;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.xl.config.ConfigValue.Atom;
import org.xenolith.xl.config.ConfigValue.Many;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Settings of an xl.cfg, checked and typed into a [DomainConfig].
public final class ConfigReader {
    private static final Pattern FIRST_WORD = Pattern.compile("^[a-z_]+");

    private static final Pattern PYGRUB = Pattern.compile("(/.*/)?pygrub");

    private static final String COMMAND_LINE = "command line";

    private final String source;
    private final Map<String, Setting> settings;
    private final List<String> warnings = new ArrayList<>();

    private ConfigReader(String source, Map<String, Setting> settings) {
        this.source = source;
        this.settings = settings;
    }

    /// A domain, and one line for each setting that has no effect.
    public record Result(DomainConfig config, List<String> warnings) {}

    /// The text of a configuration file; `/dev/null` is empty, as in xl.
    public static String readFile(String file) throws ConfigException {
        if (file.equals("/dev/null")) {
            return "";
        }
        try {
            var path = Path.of(file);
            if (Files.isDirectory(path)) {
                throw new ConfigException(file, "cannot read: is a directory");
            }
            if (Files.size(path) > ConfigParser.TEXT_CHARACTERS_MAX) {
                throw new ConfigException(
                        file, "longer than " + ConfigParser.TEXT_CHARACTERS_MAX + " bytes");
            }
            return new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new ConfigException(file, "no such file");
        } catch (InvalidPathException | IOException e) {
            throw new ConfigException(file, "cannot read: " + e.getMessage());
        }
    }

    /// Reads `text`; `source` names it in messages.
    public static Result read(String source, String text) throws ConfigException {
        return read(source, text, "");
    }

    /// Reads `text`, and then `overrides` from the command line, which count more.
    public static Result read(String source, String text, String overrides) throws ConfigException {
        var settings = ConfigParser.parse(source, text);
        ConfigParser.parse(COMMAND_LINE, overrides, settings);
        var reader = new ConfigReader(source, settings);
        reader.checkKeys();
        try {
            return new Result(reader.domain(), List.copyOf(reader.warnings));
        } catch (InvalidConfigException e) {
            throw reader.located(e.getMessage());
        }
    }

    private DomainConfig domain() throws ConfigException {
        var name = text("name").orElseThrow(() -> new ConfigException(source, "name is missing"));
        var type = type();
        var builder = DomainConfig.builder(name);
        if (text("deterministic").isPresent()) {
            builder.deterministic(number("deterministic", 0));
        }
        var bootloader = bootloader();
        if (bootloader.isPresent()) {
            builder.bootloader(bootloader.get());
        } else {
            builder.kernel(kernel(type)).ramdisk(file("ramdisk"));
        }
        return builder.uuid(uuid())
                .type(type)
                .commandLine(commandLine())
                .memoryMib(number("memory", 128))
                .maxMemoryMib(number("maxmem", 0))
                .vcpus(count("vcpus", 1))
                .maxVcpus(count("maxvcpus", 0))
                .actions(actions())
                .limits(limits())
                .engine(engine())
                .memoryAccess(memoryAccess())
                .disks(listed("disk", "a disk", DiskParser::parse))
                .vifs(listed("vif", "an interface", VifParser::parse))
                .build();
    }

    // ---------------------------------------------------------------- keys with a meaning

    private DomainType type() throws ConfigException {
        var type = text("type").or(() -> builderType()).orElse("pvh");
        return switch (type) {
            case "pvh" -> DomainType.PVH;
            case "hvm" -> DomainType.HVM;
            case "pv" ->
                    throw at("type", "type \"pv\" is not supported; most kernels also run as pvh");
            default -> throw at("type", "type must be \"pvh\" or \"hvm\", not \"" + type + "\"");
        };
    }

    /// The older way to say `type`.
    private Optional<String> builderType() {
        return settings.get("builder") instanceof Setting(_, Atom(var builder), _, _)
                        && builder.equals("hvm")
                ? Optional.of("hvm")
                : Optional.empty();
    }

    private String kernel(DomainType type) throws ConfigException {
        var key =
                type == DomainType.HVM && settings.containsKey("firmware_override")
                        ? "firmware_override"
                        : "kernel";
        if (key.equals("kernel") && settings.containsKey("firmware_override")) {
            warn(
                    settings.get("firmware_override"),
                    "firmware_override has no effect with type \"pvh\"");
        }
        var value = file(key);
        if (value.isEmpty()) {
            throw new ConfigException(
                    source,
                    type == DomainType.HVM
                            ? "firmware_override or kernel is missing: there is no BIOS"
                            : "kernel is missing");
        }
        return value;
    }

    /// Where there is a boot loader, `kernel` and `ramdisk` are paths in the guest's disk, as libxl
    /// has it.
    private Optional<PygrubOptions> bootloader() throws ConfigException {
        var program = text("bootloader").orElse("");
        if (program.isEmpty()) {
            return Optional.empty();
        }
        if (!PYGRUB.matcher(program).matches()) {
            throw at("bootloader", "bootloader must be \"pygrub\", not \"" + program + "\"");
        }
        try {
            var options = PygrubOptions.parse(words("bootloader_args"));
            var kernel = text("kernel").filter(path -> !path.isEmpty());
            var ramdisk = text("ramdisk").filter(path -> !path.isEmpty());
            options = kernel.isPresent() ? options.withKernel(kernel.get()) : options;
            return Optional.of(ramdisk.isPresent() ? options.withRamdisk(ramdisk.get()) : options);
        } catch (BootException e) {
            throw at("bootloader_args", "bootloader_args: " + e.getMessage());
        }
    }

    /// The elements of a list; the words of a single value, which is the older way.
    private List<String> words(String key) throws ConfigException {
        var setting = settings.get(key);
        if (setting == null) {
            return List.of();
        }
        return switch (setting.value()) {
            case Atom(var text) ->
                    Stream.of(text.split("\\s+")).filter(word -> !word.isEmpty()).toList();
            case Many(var values) -> {
                var words = new ArrayList<String>();
                for (var value : values) {
                    if (!(value instanceof Atom(var text))) {
                        throw at(key, key + ": a list where a word should be");
                    }
                    words.add(text);
                }
                yield words;
            }
        };
    }

    /// A path, or the guest kit's name for one; empty if there is none.
    private String file(String key) throws ConfigException {
        var value = text(key).orElse("");
        try {
            return GuestKit.isMeant(value) ? value : Path.of(value).toString();
        } catch (InvalidPathException e) {
            throw at(key, key + " is not a path: " + e.getReason());
        }
    }

    /// `cmdline`, or else `root=` from `root` followed by `extra` (xl.cfg.5).
    private String commandLine() throws ConfigException {
        var root = text("root").map(value -> "root=" + value);
        var extra = text("extra");
        var whole = text("cmdline");
        if (whole.isPresent()) {
            if (root.isPresent() || extra.isPresent()) {
                warn(settings.get("cmdline"), "cmdline overrides root and extra");
            }
            return whole.get();
        }
        return Stream.concat(root.stream(), extra.stream()).collect(Collectors.joining(" "));
    }

    private UUID uuid() throws ConfigException {
        var text = text("uuid");
        if (text.isEmpty()) {
            return null;
        }
        var digits = text.get().replace("-", "").toLowerCase(Locale.ROOT);
        if (!digits.matches("[0-9a-f]{32}")) {
            throw at("uuid", "uuid must have 32 hexadecimal digits");
        }
        return new UUID(
                Long.parseUnsignedLong(digits, 0, 16, 16),
                Long.parseUnsignedLong(digits, 16, 32, 16));
    }

    /// A list of specifications; empty if there is no such key.
    private <T> List<T> listed(String key, String element, Function<String, T> parse)
            throws ConfigException {
        var setting = settings.get(key);
        if (setting == null) {
            return List.of();
        }
        if (!(setting.value() instanceof Many(var values))) {
            throw at(key, key + " is a single value but should be a list");
        }
        var parsed = new ArrayList<T>();
        for (var value : values) {
            switch (value) {
                case Atom(var text) -> parsed.add(parse.apply(text));
                case Many _ ->
                        throw at(key, "%s: a list where %s should be".formatted(key, element));
            }
        }
        return parsed;
    }

    private ShutdownActions actions() throws ConfigException {
        var defaults = ShutdownActions.DEFAULT;
        return new ShutdownActions(
                action("on_poweroff", defaults.onPoweroff()),
                action("on_reboot", defaults.onReboot()),
                action("on_crash", defaults.onCrash()),
                action("on_watchdog", defaults.onWatchdog()),
                action("on_soft_reset", defaults.onSoftReset()));
    }

    private ShutdownAction action(String key, ShutdownAction byDefault) throws ConfigException {
        var word = text(key);
        if (word.isEmpty()) {
            return byDefault;
        }
        return ShutdownAction.ofWord(word.get())
                .orElseThrow(() -> at(key, key + ": unknown action \"" + word.get() + "\""));
    }

    private Limits limits() throws ConfigException {
        var defaults = Limits.DEFAULT;
        return new Limits(
                count("max_grant_frames", defaults.grantFramesMax()),
                count("max_maptrack_frames", defaults.maptrackFramesMax()),
                count("max_grant_version", defaults.grantVersionMax()),
                count("max_event_channels", defaults.eventChannelsMax()));
    }

    /// A domain that `xl` creates has a process of its own, so `unchecked` unless set.
    private MemoryAccess memoryAccess() throws ConfigException {
        var word = text("memory_access").orElse("unchecked");
        return switch (word) {
            case "checked" -> MemoryAccess.CHECKED;
            case "unchecked" -> MemoryAccess.UNCHECKED;
            default ->
                    throw at(
                            "memory_access",
                            "memory_access must be \"checked\" or \"unchecked\", not \""
                                    + word
                                    + "\"");
        };
    }

    private EngineChoice engine() throws ConfigException {
        var word = text("engine").orElse("auto");
        return switch (word) {
            case "auto" -> EngineChoice.AUTO;
            case "soft" -> EngineChoice.SOFT;
            case "kvm" -> EngineChoice.KVM;
            default ->
                    throw at(
                            "engine",
                            "engine must be \"auto\", \"soft\" or \"kvm\", not \"" + word + "\"");
        };
    }

    // ---------------------------------------------------------------- shapes

    private Optional<String> text(String key) throws ConfigException {
        var setting = settings.get(key);
        if (setting == null) {
            return Optional.empty();
        }
        return switch (setting.value()) {
            case Atom(var text) -> Optional.of(text);
            case Many _ -> throw at(key, key + " is a list but should be a single value");
        };
    }

    private int count(String key, int byDefault) throws ConfigException {
        long value = number(key, byDefault);
        if (value != (int) value) {
            throw at(key, key + " is out of range: " + value);
        }
        return (int) value;
    }

    private long number(String key, long byDefault) throws ConfigException {
        var text = text(key);
        if (text.isEmpty()) {
            return byDefault;
        }
        if (settings.get(key).added()) {
            throw at(key, key + ": += does not go with numbers");
        }
        return parseNumber(text.get())
                .orElseThrow(() -> at(key, key + " is not a number: \"" + text.get() + "\""));
    }

    /// As `strtol` with base 0 does: decimal, 0x hexadecimal or 0 octal, whole, within 64 bits.
    static Optional<Long> parseNumber(String text) {
        try {
            return Optional.of(Long.decode(text.strip()));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    // ---------------------------------------------------------------- keys without effect

    private void checkKeys() {
        for (var setting : settings.values()) {
            var key = ConfigKeys.find(setting.key());
            if (key == null) {
                warn(setting, "unknown key " + setting.key() + " is ignored");
            } else if (!isHarmless(key, setting.value())) {
                warn(setting, setting.key() + " is not supported and is ignored");
            }
        }
    }

    private static boolean isHarmless(ConfigKeys.Key key, ConfigValue value) {
        return switch (key.support()) {
            case FULL, NEEDLESS -> true;
            case ALWAYS_ON ->
                    value instanceof Atom(var text)
                            && parseNumber(text).filter(n -> n != 0).isPresent();
            case ALWAYS_OFF ->
                    switch (value) {
                        case Atom(var text) -> text.isEmpty() || text.equals("0");
                        case Many(var values) -> values.isEmpty();
                    };
        };
    }

    private void warn(Setting setting, String text) {
        warnings.add(setting.place() + ": warning: " + text);
    }

    private ConfigException at(String key, String reason) {
        var setting = settings.get(key);
        return setting == null
                ? new ConfigException(source, reason)
                : new ConfigException(setting.place(), reason);
    }

    /// The line of the key that a message begins with.
    private ConfigException located(String message) {
        var word = FIRST_WORD.matcher(message);
        return at(word.find() ? word.group() : "", message);
    }
}
