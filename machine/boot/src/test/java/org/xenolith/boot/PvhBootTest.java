package org.xenolith.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenolith.base.Sizes.MIB;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.boot.MemoryMapEntry.Type;
import org.xenolith.memory.GuestMemory;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

class PvhBootTest {
    private static final long RAM = 8 * MIB;
    private static final List<MemoryMapEntry> MAP =
            List.of(
                    new MemoryMapEntry(0, RAM, Type.RAM),
                    new MemoryMapEntry(0xFC00_0000L, 0x1000, Type.ACPI));

    @TempDir private Path directory;

    private BootModule module(String name, int bytes, String commandLine) throws Exception {
        var content = new byte[bytes];
        new SplittableRandom(bytes).nextBytes(content);
        return new BootModule(Files.write(directory.resolve(name), content), bytes, commandLine);
    }

    @Test
    void theKernelLiesWhereItAsksWithZerosBehindItsContent() throws Exception {
        try (var memory = GuestMemory.withRam(RAM, 0);
                var kernel = KernelImage.parse(SampleElf.kernel(true), RAM)) {
            var garbage = new byte[0x4000];
            Arrays.fill(garbage, (byte) 0xAA);
            memory.write(SampleElf.ADDRESS, garbage);
            var placed = PvhBoot.place(memory, kernel, List.of(), "", 0, MAP);
            assertThat(placed.entry()).isEqualTo(SampleElf.ENTRY);
            assertThat(placed.lowestFree()).isEqualTo(SampleElf.ADDRESS + 0x2000);
            for (int i = 0; i < SampleElf.MEMORY_BYTES; i++) {
                int expected = i < SampleElf.CODE_BYTES ? SampleElf.codeByte(i) & 0xFF : 0;
                assertThat(memory.readByte(SampleElf.ADDRESS + i)).isEqualTo(expected);
            }
            assertThat(memory.readByte(SampleElf.ADDRESS + SampleElf.MEMORY_BYTES)).isEqualTo(0xAA);
        }
    }

    @Test
    void theStartInfoTellsAllThatWasGiven() throws Exception {
        try (var memory = GuestMemory.withRam(RAM, 0);
                var kernel = KernelImage.parse(SampleElf.kernel(true), RAM)) {
            var modules = List.of(module("a", 12345, ""), module("b", 1, "second"));
            var placed = PvhBoot.place(memory, kernel, modules, "console=hvc0", 0xFC00_0000L, MAP);
            long info = placed.startInfo();
            assertThat(info).isLessThan(RAM).isGreaterThan(MIB);
            assertThat(memory.readInt(info)).isEqualTo(0x336EC578);
            assertThat(memory.readInt(info + 4)).isEqualTo(1);
            assertThat(memory.readInt(info + 8)).isZero();
            assertThat(memory.readInt(info + 12)).isEqualTo(2);
            assertThat(string(memory, memory.readLong(info + 24))).isEqualTo("console=hvc0");
            assertThat(memory.readLong(info + 32)).isEqualTo(0xFC00_0000L);

            long list = memory.readLong(info + 16);
            for (int i = 0; i < modules.size(); i++) {
                long address = memory.readLong(list + 32 * i);
                assertThat(address & 0xFFF).isZero();
                int bytes = (int) memory.readLong(list + 32 * i + 8);
                assertThat(memory.read(address, bytes))
                        .isEqualTo(Files.readAllBytes(modules.get(i).file()));
            }
            assertThat(memory.readLong(list + 16)).isZero();
            assertThat(string(memory, memory.readLong(list + 48))).isEqualTo("second");

            long map = memory.readLong(info + 40);
            assertThat(memory.readInt(info + 48)).isEqualTo(MAP.size());
            for (int i = 0; i < MAP.size(); i++) {
                assertThat(memory.readLong(map + 24 * i)).isEqualTo(MAP.get(i).address());
                assertThat(memory.readLong(map + 24 * i + 8)).isEqualTo(MAP.get(i).bytes());
                assertThat(memory.readInt(map + 24 * i + 16)).isEqualTo(MAP.get(i).type().number());
            }
        }
    }

    private static String string(GuestMemory memory, long address) {
        var text = new StringBuilder();
        for (int i = 0; memory.readByte(address + i) != 0; i++) {
            text.append((char) memory.readByte(address + i));
        }
        return text.toString();
    }

