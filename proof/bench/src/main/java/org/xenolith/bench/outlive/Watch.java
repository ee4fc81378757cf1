package org.xenolith.bench.outlive;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/// Looks at a mirror several times a second, as `xl remus --status` does, until it is closed.
final class Watch implements AutoCloseable {
    private static final long EVERY_MILLIS = 250;

    private final Protection protection;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final CompletableFuture<List<Protection.Status>> seen = new CompletableFuture<>();

    private Watch(Protection protection) {
        this.protection = protection;
    }

    static Watch over(Protection protection) {
        var watch = new Watch(protection);
        Thread.ofPlatform().daemon().name("watch").start(watch::look);
        return watch;
    }

    private void look() {
        var all = new ArrayList<Protection.Status>();
        try {
            while (!over.isDone()) {
                all.add(protection.status());
                over.copy().completeOnTimeout(null, EVERY_MILLIS, TimeUnit.MILLISECONDS).join();
            }
            seen.complete(all);
        } catch (IOException | RuntimeException e) {
            seen.completeExceptionally(e);
        }
    }

    /// What has been seen since the beginning; at least once.
    List<Protection.Status> end() throws IOException, InterruptedException {
        close();
        try {
            return seen.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e);
        }
    }

    @Override
    public void close() {
        over.complete(null);
    }
}
