package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;

class HostFileTest {
    private static final int BLOCK = 1 << 16;

    @TempDir private Path directory;
    private Path path;

    @BeforeEach
    void make() throws Exception {
        assumeTrue(HostFile.isSupported(), "not on this host");
        path = Files.write(directory.resolve("file"), new byte[4 * BLOCK]);
    }

    @Test
    void aHoleIsFoundAndTakesNoSpace() throws Exception {
        try (var file = HostFile.open(path, true)) {
            assertThat(file.nextData(0)).isZero();
            assertThat(file.nextHole(0)).isEqualTo(4 * BLOCK);
            long before = HostFile.allocatedBytes(path);
            file.punchHole(BLOCK, BLOCK);
            assertThat(file.nextHole(0)).isEqualTo(BLOCK);
            assertThat(file.nextData(BLOCK)).isEqualTo(2 * BLOCK);
            assertThat(HostFile.allocatedBytes(path)).isLessThan(before);
            assertThat(file.nextData(4 * BLOCK)).isEqualTo(-1);
            assertThat(Files.size(path)).isEqualTo(4 * BLOCK);
        }
    }

    @Test
    void locksOfTwoDescriptorsContradict() throws Exception {
        try (var one = HostFile.open(path, true);
                var other = HostFile.open(path, true)) {
            assertThat(one.tryLock(100, 2, false)).isTrue();
            assertThat(other.tryLock(101, 1, false)).isTrue();
            assertThat(other.tryLock(100, 1, true)).isFalse();
            assertThat(other.isLocked(100, 1)).isTrue();
            assertThat(other.isLocked(102, 1)).isFalse();
            assertThat(one.isLocked(100, 1)).isFalse();
        }
        try (var third = HostFile.open(path, true)) {
            assertThat(third.tryLock(100, 2, true)).isTrue();
        }
    }

    @Test
    void memoryInManyPlacesIsReadAndWrittenInOrder() throws Exception {
        var content = new byte[3 * BLOCK];
        new SplittableRandom(1).nextBytes(content);
        try (var file = HostFile.open(path, true);
                var arena = Arena.ofConfined()) {
            var memory = arena.allocate(4 * BLOCK);
            MemorySegment.copy(content, 0, memory, JAVA_BYTE, 0, content.length);
            var places = places(memory, 2 * BLOCK, BLOCK, 100, 7, 0, 0, 107, BLOCK);
            file.write(BLOCK + 1, places);
            assertThat(places.bytes()).isZero();
            var written = Arrays.copyOfRange(Files.readAllBytes(path), BLOCK + 1, 3 * BLOCK + 8);
            assertThat(written)
                    .isEqualTo(
                            concat(
                                    Arrays.copyOfRange(content, 2 * BLOCK, 3 * BLOCK),
                                    Arrays.copyOfRange(content, 100, 107 + BLOCK)));

            memory.fill((byte) 1);
            places = places(memory, 5, 2, 4000, BLOCK, 0, 3);
            file.read(BLOCK + 1, places);
            assertThat(places.bytes()).isZero();
            var read = memory.toArray(JAVA_BYTE);
            assertThat(Arrays.copyOfRange(read, 5, 7)).isEqualTo(Arrays.copyOf(written, 2));
            assertThat(Arrays.copyOfRange(read, 4000, 4000 + BLOCK))
                    .isEqualTo(Arrays.copyOfRange(written, 2, 2 + BLOCK));
            assertThat(Arrays.copyOfRange(read, 0, 3))
                    .isEqualTo(Arrays.copyOfRange(written, 2 + BLOCK, 5 + BLOCK));
            assertThat(read[3]).isEqualTo((byte) 1);
            assertThat(read[7]).isEqualTo((byte) 1);
        }
    }

    @Test
    void whatIsBeyondTheEndReadsAsZeros() throws Exception {
        Files.write(path, new byte[] {1, 2, 3});
        try (var file = HostFile.open(path, false);
                var arena = Arena.ofConfined()) {
            var memory = arena.allocate(8).fill((byte) 9);
            file.read(1, places(memory, 0, 1, 2, 5));
            assertThat(memory.toArray(JAVA_BYTE)).containsExactly(2, 9, 3, 0, 0, 0, 0, 9);
            memory.fill((byte) 9);
            file.read(100, places(memory, 3, 2));
            assertThat(memory.toArray(JAVA_BYTE)).containsExactly(9, 9, 9, 0, 0, 9, 9, 9);
        }
    }

    /// What a read without waiting leaves, another read brings.
    @Test
    void whatWouldHaveWaitedIsReadLater() throws Exception {
        var content = new byte[4 * BLOCK];
        new SplittableRandom(2).nextBytes(content);
        Files.write(path, content);
        try (var file = HostFile.open(path, false);
                var arena = Arena.ofConfined()) {
            var memory = arena.allocate(4 * BLOCK);
            var places = places(memory, 0, BLOCK, BLOCK, 3 * BLOCK);
            file.readWithoutWaiting(0, places);
            file.read(4 * BLOCK - places.bytes(), places);
            assertThat(memory.toArray(JAVA_BYTE)).isEqualTo(content);
        }
    }

    @Test
    void placesAreInsideTheirMemory() {
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(100);
            assertThatThrownBy(() -> places(memory, 50, 51))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> places(memory, -1, 1))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /// Pairs of an offset and a length.
    private static IoVector places(MemorySegment memory, long... pairs) {
        var places = new IoVector(8);
        places.begin(memory);
        for (int i = 0; i < pairs.length; i += 2) {
            places.add(pairs[i], pairs[i + 1]);
        }
        return places;
    }

    private static byte[] concat(byte[] first, byte[] second) {
        var both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @Test
    void whatIsNotThereIsRefused() {
        assertThatThrownBy(() -> HostFile.open(directory.resolve("none"), false))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("open was refused");
    }
}
