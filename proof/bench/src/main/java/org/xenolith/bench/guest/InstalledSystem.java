package org.xenolith.bench.guest;

import org.xenolith.bench.HostCommand;
import org.xenolith.boot.BootException;
import org.xenolith.boot.Pygrub;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.filesystem.Disk;
import org.xenolith.filesystem.DiskException;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A whole Debian system on a raw disk, as `xl guest debian` makes it, and what the boot loader on
/// it starts. Every boot has a copy of its own, so that all begin with the same.
///
/// @param boot for a hypervisor that does not look into disks; without the console that is ours
public record InstalledSystem(Path image, Pygrub.Outcome boot) {
    static final String RELEASE = "trixie";

    private static final String CONSOLE = "console=hvc0";
    private static final String NAME = "system";
    private static final String DISK = "2G";

    /// Makes an image in `directory`, which takes a minute or two; answers its file.
    public static Path make(Path xl, Path directory) throws IOException, InterruptedException {
        HostCommand.run(
                directory,
                List.of(
                        xl.toString(),
                        "guest",
                        "debian",
                        "--release=" + RELEASE,
                        "--name=" + NAME,
                        "--disk=" + DISK,
                        "--format=raw"));
        return directory.resolve(NAME + ".img");
    }

    /// @param files a directory for kernel and ramdisk
    static InstalledSystem on(Path image, Path files) throws IOException {
        var directory = Files.createDirectory(files.resolve("boot"));
        try (var channel = FileChannel.open(image)) {
            var disk = new RawDisk(channel, channel.size());
            long bytesMax = (long) GuestFiles.MEMORY_MIB << 20;
            var boot = Pygrub.run(disk, PygrubOptions.NONE, directory, bytesMax);
            return new InstalledSystem(image, boot);
        } catch (BootException e) {
            throw new IOException(image + ": " + e.getMessage(), e);
        }
    }

    /// The kernel's options, with another console.
    String commandLine(String console) {
        return boot.commandLine().replace(CONSOLE, "console=" + console);
    }

    /// Makes `file` a disk as it is before a boot; answers the file.
    Path copy(Path file) throws IOException, InterruptedException {
        var command = List.of("cp", "--sparse=always", image.toString(), file.toString());
        HostCommand.run(file.getParent(), command);
        return file;
    }

    private record RawDisk(FileChannel channel, long size) implements Disk {
        @Override
        public void read(long offset, ByteBuffer target) throws DiskException {
            requireInside(offset, target.remaining());
            long place = offset;
            try {
                while (target.hasRemaining()) {
                    int count = channel.read(target, place);
                    if (count < 0) {
                        throw new EOFException("it has become shorter");
                    }
                    place += count;
                }
            } catch (IOException e) {
                throw new DiskException.HostFailed("cannot be read: " + e.getMessage(), e);
            }
        }
    }
}
