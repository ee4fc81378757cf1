package org.xenolith.board;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The wait for a guest to let go of a device.
final class Unplugging {
    /// How long it may take; as long as Xen's tools wait.
    static final long SECONDS_MAX = 10;

    private Unplugging() {}

    /// @param device as people know it: `disk xvda`
    static void await(String device, CompletableFuture<Void> unplugged)
            throws DomainException, InterruptedException {
        try {
            unplugged.get(SECONDS_MAX, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new DomainException(
                    "%s: the guest has not let go of it in %d s".formatted(device, SECONDS_MAX), e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
