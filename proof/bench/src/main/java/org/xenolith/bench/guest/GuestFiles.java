package org.xenolith.bench.guest;

import org.xenolith.bench.Resources;
import org.xenolith.boot.BootException;
import org.xenolith.boot.CpioWriter;
import org.xenolith.boot.GuestKit;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/// The kernel and the initramfs that both hypervisors start: the guest kit's, and behind it, in an
/// archive of its own, what is measured with.
///
/// @param source the kernel's package and version
public record GuestFiles(Path kernel, Path ramdisk, String source) {
    public static final int MEMORY_MIB = 512;

    /// The first program, for the kernel's command line.
    static final String INIT = "rdinit=/bench/init";

    private static final String PACKAGE = "linux-image-cloud-amd64";
    private static final int EXECUTABLE = 0755;

    /// Makes them in `directory`; may download the kit.
    public static GuestFiles make(Path directory, Consumer<String> progress)
            throws IOException, InterruptedException {
        var kit = kit(progress);
        var program = new GuestProgram(directory);
        var ramdisk = directory.resolve("initramfs.cpio");
        Files.copy(kit.ramdisk(), ramdisk);
        try (var output = Files.newOutputStream(ramdisk, StandardOpenOption.APPEND)) {
            write(program, output);
        }
        var source = Files.readString(kit.kernel().resolveSibling("source")).strip();
        return new GuestFiles(kit.kernel(), ramdisk, source);
    }

    private static GuestKit.Guest kit(Consumer<String> progress) throws IOException {
        try {
            return GuestKit.ofUser(System.getenv(), progress).fetch(PACKAGE);
        } catch (BootException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void write(GuestProgram program, OutputStream output)
            throws IOException, InterruptedException {
        try (var cpio = new CpioWriter(output)) {
            cpio.directory("bench", EXECUTABLE);
            cpio.file("bench/bench", EXECUTABLE, Files.readAllBytes(program.bench()));
            cpio.file("bench/nothing", EXECUTABLE, Files.readAllBytes(program.nothing()));
            cpio.file("bench/shell.sh", EXECUTABLE, Resources.read("guest/shell.sh"));
            cpio.symbolicLink("bench/init", "bench");
        }
    }
}
