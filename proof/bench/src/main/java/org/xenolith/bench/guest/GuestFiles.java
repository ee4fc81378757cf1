package org.xenolith.bench.guest;

import org.xenolith.bench.Resources;
import org.xenolith.boot.BootException;
import org.xenolith.boot.CpioWriter;
import org.xenolith.boot.GuestKit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The kernel and the initramfs that both hypervisors start: the guest kit's, and behind it, in an
/// archive of its own, what is measured with.
///
/// @param program what does all rows' work, in the initramfs too
/// @param source the kernel's package and version
public record GuestFiles(Path kernel, Path ramdisk, Path program, String source) {
    public static final int MEMORY_MIB = 512;

    /// The first program, for the kernel's command line.
    public static final String INIT = "rdinit=/bench/init";

    private static final String PACKAGE = "linux-image-cloud-amd64";
    private static final int EXECUTABLE = 0755;
    private static final int READABLE = 0644;

    /// Makes them in `directory`; may download the kit.
    ///
    /// @param devices whether guests will have some
    public static GuestFiles make(Path directory, boolean devices, Consumer<String> progress)
            throws IOException, InterruptedException {
        var kit = kit(progress);
        var source = Files.readString(kit.kernel().resolveSibling("source")).strip();
        var ramdisk = directory.resolve("initramfs.cpio");
        var programs = new GuestProgram(directory);
        var bench = programs.bench();
        Files.copy(kit.ramdisk(), ramdisk);
        try (var output = Files.newOutputStream(ramdisk, StandardOpenOption.APPEND);
                var cpio = new CpioWriter(output)) {
            write(bench, programs.nothing(), cpio);
            if (devices) {
                var cache = kit.kernel().resolveSibling("virtio");
                writeDevices(VirtioModules.of(source, directory, cache), cpio);
            }
        }
        return new GuestFiles(kit.kernel(), ramdisk, bench, source);
    }

    private static GuestKit.Guest kit(Consumer<String> progress) throws IOException {
        try {
            return GuestKit.ofUser(System.getenv(), progress).fetch(PACKAGE);
        } catch (BootException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void write(Path bench, Path nothing, CpioWriter cpio) throws IOException {
        cpio.directory("bench", EXECUTABLE);
        cpio.file("bench/bench", EXECUTABLE, Files.readAllBytes(bench));
        cpio.file("bench/nothing", EXECUTABLE, Files.readAllBytes(nothing));
        cpio.file("bench/shell.sh", EXECUTABLE, Resources.read("guest/shell.sh"));
        cpio.symbolicLink("bench/init", "bench");
    }

    private static void writeDevices(Map<String, byte[]> modules, CpioWriter cpio)
            throws IOException {
        for (var script : List.of("devices.sh", "lease.sh")) {
            cpio.file("bench/" + script, EXECUTABLE, Resources.read("guest/" + script));
        }
        var names = String.join("\n", modules.keySet()) + "\n";
        cpio.file("bench/virtio", READABLE, names.getBytes(StandardCharsets.UTF_8));
        for (var module : modules.entrySet()) {
            cpio.file("bench/%s.ko".formatted(module.getKey()), READABLE, module.getValue());
        }
    }
}
