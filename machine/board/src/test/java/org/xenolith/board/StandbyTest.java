package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.linux.SharedMemory;
import org.xenolith.network.PortKind;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamReader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Copies of a machine that counts in its memory.
@Timeout(120)
class StandbyTest {
    private static final int COUNTER = 0x30_0000;
    private static final Duration AT_MOST = Duration.ofSeconds(60);

    @TempDir private Path root;

    private DomainConfig.Builder config() throws IOException {
        var kernel = new TinyKernel().print("x");
        int top = kernel.here();
        kernel.bytes(0xFF, 0x05).word(COUNTER); // inc dword [COUNTER]
        kernel.bytes(0xEB, top - (kernel.here() + 2) & 0xFF); // jmp top
        return DomainConfig.builder("counts")
                .kernel(kernel.write(root.resolve("kernel")))
                .memoryMib(8);
    }

    private static byte[] saved(DomainConfig config, PortOpener ports) throws Exception {
        try (var domain = Xenolith.create(config, ports)) {
            domain.serial().reader().awaitText("x", AT_MOST);
            return SaveTest.save(domain, AfterSave.DESTROY);
        }
    }

    private static Standby copy(DomainConfig config, byte[] saved, PortOpener ports)
            throws Exception {
        var reader = new StreamReader(new MappedInput(MemorySegment.ofArray(saved), 0));
        var standby = Xenolith.standby(config, Xenolith.surroundings(ports), reader);
        standby.receive(reader, _ -> {});
        standby.commit();
        return standby;
    }

    private static int counted(Machine machine) {
        return machine.memory().readInt(COUNTER);
    }

    /// Memories of machines that this process has mapped.
    private static long mapped() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("xenolith-guest")).count();
        }
    }

    @Test
    void aRehearsalChangesNothingAndLeavesNothing() throws Exception {
        assumeTrue(SharedMemory.isSupported(), "memory that is copied when it is written");
        var config = config().build();
        var saved = saved(config, PortOpener.NONE);
        int before;
        try (var machine = copy(config, saved, PortOpener.NONE).promote()) {
            before = counted(machine);
        }
        var standby = copy(config, saved, PortOpener.NONE);
        long mapped = mapped();
        standby.rehearse();
        standby.rehearse();
        assertThat(mapped()).isEqualTo(mapped);
        try (var machine = standby.promote()) {
            assertThat(counted(machine)).isEqualTo(before);
            machine.start(false);
            while (counted(machine) == before) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
        }
    }

    @Test
    void aRehearsalDoesWithoutTheDisksAndThePortsOfTheMachine() throws Exception {
        var disk = Files.write(root.resolve("disk"), new byte[1 << 20]);
        var config =
                config().disks(List.of(DiskConfig.raw("xvda", disk)))
                        .vifs(List.of(VifConfig.of(new PortKind.Network("lab")).withDevid(0)))
                        .build();
        PortOpener nowhere = (_, owner) -> new NowherePort(owner);
        var standby = copy(config, saved(config, nowhere), PortOpener.NONE);
        Files.delete(disk);
        standby.rehearse();
        standby.close();
        assertThat(disk).doesNotExist();
    }

    @Test
    void whatIsNotNeededIsGivenBack() throws Exception {
        var config = config().build();
        var saved = saved(config, PortOpener.NONE);
        long before = mapped();
        var standby = copy(config, saved, PortOpener.NONE);
        assertThat(mapped()).isGreaterThan(before);
        standby.close();
        standby.close(); // does nothing
        assertThat(mapped()).isEqualTo(before);
    }

    @Test
    void whatCannotBeAMachineIsGivenBack() throws Exception {
        var disk = Files.write(root.resolve("disk"), new byte[1 << 20]);
        var saved =
                saved(
                        config().disks(List.of(DiskConfig.raw("xvda", disk))).build(),
                        PortOpener.NONE);
        long before = mapped();
        var standby = copy(config().build(), saved, PortOpener.NONE);
        assertThatThrownBy(standby::promote)
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("the guest has block devices that the configuration lacks");
        assertThat(mapped()).isEqualTo(before);
    }
}
