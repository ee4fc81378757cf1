package org.xenolith.migration;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// Has a machine that stands still let go of what only one may have open, beside what else is to be
/// done meanwhile: the kernel takes some milliseconds to give a tap's name free.
final class Releasing implements AutoCloseable {
    private final CompletableFuture<Void> released = new CompletableFuture<>();

    private Releasing() {}

    static Releasing begin(LeavingMachine.Still machine) {
        var releasing = new Releasing();
        Thread.ofPlatform()
                .daemon()
                .name("migration-release")
                .start(() -> releasing.perform(machine));
        return releasing;
    }

    private void perform(LeavingMachine.Still machine) {
        try {
            machine.release();
            released.complete(null);
        } catch (IOException | RuntimeException | Error e) {
            released.completeExceptionally(e);
        }
    }

    /// Returns when it has.
    ///
    /// @throws IOException if it could not
    void await() throws IOException, InterruptedException {
        try {
            released.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new Bug("a machine that stands still lets go", e.getCause());
        }
    }

    /// Nothing of it is under way when this returns, whatever has come of it: the machine may go
    /// on.
    @Override
    public void close() {
        released.handle((_, _) -> null).join();
    }
}
