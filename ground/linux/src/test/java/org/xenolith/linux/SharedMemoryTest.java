package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class SharedMemoryTest {
    private static final long MIB = 1 << 20;
    private static final int PAGE = 4096;

    @TempDir private Path root;

    @BeforeEach
    void onlyOnLinux() {
        assumeTrue(SharedMemory.isSupported());
    }

    /// Shared pages that this process has in memory, in bytes.
    private static long residentSharedBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssShmem:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .sum();
    }

    @Test
    void theHostCommitsOnlyWhatIsTouchedAndTakesItBack() throws Exception {
        long before = residentSharedBytes();
        try (var memory = SharedMemory.create("test", 1 << 30)) {
            assertThat(residentSharedBytes() - before).isLessThan(MIB);
            for (long at = 0; at < 64 * MIB; at += PAGE) {
                memory.segment().set(ValueLayout.JAVA_BYTE, at, (byte) 7);
            }
            assertThat(residentSharedBytes() - before)
                    .isGreaterThanOrEqualTo(64 * MIB)
                    .isLessThan(80 * MIB);
            memory.discard(0, 64 * MIB);
            assertThat(residentSharedBytes() - before).isLessThan(MIB);
            assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, 0)).isZero();
        }
    }

    @Test
    void discardErasesItsRangeOnly() throws Exception {
        try (var memory = SharedMemory.create("test", 3 * PAGE)) {
            memory.segment().fill((byte) 9);
            memory.discard(PAGE, PAGE);
            for (long at = 0; at < 3 * PAGE; at++) {
                boolean discarded = at >= PAGE && at < 2 * PAGE;
                assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, at))
                        .isEqualTo((byte) (discarded ? 0 : 9));
            }
        }
    }

    @Test
    void accessAfterCloseOrBeyondTheEndThrows() throws Exception {
        var memory = SharedMemory.create("test", PAGE);
        var segment = memory.segment();
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, PAGE))
                .isInstanceOf(IndexOutOfBoundsException.class);
        memory.close();
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anImpossibleSizeIsRefused() {
        assertThatThrownBy(() -> SharedMemory.create("test", -1))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("ftruncate");
    }

    private Path numbered(int pages) throws IOException {
        var bytes = new byte[pages * PAGE];
        for (int page = 0; page < pages; page++) {
            Arrays.fill(bytes, page * PAGE, (page + 1) * PAGE, (byte) (page + 1));
        }
        return Files.write(root.resolve("file"), bytes);
    }

    @Test
    void aFileThatIsShownIsSharedUntilItIsWrittenAndStaysAsItIs() throws Exception {
        var path = numbered(4);
        try (var first = SharedMemory.create("first", 8 * PAGE);
                var second = SharedMemory.create("second", 8 * PAGE)) {
            try (var file = HostFile.open(path, false)) {
                first.showFile(2 * PAGE, 3 * PAGE, file, PAGE);
                second.showFile(0, 4 * PAGE, file, 0);
            }
            Files.delete(path); // whoever shows it keeps it
            assertThat(first.segment().get(ValueLayout.JAVA_BYTE, PAGE)).isZero();
            assertThat(first.segment().get(ValueLayout.JAVA_BYTE, 2 * PAGE)).isEqualTo((byte) 2);
            first.segment().set(ValueLayout.JAVA_BYTE, 2 * PAGE, (byte) 99);
            assertThat(first.segment().get(ValueLayout.JAVA_BYTE, 2 * PAGE)).isEqualTo((byte) 99);
            assertThat(second.segment().get(ValueLayout.JAVA_BYTE, PAGE)).isEqualTo((byte) 2);
        }
    }

    @Test
    void aDiscardedPageNoLongerShowsAFile() throws Exception {
        var path = numbered(3);
        try (var memory = SharedMemory.create("test", 4 * PAGE);
                var file = HostFile.open(path, false)) {
            memory.showFile(0, 3 * PAGE, file, 0);
            memory.discard(PAGE, PAGE);
            assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
            assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, PAGE)).isZero();
            assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, 2 * PAGE)).isEqualTo((byte) 3);
        }
    }

    @Test
    void whatNobodyHasTouchedIsKnown() throws Exception {
        var path = numbered(1);
        try (var memory = SharedMemory.create("test", 100 * PAGE);
                var file = HostFile.open(path, false)) {
            assertThat(memory.nextData(0)).isEqualTo(100 * PAGE);
            memory.segment().set(ValueLayout.JAVA_BYTE, 70 * PAGE, (byte) 1);
            memory.showFile(30 * PAGE, PAGE, file, 0);
            assertThat(memory.nextData(0)).isEqualTo(30 * PAGE);
            assertThat(memory.nextData(31 * PAGE)).isEqualTo(70 * PAGE);
            assertThat(memory.nextData(71 * PAGE)).isEqualTo(100 * PAGE);
        }
    }
}
