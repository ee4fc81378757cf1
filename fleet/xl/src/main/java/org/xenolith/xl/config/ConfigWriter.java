package org.xenolith.xl.config;

import org.xenolith.base.Sizes;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.ShutdownAction;

import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/// A domain's configuration as the text of an xl.cfg, from which [ConfigReader] reads the same.
public final class ConfigWriter {
    private final StringJoiner lines = new StringJoiner("\n", "", "\n");

    private ConfigWriter() {}

    public static String text(DomainConfig config) {
        var writer = new ConfigWriter();
        writer.all(config);
        return writer.lines.toString();
    }

    private void all(DomainConfig config) {
        string("name", config.name());
        string("uuid", config.uuid().toString());
        string("type", word(config.type()));
        if (config.bootloader().isPresent()) {
            string("bootloader", "pygrub");
            list("bootloader_args", config.bootloader().get().words());
        } else {
            string("kernel", config.kernel());
            config.ramdisk().ifPresent(file -> string("ramdisk", file));
        }
        string("cmdline", config.commandLine());
        number("memory", config.memoryBytes() / Sizes.MIB);
        number("maxmem", config.maxMemoryBytes() / Sizes.MIB);
        number("vcpus", config.vcpus());
        number("maxvcpus", config.maxVcpus());
        var actions = config.actions();
        action("on_poweroff", actions.onPoweroff());
        action("on_reboot", actions.onReboot());
        action("on_crash", actions.onCrash());
        action("on_watchdog", actions.onWatchdog());
        action("on_soft_reset", actions.onSoftReset());
        var limits = config.limits();
        number("max_grant_frames", limits.grantFramesMax());
        number("max_maptrack_frames", limits.maptrackFramesMax());
        number("max_grant_version", limits.grantVersionMax());
        number("max_event_channels", limits.eventChannelsMax());
        string("engine", word(config.engine()));
        string("memory_access", word(config.memoryAccess()));
        config.deterministic().ifPresent(seed -> string("deterministic", seed.toString()));
        list("disk", config.disks().stream().map(ConfigWriter::specification).toList());
        list("vif", config.vifs().stream().map(VifWriter::specification).toList());
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private void action(String key, ShutdownAction action) {
        string(key, action.word());
    }

    private void number(String key, long value) {
        lines.add(key + " = " + value);
    }

    private void string(String key, String value) {
        lines.add(key + " = " + quoted(value));
    }

    private void list(String key, List<String> values) {
        if (!values.isEmpty()) {
            lines.add(
                    values.stream()
                            .map(ConfigWriter::quoted)
                            .collect(Collectors.joining(", ", key + " = [ ", " ]")));
        }
    }

    /// What stands for itself in the scanner's strings does; the rest is escaped. Paths may have
    /// characters beyond those, which stand for themselves too.
    private static String quoted(String value) {
        return value.chars()
                .mapToObj(c ->
                        switch (c) {
                            case '"', '\\' -> "\\" + (char) c;
                            default -> c < ' ' ? "\\x%02x".formatted(c) : Character.toString(c);
                        })
                .collect(Collectors.joining("", "\"", "\""));
    }

    /// `target=` comes last, since it may have commas.
    private static String specification(DiskConfig disk) {
        return "format=%s,vdev=%s,access=%s,sector-size=%d,%s%s%s"
                .formatted(
                        disk.format().spelling(),
                        disk.device().name(),
                        disk.writable() ? "rw" : "ro",
                        disk.sectorBytes(),
                        disk.discard() ? "discard" : "no-discard",
                        disk.cdrom() ? ",devtype=cdrom" : "",
                        disk.target().map(path -> ",target=" + path).orElse(""));
    }
}
