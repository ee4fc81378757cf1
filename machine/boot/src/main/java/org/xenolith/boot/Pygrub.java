package org.xenolith.boot;

import org.xenolith.boot.grub.BootChoice;
import org.xenolith.boot.grub.Extlinux;
import org.xenolith.boot.grub.Grub;
import org.xenolith.boot.grub.GrubException;
import org.xenolith.boot.grub.Volumes;
import org.xenolith.filesystem.Disk;
import org.xenolith.filesystem.DiskException;
import org.xenolith.filesystem.FileSystem;
import org.xenolith.filesystem.Partition;
import org.xenolith.filesystem.PartitionTable;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What Xen calls pygrub: looks into a guest's disk for what its boot loader would start, and takes
/// kernel and ramdisk out of it. The disk is only read. All that is on it was written by a guest:
/// what is taken is bounded, and what cannot be right is refused with a reason.
///
/// Looked at are the partitions, those marked active first, and then the disk as a whole; on each,
/// the places that Xen's pygrub knows, in its order.
public final class Pygrub {
    static final List<String> GRUB_FILES =
            List.of(
                    "/boot/grub/grub.cfg",
                    "/grub/grub.cfg",
                    "/boot/grub2/grub.cfg",
                    "/grub2/grub.cfg");

    static final List<String> EXTLINUX_FILES =
            List.of(
                    "/boot/extlinux/extlinux.conf",
                    "/boot/extlinux.conf",
                    "/extlinux/extlinux.conf",
                    "/extlinux.conf");

    private static final String DISK = "hd0";
    private static final int ALIGNMENT = 4;
    private static final int COMMAND_LINE_CHARACTERS_MAX = 4095;

    private final PygrubOptions options;
    private final Path directory;
    private final long bytesMax;
    private final List<String> reasons = new ArrayList<>();

    private Pygrub(PygrubOptions options, Path directory, long bytesMax) {
        this.options = options;
        this.directory = directory;
        this.bytesMax = bytesMax;
    }

    /// What to start, in files.
    ///
    /// @param title of the menu's entry
    public record Outcome(Path kernel, Optional<Path> ramdisk, String commandLine, String title) {}

    /// Takes the kernel out of `disk` into `directory`, which the caller removes. `bytesMax`, the
    /// guest's memory, bounds each file. Refusals do not name the disk.
    public static Outcome run(Disk disk, PygrubOptions options, Path directory, long bytesMax)
            throws BootException {
        var pygrub = new Pygrub(options, directory, bytesMax);
        try {
            var volumes = pygrub.volumes(disk);
            return pygrub.extract(volumes, pygrub.choose(volumes));
        } catch (DiskException e) {
            throw new BootException(e.getMessage(), e);
        }
    }

    // ---------------------------------------------------------------- file systems

    private Volumes volumes(Disk disk) throws DiskException, BootException {
        var systems = new LinkedHashMap<String, FileSystem>();
        if (options.offset().isPresent()) {
            long offset = options.offset().get();
            disk.requireInside(offset, 0);
            var rest =
                    new Partition(
                            disk, Partition.Scheme.MSDOS, 1, offset, disk.size() - offset, true);
            add(systems, DISK, rest);
        } else {
            for (var partition : partitions(disk)) {
                var scheme = partition.scheme().name().toLowerCase(Locale.ROOT);
                add(systems, DISK + "," + scheme + partition.number(), partition);
            }
            add(systems, DISK, disk);
        }
        if (systems.isEmpty()) {
            throw new BootException(
                    Stream.concat(
                                    Stream.of(
                                            "it has no file system that can be read (ext2 to ext4)"),
                                    reasons.stream())
                            .collect(Collectors.joining("; ")));
        }
        return new Volumes(systems);
    }

    private List<Partition> partitions(Disk disk) throws DiskException {
        try {
            return PartitionTable.read(disk).stream()
                    .sorted(Comparator.comparing(partition -> !partition.active()))
                    .toList();
        } catch (DiskException.Damaged e) {
            reasons.add(e.getMessage());
            return List.of();
        }
    }

    private void add(Map<String, FileSystem> systems, String device, Disk disk)
            throws DiskException {
        try {
            FileSystem.open(disk).ifPresent(system -> systems.put(device, system));
        } catch (DiskException.Damaged | DiskException.Unsupported e) {
            reasons.add("(" + device + "): " + e.getMessage());
        }
    }

    // ---------------------------------------------------------------- the choice

