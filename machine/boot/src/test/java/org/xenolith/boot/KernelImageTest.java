package org.xenolith.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.memory.GuestMemory;
import org.xenolith.testkit.Fuzz;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

class KernelImageTest {
    private static final long RAM = 16 << 20;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anElfOfEitherClassIsUnderstood(boolean wide) throws BootException {
        try (var kernel = KernelImage.parse(SampleElf.kernel(wide), RAM)) {
            checkSample(kernel);
            assertThat(kernel.notes().relocation())
                    .isEqualTo(
                            Optional.of(
                                    new XenNotes.Relocation(0x20_0000, 0x100_0000, 0x3FFF_FFFF)));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Packing.class,
            names = {"BZIP2", "LZO"},
            mode = EnumSource.Mode.EXCLUDE)
    void aBzImageIsUnpackedWhateverItsPacking(Packing packing) throws BootException {
        var image = SampleElf.bzImage(Packer.pack(packing, SampleElf.kernel(true)));
        try (var kernel = KernelImage.parse(image, RAM)) {
            checkSample(kernel);
        }
    }

    @Test
    void anElfPackedWithGzipIsUnpacked() throws BootException {
        var image = Packer.pack(Packing.GZIP, SampleElf.kernel(false));
        try (var kernel = KernelImage.parse(image, RAM)) {
            checkSample(kernel);
        }
    }

    @Test
    void lz4BlocksAreJoined() throws BootException {
        var elf = Arrays.copyOf(SampleElf.kernel(true), (16 << 20) + 12345);
        var image = SampleElf.bzImage(Packer.pack(Packing.LZ4_LEGACY, elf));
        try (var kernel = KernelImage.parse(image, 2 * RAM)) {
            checkSample(kernel);
        }
    }

    private static void checkSample(KernelImage kernel) throws BootException {
        assertThat(kernel.pvhEntry()).isEqualTo(SampleElf.ENTRY);
        assertThat(kernel.segments()).hasSize(1);
        var segment = kernel.segments().getFirst();
        assertThat(segment.address()).isEqualTo(SampleElf.ADDRESS);
        assertThat(segment.memoryBytes()).isEqualTo(SampleElf.MEMORY_BYTES);
        assertThat(segment.content().byteSize()).isEqualTo(SampleElf.CODE_BYTES);
        for (int i = 0; i < SampleElf.CODE_BYTES; i++) {
            assertThat(segment.content().get(ValueLayout.JAVA_BYTE, i))
                    .isEqualTo(SampleElf.codeByte(i));
        }
    }

    @Test
    void unsupportedPackingsAreRefusedByName() {
        var bzip2 = SampleElf.bzImage("BZh91AY&SY1234".getBytes());
        assertThatThrownBy(() -> KernelImage.parse(bzip2, RAM))
                .isInstanceOf(BootException.class)
                .hasMessageContaining("bzip2");
    }

    @Test
    void whatUnpacksToMoreThanTheGuestHasIsRefusedBeforeUnpacking() throws Exception {
        var bomb = Packer.gzip(new byte[20 << 20]);
        assertThatThrownBy(() -> KernelImage.parse(SampleElf.bzImage(bomb), RAM))
                .isInstanceOf(BootException.class)
                .hasMessage("the kernel unpacks to 20 MiB, more than the guest's memory of 16 MiB");
    }

    @ParameterizedTest
    @EnumSource(
            value = Packing.class,
            names = {"BZIP2", "LZO"},
            mode = EnumSource.Mode.EXCLUDE)
    void aLyingLengthIsRefused(Packing packing) {
        var elf = SampleElf.kernel(true);
        for (int lie : new int[] {-7, -1, 1, 1000}) {
            var packed = Packer.pack(packing, elf);
            ByteBuffer.wrap(packed)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(packed.length - 4, elf.length + lie);
            assertThatThrownBy(() -> KernelImage.parse(SampleElf.bzImage(packed), RAM))
                    .isInstanceOf(BootException.class);
        }
    }

    @Test
    void aKernelWithoutAPvhEntryIsRefusedWhenItIsAskedFor() throws BootException {
        var elf = SampleElf.kernel(true);
        elf[64 + 56] = 0; // the note segment's type
        try (var kernel = KernelImage.parse(elf, RAM)) {
            assertThatThrownBy(kernel::pvhEntry)
                    .isInstanceOf(BootException.class)
                    .hasMessageContaining("PHYS32_ENTRY");
        }
    }

    @Test
    void refusalsNameTheFile(@TempDir Path directory) throws Exception {
        var empty = Files.createFile(directory.resolve("empty"));
        var text = Files.writeString(directory.resolve("text"), "hello, kernel");
        assertThatThrownBy(() -> KernelImage.read(directory.resolve("none"), RAM))
                .isInstanceOf(BootException.class)
                .hasMessage(directory.resolve("none") + ": no such file");
        assertThatThrownBy(() -> KernelImage.read(directory, RAM))
                .isInstanceOf(BootException.class)
                .hasMessage(directory + ": not a regular file");
        assertThatThrownBy(() -> KernelImage.read(empty, RAM))
                .isInstanceOf(BootException.class)
                .hasMessage(empty + ": the file is empty");
        assertThatThrownBy(() -> KernelImage.read(text, RAM))
                .isInstanceOf(BootException.class)
                .hasMessage(text + ": neither an ELF file nor a Linux bzImage");
    }

    @Test
    void everyTruncationOfAnElfIsRefusedOrUnderstood() {
        var elf = SampleElf.kernel(true);
        for (int length = 0; length < elf.length; length++) {
            var cut = Arrays.copyOf(elf, length);
            assertThatThrownBy(() -> KernelImage.parse(cut, RAM)).isInstanceOf(BootException.class);
        }
    }

    @ParameterizedTest
    @Tag("fuzz")
    @EnumSource(
            value = Packing.class,
            names = {"BZIP2", "LZO"},
            mode = EnumSource.Mode.EXCLUDE)
    void randomDamageToABzImageIsRefusedOrUnderstood(Packing packing) {
        long seed = 0x5EED_0000 + packing.ordinal();
        damage(SampleElf.bzImage(Packer.pack(packing, SampleElf.kernel(true))), seed, 1500);
    }

    @ParameterizedTest
    @Tag("fuzz")
    @ValueSource(booleans = {false, true})
    void randomDamageToAnElfIsRefusedOrUnderstood(boolean wide) {
        damage(SampleElf.kernel(wide), wide ? 64 : 32, 20_000);
    }

    /// Damages copies of `image` at random and expects a kernel in its place or a refusal.
    private static void damage(byte[] image, long seed, int rounds) {
        var fuzz = new Fuzz(seed, rounds);
        var map = List.of(new MemoryMapEntry(0, RAM, MemoryMapEntry.Type.RAM));
        try (var memory = GuestMemory.withRam(RAM, 0)) {
            while (fuzz.goesOn()) {
                var damaged = Mutation.of(image, new SplittableRandom(fuzz.seed()));
                try (var kernel = KernelImage.parse(damaged, RAM)) {
                    PvhBoot.place(memory, kernel, List.of(), "", 0, map);
                } catch (BootException e) {
                    assertThat(e.getMessage()).isNotBlank();
                } catch (Throwable e) {
                    throw new AssertionError(fuzz.toString(), e);
                }
            }
        }
    }
}
