package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

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
    void whatIsNotThereIsRefused() {
        assertThatThrownBy(() -> HostFile.open(directory.resolve("none"), false))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("open was refused");
    }
}
