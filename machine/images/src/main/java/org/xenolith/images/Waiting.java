package org.xenolith.images;

import org.xenolith.linux.LinuxException;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Calls of the host that wait for its disk. A virtual thread in one keeps its carrier, and so all
/// others from running: these are made on threads of the host's own. How many there are at a time
/// is for those to bound who ask.
final class Waiting {
    private static final int IDLE_SECONDS = 1;

    private static final ExecutorService THREADS =
            new ThreadPoolExecutor(
                    0,
                    Integer.MAX_VALUE,
                    IDLE_SECONDS,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    Thread.ofPlatform().name("disk-", 0).daemon().factory());

    private Waiting() {}

    @FunctionalInterface
    interface Call {
        void perform() throws LinuxException;
    }

    /// Makes the call, and returns or throws as it does.
    static void perform(Call call) throws LinuxException {
        if (!Thread.currentThread().isVirtual()) {
            call.perform();
            return;
        }
        var failure = CompletableFuture.supplyAsync(() -> attempt(call), THREADS).join();
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    private static Optional<LinuxException> attempt(Call call) {
        try {
            call.perform();
            return Optional.empty();
        } catch (LinuxException e) {
            return Optional.of(e);
        }
    }
}
