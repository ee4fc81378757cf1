package org.xenolith.migration;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Closes a connection that takes too long, so that whoever waits in it goes on.
public final class Deadline implements AutoCloseable {
    private final CompletableFuture<Void> timer = new CompletableFuture<>();

    private Deadline() {}

    /// Closes `connection` after so long, unless it is closed itself before.
    public static Deadline closing(Closeable connection, long millis) {
        var deadline = new Deadline();
        deadline.timer
                .completeOnTimeout(null, millis, TimeUnit.MILLISECONDS)
                .thenRunAsync(() -> close(connection), Thread::startVirtualThread);
        return deadline;
    }

    private static void close(Closeable connection) {
        try {
            connection.close();
        } catch (IOException _) {
            return; // whoever waits in it hears of it
        }
    }

    /// It was in time.
    @Override
    public void close() {
        timer.cancel(false);
    }
}
