package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.xenolith.guests.DebianKernel;

import java.nio.file.Files;
import java.time.Duration;

/// What a kernel has needed in this process, the next one does not make anew.
class ProcessCodeTest {
    private static final DebianKernel KERNEL = DebianKernel.CLOUD;
    private static final Duration BOOT_MAX = Duration.ofMinutes(5);

    @Test
    void aBootUsesWhatTheOneBeforeItHasMade() throws Exception {
        KERNEL.missing().ifPresent(reason -> Assumptions.abort(reason));
        var file = ProcessCode.file().orElseThrow();
        Files.deleteIfExists(file); // of the tests before, and perhaps nearly full
        bootAndEnd();
        long first = Files.size(file);
        assertThat(first).isGreaterThan(10 << 20);
        bootAndEnd();
        assertThat(Files.size(file)).isBetween(first, first + first / 4);
        assertThat(Files.getPosixFilePermissions(file.getParent())).hasSize(3); // the user's
    }

    private static void bootAndEnd() throws Exception {
        try (var domain = Xenolith.create(KERNEL.config(1).memoryMib(256).build())) {
            domain.console().reader().awaitText("~ # ", BOOT_MAX);
        }
    }
}