    private BootChoice choose(Volumes volumes) throws BootException, DiskException {
        if (options.kernel().isPresent()) {
            return named(volumes, options.kernel().get());
        }
        for (var device : volumes.devices()) {
            for (var file : Stream.concat(GRUB_FILES.stream(), EXTLINUX_FILES.stream()).toList()) {
                if (isFile(volumes, device, file)) {
                    return choose(volumes, device, file);
                }
            }
        }
        throw new BootException(
                "no boot loader's configuration is on %s; looked for %s%s"
                        .formatted(
                                names(volumes),
                                String.join(", ", GRUB_FILES.getFirst(), EXTLINUX_FILES.getFirst()),
                                reasons.isEmpty() ? "" : "; " + String.join("; ", reasons)));
    }

    private static String names(Volumes volumes) {
        return volumes.devices().stream()
                .map(device -> "(" + device + ")")
                .collect(Collectors.joining(", "));
    }

    private boolean isFile(Volumes volumes, String device, String path) throws DiskException {
        try {
            return volumes.systems()
                    .get(device)
                    .find(path)
                    .filter(entry -> entry.kind() == FileSystem.Kind.FILE)
                    .isPresent();
        } catch (DiskException.Damaged | DiskException.Unsupported e) {
            reasons.add("(" + device + ")" + path + ": " + e.getMessage());
            return false;
        }
    }

    private BootChoice named(Volumes volumes, String kernel) throws BootException, DiskException {
        for (var device : volumes.devices()) {
            if (isFile(volumes, device, kernel)) {
                var place = new BootChoice.Place(device, kernel);
                return new BootChoice(kernel, place, "", List.of());
            }
        }
        throw new BootException("there is no " + kernel + " on " + names(volumes));
    }

    private BootChoice choose(Volumes volumes, String device, String file)
            throws BootException, DiskException {
        var content = volumes.systems().get(device).read(file, Grub.CONFIG_BYTES_MAX);
        var text = new String(content, StandardCharsets.UTF_8);
        var directoryName = file.substring(0, file.lastIndexOf('/'));
        try {
            return GRUB_FILES.contains(file)
                    ? Grub.choose(text, volumes, device, directoryName, options.entry())
                    : Extlinux.choose(text, device, directoryName, options.entry());
        } catch (GrubException e) {
            throw new BootException("(%s)%s: %s".formatted(device, file, e.getMessage()), e);
        }
    }

    // ---------------------------------------------------------------- files

    private Outcome extract(Volumes volumes, BootChoice choice) throws BootException {
        var kernel = directory.resolve("kernel");
        copy(volumes, List.of(choice.kernel()), kernel);
        var parts =
                options.ramdisk().isPresent()
                        ? List.of(
                                new BootChoice.Place(
                                        choice.kernel().device(), options.ramdisk().get()))
                        : choice.ramdisks();
        var ramdisk = Optional.<Path>empty();
        if (!parts.isEmpty()) {
            ramdisk = Optional.of(directory.resolve("ramdisk"));
            copy(volumes, parts, ramdisk.get());
        }
        return new Outcome(kernel, ramdisk, commandLine(choice), choice.title());
    }

    private String commandLine(BootChoice choice) throws BootException {
        var line = (options.arguments() + " " + choice.arguments()).strip();
        if (line.length() > COMMAND_LINE_CHARACTERS_MAX
                || !line.chars().allMatch(c -> c >= ' ' && c < 0x7F || c == '\t')) {
            throw new BootException(
                    "the command line of the entry \"%s\" is not printable ASCII of at most %d characters"
                            .formatted(choice.title(), COMMAND_LINE_CHARACTERS_MAX));
        }
        return line;
    }

    /// Writes files one behind the other; each part of a ramdisk begins at a multiple of 4 bytes.
    private void copy(Volumes volumes, List<BootChoice.Place> places, Path target)
            throws BootException {
        long total = 0;
        try (var output = Files.newOutputStream(target)) {
            for (var place : places) {
                int padding = (int) (-total & ALIGNMENT - 1);
                output.write(new byte[padding]);
                total += padding;
                total += copy(volumes, place, output, bytesMax - total);
            }
        } catch (IOException e) {
            throw new BootException("cannot write " + target + ": " + e.getMessage(), e);
        }
    }

    private static long copy(
            Volumes volumes, BootChoice.Place place, OutputStream output, long bytesMax)
            throws BootException {
        var system = volumes.system(place.device());
        if (system.isEmpty()) {
            throw new BootException(place + ": there is no such device");
        }
        try {
            return system.get().copy(place.path(), output, bytesMax);
        } catch (DiskException e) {
            throw new BootException(place + ": " + e.getMessage(), e);
        }
    }
}
