package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// QEMU's own software processor, with everything that it can do.
public final class Tcg implements Hypervisor {
    public static final String QEMU = "qemu-system-x86_64";

    private static final String CONSOLE = "ttyS0";

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
    private static List<String> command(int vcpus, Path kernel, Path ramdisk, String options) {
        return List.of(QEMU,
                "-accel", vcpus == 1 ? "tcg" : "tcg,thread=multi",
                "-cpu", "max",
                "-m", Integer.toString(GuestFiles.MEMORY_MIB),
                "-smp", Integer.toString(vcpus),
                "-nodefaults", "-no-reboot",
                "-display", "none",
                "-serial", "stdio",
                "-kernel", kernel.toString(),
                "-initrd", ramdisk.toString(),
                "-append", options);
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
        if (machine == Machine.WHOLE_SYSTEM) {
            return startSystem();
        }
        var options = "console=%s quiet %s".formatted(CONSOLE, GuestFiles.INIT);
        var command =
                new ArrayList<>(command(machine.vcpus(), files.kernel(), files.ramdisk(), options));
        switch (machine) {
            case WITH_DISK -> command.addAll(disk(devices.disk()));
            case WITH_NETWORK -> {
                return startWithPasst(machine, command);
            }
            case ONE_VCPU, TWO_VCPUS, WHOLE_SYSTEM -> {}
        }
        return boot(machine, command, new ProcessOnly());
    }

    /// What its boot loader would start, which is not what is compared.
    private Guest startSystem() throws IOException, InterruptedException {
        var boot = devices.system().boot();
        var options = devices.system().commandLine(CONSOLE);
        var command =
                new ArrayList<>(command(1, boot.kernel(), boot.ramdisk().orElseThrow(), options));
        command.addAll(disk(devices.systemDisk(this)));
        return Guest.bootSystem(process(command), new ProcessOnly(), clock);
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
        return devices.prepared(machine, Guest.boot(process(command), host, clock));
    }

    private ProcessBuilder process(List<String> command) {
        return new ProcessBuilder(command).redirectError(directory.resolve("qemu.log").toFile());
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