    @Test
    void nothingOverlapsAndEverythingIsInRam() throws Exception {
        long seed = 20_260_101;
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 200; round++) {
            long hole = (random.nextInt(1024) + 512) * 4096L;
            long holeBytes = (1 + random.nextInt(256)) * 4096L;
            var map =
                    List.of(
                            new MemoryMapEntry(0, hole, Type.RAM),
                            new MemoryMapEntry(hole, holeBytes, Type.RESERVED),
                            new MemoryMapEntry(hole + holeBytes, RAM - hole - holeBytes, Type.RAM));
            try (var memory = GuestMemory.withRam(RAM, 0);
                    var kernel = KernelImage.parse(SampleElf.kernel(false), RAM)) {
                for (long gfn = hole >> 12; gfn < (hole + holeBytes) >> 12; gfn++) {
                    memory.unmap(gfn);
                }
                var modules =
                        List.of(
                                module("x", 1 + random.nextInt(1_000_000), ""),
                                module("y", 1 + random.nextInt(1_000_000), ""));
                var placed = PvhBoot.place(memory, kernel, modules, "quiet", 0, map);
                long list = memory.readLong(placed.startInfo() + 16);
                for (int i = 0; i < 2; i++) {
                    long address = memory.readLong(list + 32 * i);
                    assertThat(memory.read(address, (int) modules.get(i).bytes()))
                            .as("seed %d, round %d", seed, round)
                            .isEqualTo(Files.readAllBytes(modules.get(i).file()));
                }
                assertThat(memory.readByte(SampleElf.ADDRESS) & 0xFF).isEqualTo(1);
            }
        }
    }

    @Test
    void tooLittleMemoryIsRefusedInPlainWords() throws Exception {
        try (var memory = GuestMemory.withRam(2 * MIB, 0);
                var kernel = KernelImage.parse(SampleElf.kernel(true), RAM)) {
            var small = List.of(new MemoryMapEntry(0, 2 * MIB, Type.RAM));
            var tiny = List.of(new MemoryMapEntry(0, MIB, Type.RAM));
            var big = module("big", 2 << 20, "");
            assertThatThrownBy(() -> PvhBoot.place(memory, kernel, List.of(big), "", 0, small))
                    .isInstanceOf(BootException.class)
                    .hasMessageStartingWith(big.file() + ": its 2 MiB do not fit");
            assertThatThrownBy(() -> PvhBoot.place(memory, kernel, List.of(), "", 0, tiny))
                    .isInstanceOf(BootException.class)
                    .hasMessageContaining("where the guest has no memory");
        }
    }

    @Test
    void unreadableCommandLinesAreRefused() throws Exception {
        try (var memory = GuestMemory.withRam(RAM, 0);
                var kernel = KernelImage.parse(SampleElf.kernel(true), RAM)) {
            for (var line : List.of("a\0b", "x".repeat(70_000))) {
                assertThatThrownBy(() -> PvhBoot.place(memory, kernel, List.of(), line, 0, MAP))
                        .isInstanceOf(BootException.class)
                        .hasMessageContaining("command line");
            }
        }
    }

    @Test
    void theBootProcessorBeginsAsTheAbiAsks() {
        var state = new StartOfDay(0x100_0850, 0x7FF000, 0x200_0000).bootProcessor();
        assertThat(state.general().rip()).isEqualTo(0x100_0850);
        assertThat(state.general().registers().get(3)).isEqualTo(0x7FF000);
        assertThat(state.general().rflags()).isEqualTo(2);
        assertThat(state.control().cr0()).isEqualTo(0x11);
        assertThat(state.control().cr4()).isZero();
        assertThat(state.control().efer()).isZero();
        var segments = state.segments();
        assertThat(segments.cs().attributes()).isEqualTo(0xC09B);
        for (var data : List.of(segments.ds(), segments.es(), segments.ss())) {
            assertThat(data.attributes()).isEqualTo(0xC093);
            assertThat(data.base()).isZero();
            assertThat(data.limit()).isEqualTo(-1);
        }
        assertThat(segments.tr().attributes()).isEqualTo(0x8B);
        assertThat(segments.tr().limit()).isEqualTo(0x67);
    }
}
