package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// QEMU's own software processor, with everything that it can do.
public final class Tcg implements Hypervisor {
    public static final String QEMU = "qemu-system-x86_64";

    private final GuestFiles files;
    private final Devices devices;
    private final Path directory;
    private final Clock clock;

    /// @param directory a place for files
    public Tcg(GuestFiles files, Devices devices, Path directory, Clock clock) {
        this.files = files;
        this.devices = devices;
        this.directory = directory;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "TCG";
    }

    // spotless:off
    private List<String> command(int vcpus) {
        return List.of(QEMU,
                "-accel", vcpus == 1 ? "tcg" : "tcg,thread=multi",
                "-cpu", "max",
                "-m", Integer.toString(GuestFiles.MEMORY_MIB),
                "-smp", Integer.toString(vcpus),
                "-nodefaults", "-no-reboot",
                "-display", "none",
                "-serial", "stdio",
                "-kernel", files.kernel().toString(),
                "-initrd", files.ramdisk().toString(),
                "-append", "console=ttyS0 quiet " + GuestFiles.INIT);
    }

    /// The file is in use by the other hypervisor's guest, which does nothing meanwhile.
    private static List<String> disk(Path file) {
        return List.of(
                "-drive", "if=none,id=disk,format=raw,cache=writeback,file.locking=off,file=" + file,
                "-device", "virtio-blk-pci,drive=disk");
    }

    /// Without a boot loader for networks, which nobody needs.
    private static List<String> network(Path socket) {
        return List.of(
                "-netdev", "stream,id=net,server=off,addr.type=unix,addr.path=" + socket,
                "-device", "virtio-net-pci,netdev=net,romfile=");
    }
    // spotless:on

    @Override
    public Guest start(Machine machine) throws IOException, InterruptedException {
        var command = new ArrayList<>(command(machine.vcpus()));
        switch (machine) {
            case WITH_DISK -> command.addAll(disk(devices.disk()));
            case WITH_NETWORK -> {
                return startWithPasst(machine, command);
            }
            case ONE_VCPU, TWO_VCPUS -> {}
        }
        return boot(machine, command, new ProcessOnly());
    }

    private Guest startWithPasst(Machine machine, List<String> command)
            throws IOException, InterruptedException {
        var passt = Passt.start(directory.resolve("passt.log"));
        try {
            command.addAll(network(passt.socket()));
            return boot(machine, command, new WithPasst(passt));
        } catch (IOException | InterruptedException e) {
            passt.close();
            throw e;
        }
    }

    private Guest boot(Machine machine, List<String> command, Guest.Host host)
            throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(command).redirectError(directory.resolve("qemu.log").toFile());
        return devices.prepared(machine, Guest.boot(process, host, clock));
    }

    /// The guest lives in the process that shows its console, and nobody counts.
    private record ProcessOnly() implements Guest.Host {
        @Override
        public long instructions() {
            return 0;
        }

        @Override
        public void end() {}
    }

    private record WithPasst(Passt passt) implements Guest.Host {
        @Override
        public long instructions() {
            return 0;
        }

        @Override
        public void end() throws IOException {
            passt.close();
        }
    }
}
