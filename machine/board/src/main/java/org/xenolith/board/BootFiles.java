package org.xenolith.board;

import org.xenolith.boot.BootException;
import org.xenolith.boot.GuestKit;
import org.xenolith.boot.Pygrub;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.filesystem.Disk;
import org.xenolith.filesystem.DiskException;
import org.xenolith.images.Image;
import org.xenolith.images.ImageException;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;

/// What one boot of a domain begins with. Closed when kernel and ramdisk are in the guest's memory;
/// then what was taken out of a disk is gone from the host.
///
/// @param temporary the directory that is removed by [#close]
record BootFiles(Path kernel, Optional<Path> ramdisk, String commandLine, Optional<Path> temporary)
        implements AutoCloseable {

    /// Files of the host, as the configuration or the guest kit names them.
    static BootFiles ofHost(DomainConfig config, GuestKit kit) throws BootException {
        var files = kit.resolve(config.kernel(), config.ramdisk());
        return new BootFiles(
                files.kernel(), files.ramdisk(), config.commandLine(), Optional.empty());
    }

    /// What the guest's own boot loader would start, from its first disk as it is now.
    static BootFiles fromDisk(DomainConfig config, PygrubOptions options, DomainLog log)
            throws BootException {
        var disk = config.disks().getFirst();
        var file = disk.target().orElseThrow();
        var directory = temporaryDirectory();
        try (var image =
                Images.open(file, new OpenOptions(Optional.of(disk.format()), true, false))) {
            var arguments = (options.arguments() + " " + config.commandLine()).strip();
            var found =
                    Pygrub.run(
                            new ImageContent(image),
                            options.withArguments(arguments),
                            directory,
                            config.memoryBytes());
            log.add("boot loader of %s starts \"%s\"".formatted(disk.device(), found.title()));
            return new BootFiles(
                    found.kernel(), found.ramdisk(), found.commandLine(), Optional.of(directory));
        } catch (BootException e) {
            remove(directory);
            throw new BootException(file + ": " + e.getMessage(), e);
        } catch (ImageException e) {
            remove(directory);
            throw new BootException(e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            remove(directory);
            throw e;
        }
    }

    private static Path temporaryDirectory() throws BootException {
        try {
            return Files.createTempDirectory("xenolith-boot");
        } catch (IOException e) {
            throw new BootException("cannot make a temporary directory: " + e.getMessage(), e);
        }
    }

    private static void remove(Path directory) {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        temporary.ifPresent(BootFiles::remove);
    }

    /// An image as a disk to look into.
    private record ImageContent(Image image) implements Disk {
        @Override
        public long size() {
            return image.size();
        }

        @Override
        public void read(long offset, ByteBuffer target) throws DiskException {
            requireInside(offset, target.remaining());
            try {
                image.read(offset, target);
            } catch (ImageException e) {
                throw new DiskException.HostFailed("cannot be read: " + e.getMessage(), e);
            }
        }
    }
}
