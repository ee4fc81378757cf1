package org.xenolith.bench.guest;

import org.xenolith.bench.HostCommand;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A small disk and the host's end of a network, for programs of the guest that run on the host.
public final class SampleDevices implements AutoCloseable {
    static final int DISK_BYTES = 8 << 20;

    private final Path directory;
    private final Path disk;
    private final HostPeer peer;

    public SampleDevices(Path directory) throws IOException {
        this.directory = directory;
        disk = Devices.makeDisk(directory.resolve("disk"), DISK_BYTES);
        peer = HostPeer.open();
    }

    Path disk() {
        return disk;
    }

    /// What a program prints that is told of the devices as in a guest.
    public String run(String command) throws IOException, InterruptedException {
        var environment = "DISK=%s PEER=127.0.0.1:%d ".formatted(disk, peer.port());
        return HostCommand.run(directory, List.of("sh", "-c", environment + command));
    }

    @Override
    public void close() {
        peer.close();
    }
}
