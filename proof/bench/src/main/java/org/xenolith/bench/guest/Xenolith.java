package org.xenolith.bench.guest;

import org.xenolith.base.Clock;
import org.xenolith.board.VcpuInfo;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Xenolith as a user gets it: `./xl create -c`, in a runtime directory of its own.
public final class Xenolith implements Hypervisor {
    private static final String CONFIG =
            """
            name = "bench"
            type = "pvh"
            memory = %d
            vcpus = %d
            %s
            """;

    private static final String KERNEL =
            """
            kernel = "%s"
            ramdisk = "%s"
            extra = "console=hvc0 quiet %s"
            """;

    private final Path xl;
    private final GuestFiles files;
    private final Devices devices;
    private final Path directory;
    private final RuntimeDirectory runtime;
    private final Clock clock;

    /// @param root the directory of `xl`
    /// @param directory a place for files
    public Xenolith(Path root, GuestFiles files, Devices devices, Path directory, Clock clock)
            throws IOException {
        this.xl = root.resolve("xl");
        this.files = files;
        this.devices = devices;
        this.directory = directory;
        this.runtime = RuntimeDirectory.open(directory.resolve("run").resolve("xenolith"));
        this.clock = clock;
    }

    @Override
    public String name() {
        return "Xenolith";
    }

    @Override
    public Guest start(Machine machine) throws IOException, InterruptedException {
        var config = directory.resolve("bench-%s.cfg".formatted(machine));
        Files.writeString(
                config, CONFIG.formatted(GuestFiles.MEMORY_MIB, machine.vcpus(), rest(machine)));
        var command =
                new ProcessBuilder(List.of(xl.toString(), "create", "-c", config.toString()))
                        .redirectError(directory.resolve("xl.log").toFile());
        command.environment().put("XDG_RUNTIME_DIR", directory.resolve("run").toString());
        var host = new Domain(runtime);
        return machine == Machine.WHOLE_SYSTEM
                ? Guest.bootSystem(command, host, clock)
                : devices.prepared(machine, Guest.boot(command, host, clock));
    }

    private String rest(Machine machine) throws IOException, InterruptedException {
        return switch (machine) {
            case ONE_VCPU, TWO_VCPUS -> kernel();
            case WITH_DISK -> kernel() + disk(devices.disk());
            case WITH_NETWORK -> kernel() + "vif = [ 'passt,reaches-host' ]";
            case WHOLE_SYSTEM -> disk(devices.systemDisk(this)) + "bootloader = \"pygrub\"";
        };
    }

    private String kernel() {
        return KERNEL.formatted(files.kernel(), files.ramdisk(), GuestFiles.INIT);
    }

    private static String disk(Path file) {
        return "disk = [ '%s,raw,xvda,rw' ]\n".formatted(file);
    }

    /// The only domain of the runtime directory, found through its control socket.
    private record Domain(RuntimeDirectory runtime) implements Guest.Host {
        @Override
        public long instructions() throws IOException {
            try {
                var entry = runtime.list().getFirst();
                var vcpus = new ControlClient(entry).info().vcpus();
                return vcpus.stream().mapToLong(VcpuInfo::instructions).sum();
            } catch (ControlException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        @Override
        public void end() throws IOException {
            Domains.destroyAll(runtime);
        }
    }
}
