package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Machines that are saved and go on, with guests of a few instructions.
@Timeout(180)
class SaveTest {
    private static final ShutdownActions KEEP =
            new ShutdownActions(
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE,
                    ShutdownAction.PRESERVE);
    private static final int COUNTER = 0x30_0000;
    private static final Duration AT_MOST = Duration.ofSeconds(60);

    @TempDir private Path root;

    private static DomainConfig.Builder config(TinyKernel kernel, Path root) throws IOException {
        return DomainConfig.builder("saved")
                .kernel(kernel.write(root.resolve("kernel")))
                .memoryMib(8)
                .actions(KEEP);
    }

    static byte[] save(Domain domain, AfterSave after) throws Exception {
        var bytes = new ByteArrayOutputStream();
        domain.save(
                machine ->
                        machine.save(
                                new StreamWriter(
                                        Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17),
                                _ -> {}),
                after);
        return bytes.toByteArray();
    }

    private static void save(Domain domain, Path file) throws Exception {
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            domain.save(
                    machine ->
                            machine.save(
                                    new StreamWriter(channel, 0, Alignment.PAGE, 4, 17), _ -> {}),
                    AfterSave.DESTROY);
        }
    }

    static Domain restore(DomainConfig config, byte[] saved) throws DomainException {
        return Xenolith.restore(config, new MappedInput(MemorySegment.ofArray(saved), 0));
    }

    /// Two vCPUs that add to a counter without a lock, which loses some in a way that depends on
    /// who runs when; the first notes what it reads of time and chance, several times.
    private static TinyKernel race() {
        var kernel = new TinyKernel();
        var other =
                new int[] {
                    0x66,
                    0xB8,
                    0x10,
                    0,
                    0,
                    0, // mov eax, 0x10
                    0x8E,
                    0xD8, // mov ds, ax: real mode, base 0x100
                    0x66,
                    0xFF,
                    0x06,
                    0x00,
                    0x10, // inc dword [0x1000]
                    0xEB,
                    0xF9 // jmp back
                };
        for (int i = 0; i < other.length; i++) {
            kernel.storeByte(0x1_0000 + i, other[i]);
        }
        kernel.storeWord(0xFEE0_0310, 2 << 24)
                .storeWord(0xFEE0_0300, 0x4500)
                .storeWord(0xFEE0_0300, 0x4610);
        for (int part = 0; part < 8; part++) {
            kernel.load(1, 1_000_000); // ecx
            int top = kernel.here();
            kernel.bytes(0xFF, 0x05).word(0x1100); // inc dword [0x1100]
            kernel.bytes(0xFF, 0xC9, 0x75, top - (kernel.here() + 4)); // dec ecx; jnz top
            kernel.bytes(0xA1).word(0x1100).bytes(0xA3).word(COUNTER + part * 16);
            kernel.bytes(0x0F, 0xC7, 0xF0).bytes(0xA3).word(COUNTER + part * 16 + 4); // rdrand
            kernel.bytes(0x0F, 0x31).bytes(0xA3).word(COUNTER + part * 16 + 8); // rdtsc
        }
        return kernel.print("end").shutDown(0);
    }

    private static String end(Domain domain) throws Exception {
        while (domain.state() != DomainState.SHUTDOWN) {
            assertThat(domain.state()).isNotEqualTo(DomainState.CRASHED);
            TimeUnit.MILLISECONDS.sleep(1);
        }
        assertThat(domain.log().lines()).noneMatch(line -> line.contains("invariant"));
        return domain.fingerprint();
    }

    private DomainConfig raceConfig() throws IOException {
        return config(race(), root).vcpus(2).deterministic(7).build();
    }

    @Test
    void aMachineThatIsMovedAtAnyTimeEndsAsOneThatWasNot() throws Exception {
        var config = raceConfig();
        String undisturbed;
        try (var domain = Xenolith.create(config)) {
            undisturbed = end(domain);
        }
        var random = new SplittableRandom(1);
        int moves = 0;
        var domain = Xenolith.create(config);
        try {
            while (domain.state() != DomainState.SHUTDOWN && moves < 12) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(8));
                byte[] saved;
                try {
                    saved = save(domain, AfterSave.DESTROY);
                } catch (DomainException e) {
                    assertThat(e).hasMessage("the guest has shut down");
                    break;
                }
                domain.close();
                domain = restore(config, saved);
                moves++;
            }
            assertThat(moves).isGreaterThan(2);
            assertThat(end(domain)).isEqualTo(undisturbed);
        } finally {
            domain.close();
        }
    }

    @Test
    void theSourceGoesOnWhereItWasNotDestroyed() throws Exception {
        var config = raceConfig();
        try (var domain = Xenolith.create(config)) {
            TimeUnit.MILLISECONDS.sleep(30);
            var saved = save(domain, AfterSave.GO_ON);
            var ended = end(domain);
            try (var twin = restore(config, saved)) {
                assertThat(end(twin)).isEqualTo(ended);
            }
        }
    }

    /// Prints a letter when it gets one.
    private static TinyKernel echo() {
        var kernel = new TinyKernel().print("?");
        int poll = kernel.here();
        return kernel.bytes(0x66, 0xBA, 0xFD, 0x03, 0xEC) // mov dx, 0x3fd; in al, dx
                .bytes(0xA8, 0x01, 0x74, 0xF7) // test al, 1; jz poll
                .bytes(0x66, 0xBA, 0xF8, 0x03, 0xEC, 0xFE, 0xC0, 0xEE) // in; inc al; out
                .jump(poll);
    }

    @Test
    void aPausedGuestIsSavedAndStaysPaused() throws Exception {
        var config = config(echo(), root).build();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("?", AT_MOST);
            domain.pause();
            var saved = save(domain, AfterSave.GO_ON);
            assertThat(domain.state()).isEqualTo(DomainState.PAUSED);
            domain.unpause();
            domain.serial().send("H");
            domain.serial().reader().awaitText("I", AT_MOST);
            try (var twin = restore(config, saved)) {
                twin.serial().send("HAL");
                twin.serial().reader().awaitText("IBM", AT_MOST);
            }
        }
    }

    @Test
    void aGuestCanBeLeftPaused() throws Exception {
        var config = config(echo(), root).build();
        try (var domain = Xenolith.create(config)) {
            save(domain, AfterSave.STAY_PAUSED);
            assertThat(domain.state()).isEqualTo(DomainState.PAUSED);
        }
    }

    /// Writes the time-stamp counter's upper half and a byte of the lower into memory for ever.
    @Test
    void timeGoesOnWhileAMachineIsSaved() throws Exception {
        var kernel = new TinyKernel().print("?");
        int poll = kernel.here();
        kernel.bytes(0x0F, 0x31, 0xA3).word(COUNTER); // rdtsc; mov [COUNTER], eax
        kernel.bytes(0x89, 0x15).word(COUNTER + 4).jump(poll); // mov [COUNTER+4], edx
        var config = config(kernel, root).build();
        var clock = Clock.system();
        long start = clock.nanos();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("?", AT_MOST);
            var saved = save(domain, AfterSave.DESTROY);
            TimeUnit.MILLISECONDS.sleep(1200);
            try (var twin = restore(config, saved)) {
                long enough = counter(saved) + 1_250_000_000;
                while (twin.machine().memory().readLong(COUNTER) < enough) {
                    TimeUnit.MILLISECONDS.sleep(1);
                }
                var later = save(twin, AfterSave.DESTROY);
                double millis = (counter(later) - counter(saved)) / 1e6; // ticks at 1 GHz
                double passed = (clock.nanos() - start) / 1e6;
                assertThat(millis).isBetween(1250.0, passed);
            }
        }
    }

    private static MachineImage image(byte[] saved) throws Exception {
        return MachineImage.read(
                new StreamReader(new MappedInput(MemorySegment.ofArray(saved), 0)),
                MachineImage.PageSource.COPY,
                Engines.choose(EngineChoice.SOFT));
    }

    private static long counter(byte[] saved) throws Exception {
        try (var image = image(saved)) {
            return image.memory().readLong(COUNTER);
        }
    }

    /// Fills memory with something else in each page, so that there are pages to show.
    private static TinyKernel pages() {
        return new TinyKernel()
                .load(7, 0x40_0000) // edi
                .load(1, 0x4_0000) // ecx
                .bytes(0x89, 0x3F, 0x83, 0xC7, 0x04, 0xE2, 0xF9) // mov [edi], edi; add edi, 4; loop
                .print("?")
                .bytes(0xEB, 0xFE); // jmp here
    }

    @Test
    void machinesOfOneFileShowItsPagesAndLeaveItAlone() throws Exception {
        var config = config(pages(), root).build();
        var file = root.resolve("machine");
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("?", AT_MOST);
            save(domain, file);
        }
        var before = Files.readAllBytes(file);
        var twins = new ArrayList<Domain>();
        try {
            for (int i = 0; i < 3; i++) {
                twins.add(Xenolith.restore(config, file));
            }
            var again = save(twins.getFirst(), AfterSave.GO_ON);
            assertThat(memory(again, 0x40_0000, 0x10_0000))
                    .isEqualTo(memory(before, 0x40_0000, 0x10_0000));
            assertThat(Files.readString(Path.of("/proc/self/maps")).lines())
                    .filteredOn(line -> line.endsWith(file.toString()))
                    .hasSizeGreaterThanOrEqualTo(3)
                    .allMatch(line -> line.contains(" rw-p "));
        } finally {
            twins.forEach(Domain::close);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    private static final int SHARED_PAGES = 768;

    /// Fills some memory, and then reads it for ever, a word of each page.
    private static TinyKernel reader() {
        var kernel =
                new TinyKernel()
                        .load(7, 0x40_0000) // edi
                        .load(1, SHARED_PAGES * 1024) // ecx
                        .bytes(
                                0x89, 0x3F, 0x83, 0xC7, 0x04, 0xE2,
                                0xF9) // mov [edi], edi; ...; loop
                        .print("?");
        int again = kernel.here();
        return kernel.load(6, 0x40_0000) // esi
                .load(1, SHARED_PAGES)
                .bytes(0x8B, 0x06, 0x81, 0xC6) // mov eax, [esi]; add esi, 4096
                .word(4096)
                .bytes(0xE2, 0xF6) // loop
                .jump(again);
    }

    /// As the kernel counts it: a page that several use is of each a part only.
    @Test
    void tenMachinesOfOneFileTakeTheMemoryOfOne() throws Exception {
        var config = config(reader(), root).build();
        var file = root.resolve("machine");
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("?", AT_MOST);
            save(domain, file);
        }
        var twins = new ArrayList<Domain>();
        try {
            for (int i = 0; i < 10; i++) {
                twins.add(Xenolith.restore(config, file));
            }
            long each = SHARED_PAGES * 4L;
            var clock = Clock.system();
            long end = clock.nanos() + AT_MOST.toNanos();
            while (kilobytes(file, "Rss:") < 10 * each && clock.nanos() < end) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            assertThat(kilobytes(file, "Rss:")).isGreaterThanOrEqualTo(10 * each);
            assertThat(kilobytes(file, "Pss:")).isBetween(each, each + each / 2);
        } finally {
            twins.forEach(Domain::close);
        }
    }

    /// The sum over this process's mappings of a file.
    private static long kilobytes(Path file, String what) throws IOException {
        long sum = 0;
        boolean ours = false;
        for (var line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                ours = line.endsWith(file.toString());
            } else if (ours && line.startsWith(what)) {
                sum += Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return sum;
    }

    private static byte[] memory(byte[] saved, long gpa, int length) throws Exception {
        try (var image = image(saved)) {
            return image.memory().read(gpa, length);
        }
    }

    // ---------------------------------------------------------------- what is refused

    @Test
    void anotherMachineIsRefused() throws Exception {
        var config = raceConfig();
        byte[] saved;
        try (var domain = Xenolith.create(config)) {
            saved = save(domain, AfterSave.DESTROY);
        }
        assertThatThrownBy(() -> restore(config(race(), root).vcpus(2).build(), saved))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("deterministic");
        assertThatThrownBy(() ->
                        restore(config(race(), root).memoryMib(16).deterministic(7).build(), saved))
                .isInstanceOf(DomainException.class)
                .hasMessage("the guest was saved with maxmem = 8, which cannot be 16");
    }

    @Test
    void damagedFilesAreRefused() throws Exception {
        var config = raceConfig();
        byte[] saved;
        try (var domain = Xenolith.create(config)) {
            TimeUnit.MILLISECONDS.sleep(30);
            saved = save(domain, AfterSave.DESTROY);
        }
        var random = new SplittableRandom(2);
        for (int round = 0; round < 60; round++) {
            var damaged = saved.clone();
            if (round % 3 == 0) {
                damaged = Arrays.copyOf(saved, random.nextInt(saved.length));
            } else {
                damaged[random.nextInt(saved.length)] ^= (byte) (1 << random.nextInt(8));
            }
            var input = damaged;
            assertThatThrownBy(() -> restore(config, input).close())
                    .isInstanceOf(DomainException.class);
        }
    }

    @Test
    void aDomainWhoseSavingFailsGoesOn() throws Exception {
        var config = config(echo(), root).build();
        try (var domain = Xenolith.create(config)) {
            var reader = domain.serial().reader();
            reader.awaitText("?", AT_MOST);
            assertThatThrownBy(() ->
                            domain.save(
                                    machine -> {
                                        throw new IOException("no space left");
                                    },
                                    AfterSave.DESTROY))
                    .isInstanceOf(DomainException.class)
                    .hasMessage("no space left");
            domain.serial().send("HAL");
            reader.awaitText("IBM", AT_MOST);
        }
    }
}
