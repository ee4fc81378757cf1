package org.xenolith.bench.guest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// What of the host's is behind the guests' disks and networks: the same for all hypervisors, and
/// made when a guest needs it first. For one thread.
public final class Devices implements AutoCloseable {
    private static final long DISK_BYTES = 1L << 30;

    /// The disk, and two systems of the size of it or less.
    private static final int ROOM_DISKS = 4;

    private static final Path MEMORY = Path.of("/dev/shm");
    private static final int PAGES_AT_ONCE = 1024;

    private final Path directory;
    private final SystemImage image;
    private Path disks;
    private Path disk;
    private InstalledSystem system;
    private HostPeer peer;

    /// Where the image with a whole system comes from; it is asked once.
    public interface SystemImage {
        Path get() throws IOException, InterruptedException;
    }

    /// @param directory a place for files
    public Devices(Path directory, SystemImage image) {
        this.directory = directory;
        this.image = image;
    }

    /// A raw file of 1 GiB, all of which has been written.
    Path disk() throws IOException {
        if (disk == null) {
            disk = makeDisk(diskFile("disk"), DISK_BYTES);
        }
        return disk;
    }

    /// In memory if there is room: a host may take the pages of other files from the page cache,
    /// and reading them again would be all that is measured.
    private Path diskFile(String name) throws IOException {
        if (disks == null) {
            disks = diskDirectory();
        }
        var file = disks.resolve(name + ".img");
        file.toFile().deleteOnExit();
        return file;
    }

    private Path diskDirectory() throws IOException {
        if (!Files.isWritable(MEMORY)
                || Files.getFileStore(MEMORY).getUsableSpace() < ROOM_DISKS * DISK_BYTES) {
            return directory;
        }
        var memory = Files.createTempDirectory(MEMORY, "xenolith-bench");
        memory.toFile().deleteOnExit(); // behind what is in it
        return memory;
    }

    /// A whole system, which takes a while to make.
    InstalledSystem system() throws IOException, InterruptedException {
        if (system == null) {
            system = InstalledSystem.on(image.get(), directory);
        }
        return system;
    }

    /// The disk of a hypervisor's next boot of the whole system.
    Path systemDisk(Hypervisor hypervisor) throws IOException, InterruptedException {
        return system().copy(diskFile(hypervisor.name()));
    }

    static Path makeDisk(Path file, long bytes) throws IOException {
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long page = 0; page < bytes / Pages.PAGE_BYTES; page += PAGES_AT_ONCE) {
                var pages = Pages.of(page, PAGES_AT_ONCE);
                while (pages.hasRemaining()) {
                    channel.write(pages);
                }
            }
            channel.force(true); // else the host does it while something is measured
        }
        return file;
    }

    /// The port of the host's loopback interface at which guests find what they speak with.
    int port() throws IOException {
        if (peer == null) {
            peer = HostPeer.open();
        }
        return peer.port();
    }

    /// Has a guest that has booted find its devices, and tells the programs for them where they
    /// are.
    Guest prepared(Machine machine, Guest guest) throws IOException, InterruptedException {
        try {
            switch (machine) {
                case WITH_DISK -> guest.type("export DISK=" + found("disk", guest));
                case WITH_NETWORK ->
                        guest.type("export PEER=%s:%d".formatted(found("network", guest), port()));
                case ONE_VCPU, TWO_VCPUS, WHOLE_SYSTEM -> {}
            }
            return guest;
        } catch (IOException | InterruptedException e) {
            guest.close();
            throw e;
        }
    }

    private static String found(String device, Guest guest)
            throws IOException, InterruptedException {
        return guest.run("/bench/devices.sh " + device).sum();
    }

    @Override
    public void close() {
        if (peer != null) {
            peer.close();
        }
    }
}
