package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

class SharedMemoryTest {
    private static final long MIB = 1 << 20;
    private static final int PAGE = 4096;

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
}
