package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

class HostProcessorsTest {
    @Test
    void aThreadStaysWhereItIsAllowedToBe() throws Exception {
        assumeTrue(SharedMemory.isSupported());
        var allowed =
                onItsOwnThread(() -> {
                    int first = Integer.parseInt(allowed().split("[,-]")[0]);
                    HostProcessors.restrictCurrentThread(List.of(first, 8000));
                    assertThat(allowed()).isEqualTo(Integer.toString(first));
                });
        allowed.get();
    }

    @Test
    void aThreadHasToBeSomewhere() throws Exception {
        assumeTrue(SharedMemory.isSupported());
        var refused = onItsOwnThread(() -> HostProcessors.restrictCurrentThread(List.of(8000)));
        assertThatThrownBy(refused::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(LinuxException.class);
    }

    private interface Action {
        void run() throws Exception;
    }

    private static CompletableFuture<Void> onItsOwnThread(Action action) {
        var done = new CompletableFuture<Void>();
        Thread.ofPlatform()
                .start(() -> {
                    try {
                        action.run();
                        done.complete(null);
                    } catch (Exception | AssertionError e) {
                        done.completeExceptionally(e);
                    }
                });
        return done;
    }

    /// What the host says of the calling thread.
    private static String allowed() throws Exception {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElseThrow();
    }
}
