package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.atIndex;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.device.Workers;
import org.xenolith.images.Image;
import org.xenolith.images.ImageException;
import org.xenolith.images.ImageFormat;
import org.xenolith.images.Images;
import org.xenolith.images.OpenOptions;
import org.xenolith.network.NetworkException;
import org.xenolith.network.PortKind;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// What a machine does that is about to go elsewhere, and may yet stay.
@Timeout(60)
class HandOverTest {
    private static final OpenOptions WRITING =
            new OpenOptions(Optional.of(ImageFormat.RAW), false, false);

    /// Of a machine that has no guest and writes to its memory.
    private static final DomainConfig SMALL =
            DomainConfig.builder("small").kernel("none").memoryMib(8).build();

    @TempDir private Path root;

    private Domain domain(Path disk) throws Exception {
        var kernel = new TinyKernel().print("x").bytes(0xFB, 0xF4); // sti; hlt
        var config =
                DomainConfig.builder("leaving")
                        .kernel(kernel.write(root.resolve("kernel")))
                        .memoryMib(8)
                        .disks(List.of(DiskConfig.raw("xvda", disk)))
                        .build();
        var domain = Xenolith.create(config);
        domain.serial().reader().awaitText("x", Duration.ofSeconds(20));
        return domain;
    }

    private Path disk() throws IOException {
        return Files.write(root.resolve("disk"), new byte[1 << 20]);
    }

    @Test
    void aMachineThatStaysHasItsDisksAgain() throws Exception {
        var disk = disk();
        try (var domain = domain(disk)) {
            assertThatThrownBy(() ->
                            domain.save(
                                    machine -> {
                                        machine.hold();
                                        machine.release();
                                        openAndClose(disk);
                                        throw new IOException("cut");
                                    },
                                    AfterSave.DESTROY))
                    .isInstanceOf(DomainException.class)
                    .hasMessage("cut");
            assertThat(domain.state()).isNotEqualTo(DomainState.PAUSED);
            assertThat(domain.disks().getFirst().sectors()).isEqualTo(2048);
            assertThatThrownBy(() -> Images.open(disk, WRITING)).hasMessageContaining("in use");
        }
    }

    private static void openAndClose(Path disk) throws IOException {
        try {
            Images.open(disk, WRITING).close();
        } catch (ImageException e) {
            throw new IOException("the disk has not been let go: " + e.getMessage(), e);
        }
    }

    @Test
    void aMachineWhoseDiskAnotherHasStaysPausedUntilItIsFree() throws Exception {
        var disk = disk();
        var other = new Image[1];
        try (var domain = domain(disk)) {
            assertThatThrownBy(() ->
                            domain.save(
                                    machine -> {
                                        machine.hold();
                                        machine.release();
                                        other[0] = openForWriting(disk);
                                        throw new IOException("cut");
                                    },
                                    AfterSave.DESTROY))
                    .isInstanceOf(DomainException.class)
                    .hasMessageContaining("disk xvda")
                    .hasMessageContaining("in use");
            assertThat(domain.state()).isEqualTo(DomainState.PAUSED);
            assertThatThrownBy(domain::unpause).hasMessageContaining("in use");
            other[0].close();
            domain.unpause();
            assertThat(domain.state()).isNotEqualTo(DomainState.PAUSED);
            assertThat(domain.disks().getFirst().sectors()).isEqualTo(2048);
        }
    }

