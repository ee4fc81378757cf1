package org.xenolith.board;

import org.xenolith.xen.ShutdownReason;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/// A machine without a processor: it does as its test says.
final class FakeMachine implements Machine {
    final CompletableFuture<ShutdownReason> ended = new CompletableFuture<>();
    volatile boolean running;
    volatile boolean closed;
    Disks disks = new FakeDisks(List.of());
    Interfaces interfaces = new FakeInterfaces(List.of());

    /// A guest that obeys `control/shutdown` at once.
    volatile boolean obedient = true;

    @Override
    public void start(boolean paused) {
        running = !paused;
    }

    @Override
    public CompletableFuture<Void> pause() {
        running = false;
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> unpause() {
        running = true;
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void requestShutdown(ShutdownReason reason) {
        if (obedient) {
            ended.complete(reason);
        }
    }

    @Override
    public CompletableFuture<ShutdownReason> ended() {
        return ended;
    }

    @Override
    public List<VcpuInfo> vcpus() {
        return List.of(new VcpuInfo(0, true, running, !running, 0, 0));
    }

    @Override
    public Disks disks() {
        return disks;
    }

    @Override
    public Interfaces interfaces() {
        return interfaces;
    }

    @Override
    public CompletableFuture<String> fingerprint() {
        return CompletableFuture.completedFuture("");
    }

    @Override
    public void close() {
        closed = true;
        running = false;
    }
}