    private static Image openForWriting(Path disk) throws IOException {
        try {
            return Images.open(disk, WRITING);
        } catch (ImageException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Test
    void aMachineThatStaysHasItsPortsAgain() throws Exception {
        var opened = new CopyOnWriteArrayList<NowherePort>();
        var refused = new AtomicBoolean();
        PortOpener ports =
                (_, owner) -> {
                    if (refused.get()) {
                        throw new NetworkException.Refused("the bridge has gone");
                    }
                    opened.add(new NowherePort(owner));
                    return opened.getLast();
                };
        var kernel = new TinyKernel().print("x").bytes(0xFB, 0xF4); // sti; hlt
        var config =
                DomainConfig.builder("leaving")
                        .kernel(kernel.write(root.resolve("kernel")))
                        .memoryMib(8)
                        .vifs(List.of(VifConfig.of(new PortKind.Network("lab"))))
                        .build();
        try (var domain = Xenolith.create(config, ports)) {
            Saving cut =
                    machine -> {
                        machine.hold();
                        machine.release();
                        assertThat(opened.getLast().vacated).isTrue();
                        throw new IOException("cut");
                    };
            assertThatThrownBy(() -> domain.save(cut, AfterSave.DESTROY)).hasMessage("cut");
            assertThat(domain.state()).isNotEqualTo(DomainState.PAUSED);
            assertThat(opened).hasSize(2);
            var again = opened.getLast();
            assertThat(again.closed).isFalse();
            assertThat(again.guest).isPresent();
            assertThat(again.owner.mtu()).hasValue(1500); // which the guest has read

            refused.set(true);
            assertThatThrownBy(() -> domain.save(cut, AfterSave.DESTROY))
                    .hasMessage("vif 0: the bridge has gone");
            assertThat(domain.state()).isEqualTo(DomainState.PAUSED);
            refused.set(false);
            domain.unpause();
            assertThat(opened).hasSize(3);
            assertThat(opened.getLast().closed).isFalse();
        }
        assertThat(opened).allMatch(port -> port.closed);
    }

    /// What somebody sends of a machine that stands still.
    private interface Sending {
        void send(Machine machine, HeldMachine held, StreamWriter writer)
                throws IOException, DomainException;
    }

    private static byte[] sent(Domain domain, AfterSave after, Sending sending) throws Exception {
        var bytes = new ByteArrayOutputStream();
        domain.save(
                machine -> {
                    var channel = Channels.newChannel(bytes);
                    var writer = new StreamWriter(channel, 0, Alignment.NONE, 4, 17);
                    var held = machine.hold();
                    machine.saveStaticData(writer);
                    sending.send(machine, held, writer);
                },
                after);
        return bytes.toByteArray();
    }

    private static void sendRest(Machine machine, HeldMachine held, StreamWriter writer)
            throws IOException {
        new MachineSaver(writer, _ -> {}).memory(machine.memory(), held.ownPages());
        held.save(writer);
    }

    /// A machine with its disk, as somebody sends it who is cut off, or is not.
    private static byte[] withDisk(Domain domain, boolean whole) throws Exception {
        return sent(
                domain,
                AfterSave.GO_ON,
                (machine, held, writer) -> {
                    writer.write(new StreamRecord.Disk(202 << 8, 1 << 20));
                    var content = Bytes.of((byte) 1, (byte) 2, (byte) 3);
                    writer.write(new StreamRecord.DiskData(202 << 8, 70_000, content));
                    if (whole) {
                        sendRest(machine, held, writer);
                        writer.write(new StreamRecord.End());
                    }
                });
    }

    private static Machine arrive(DomainConfig config, byte[] stream) throws DomainException {
        var input = new MappedInput(MemorySegment.ofArray(stream), 0);
        return Xenolith.arriving(input, new Told()).build(config, Xenolith.surroundings());
    }

    /// How often there was something to be told.
    private static final class Told implements Xenolith.Arrivals {
        private int rehearsals;

        @Override
        public void taken(int round) {}

        @Override
        public void rehearsed() {
            rehearsals++;
        }
    }

    /// The machine in a stream, with so many rehearsals before its end.
    private static byte[] rehearsing(Domain domain, int rehearsals) throws Exception {
        return sent(
                domain,
                AfterSave.STAY_PAUSED,
                (machine, held, writer) -> {
                    sendRest(machine, held, writer);
                    for (int i = 0; i < rehearsals; i++) {
                        writer.write(new StreamRecord.Rehearsal());
                    }
                    held.save(writer);
                    writer.write(new StreamRecord.End());
                });
    }

    @Test
    void aMachineThatRehearsesHereArrivesAsItWas() throws Exception {
        var config = SMALL;
        try (var domain = Xenolith.restore(config, Xenolith.trialMachines())) {
            var stream = rehearsing(domain, 2);
            var before = domain.fingerprint();
            var told = new Told();
            var input = new MappedInput(MemorySegment.ofArray(stream), 0);
            try (var machine =
                    Xenolith.arriving(input, told).build(config, Xenolith.surroundings())) {
                machine.start(true);

                assertThat(told.rehearsals).isEqualTo(2);
                assertThat(machine.fingerprint().join()).isEqualTo(before);
            }
        }
    }

    @Test
    void aMachineMayNotRehearseForEver() throws Exception {
        var config = SMALL;
        try (var domain = Xenolith.restore(config, Xenolith.trialMachines())) {
            var stream = rehearsing(domain, ArrivingProgress.REHEARSALS_MAX + 1);
            assertThatThrownBy(() -> arrive(config, stream))
                    .isInstanceOf(DomainException.class)
                    .hasMessageContaining("rehearses too often");
        }
    }

    @Test
    void aDiskThatComesStaysOnlyWithAMachineThatStarts() throws Exception {
        var copy = root.resolve("copy");
        try (var domain = domain(disk())) {
            var there = domain.config().withDisks(List.of(DiskConfig.raw("xvda", copy)));
            assertThatThrownBy(() -> arrive(there, withDisk(domain, false)))
                    .isInstanceOf(DomainException.class);
            assertThat(copy).doesNotExist();

            var whole = withDisk(domain, true);
            arrive(there, whole).close();
            assertThat(copy).doesNotExist();

            try (var machine = arrive(there, whole)) {
                machine.start(true);
            }
            assertThat(Files.readAllBytes(copy)).hasSize(1 << 20).contains(1, atIndex(70_000));

            assertThatThrownBy(() -> arrive(there, whole)).hasMessageContaining("exists");
            assertThat(copy).exists();
        }
    }

    @Test
    void onlyWhatTheGuestMayWriteIsCopied() throws Exception {
        try (var domain = domain(disk())) {
            var other = Files.write(root.resolve("other"), new byte[1 << 20]);
            domain.attachDisk(DiskConfig.raw("xvdb", other).readOnly());

            var copied = domain.machine().copyDisks();

            assertThat(copied).extracting(CopiedDisk::number).containsExactly(202 << 8);
            copied.forEach(CopiedDisk::close);
        }
    }

    @Test
    void aThrottledGuestRestsForMostOfTheTime() throws Exception {
        var kernel = new TinyKernel().print("wild").bytes(0xFA); // cli
        var config =
                DomainConfig.builder("slow")
                        .kernel(kernel.jump(kernel.here()).write(root.resolve("kernel")))
                        .memoryMib(8)
                        .build();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("wild", Duration.ofSeconds(20));
            assertThat(busyPart(domain, 1)).isGreaterThan(0.8);
            domain.machine().throttle(90);
            assertThat(busyPart(domain, 5)).isBetween(0.01, 0.4);
            domain.machine().throttle(0);
            assertThat(busyPart(domain, 1)).isGreaterThan(0.8);
        }
    }

    /// Of some seconds that begin when it runs: it may still rest as it was told before.
    private static double busyPart(Domain domain, int seconds) throws InterruptedException {
        var clock = Clock.system();
        TimeUnit.MILLISECONDS.sleep(200);
        long rested = domain.vcpus().getFirst().runNanos();
        while (domain.vcpus().getFirst().runNanos() == rested) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        long start = clock.nanos();
        long before = domain.vcpus().getFirst().runNanos();
        TimeUnit.SECONDS.sleep(seconds);
        long ran = domain.vcpus().getFirst().runNanos() - before;
        return (double) ran / (clock.nanos() - start);
    }

    @Test
    void workersThatAreHeldDoTheirWorkWhenTheyAreLetGo() throws Exception {
        var done = new Semaphore(0);
        var held = new HeldWorkers(Workers.virtualThreads(_ -> done.release(1000)), () -> false);
        var one = held.worker("one", done::release);
        var other = held.periodic("other", 1_000_000, done::release);
        one.wake();
        assertThat(done.tryAcquire(100, TimeUnit.MILLISECONDS)).isFalse();
        held.letGo();
        assertThat(done.tryAcquire(2, 10, TimeUnit.SECONDS)).isTrue();
        other.close();
        done.drainPermits();
        one.wake();
        assertThat(done.tryAcquire(1, 10, TimeUnit.SECONDS)).isTrue();
        one.close();
    }
}
