package org.xenolith.board;

import org.xenolith.board.testing.FakeDisks;
import org.xenolith.board.testing.FakeInterfaces;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.xen.ShutdownReason;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/// A machine without a processor: it does as its test says.
final class FakeMachine implements Machine {
    final CompletableFuture<ShutdownReason> ended = new CompletableFuture<>();
    volatile boolean running;
    volatile boolean closed;
    final FakeControls controls;
    Disks disks = new FakeDisks(List.of());
    Interfaces interfaces = new FakeInterfaces(List.of());

    /// A guest that obeys `control/shutdown` at once.
    volatile boolean obedient = true;

    FakeMachine(DomainConfig config) {
        this.controls = new FakeControls(config);
    }

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
    public Processors processors() {
        return controls;
    }

    @Override
    public Balloon balloon() {
        return controls;
    }

    @Override
    public Panel panel() {
        return controls;
    }

    @Override
    public void rename(String name) {
        controls.asked.add("name " + name);
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
    public void dumpCore(Path file) throws DomainException {
        try {
            Files.writeString(file, "core");
        } catch (IOException e) {
            throw new DomainException("cannot write " + file, e);
        }
    }

    @Override
    public CompletableFuture<String> fingerprint() {
        return CompletableFuture.completedFuture("");
    }

    @Override
    public void save(StreamWriter out, LongConsumer progress) throws IOException {
        out.write(new StreamRecord.StaticDataEnd());
        out.write(new StreamRecord.End());
    }

    @Override
    public GuestMemory memory() {
        throw new UnsupportedOperationException("it has none");
    }

    @Override
    public Set<Long> ownPages() {
        return Set.of();
    }

    @Override
    public void saveStaticData(StreamWriter out) throws IOException {
        out.write(new StreamRecord.StaticDataEnd());
    }

    @Override
    public void flushDisks() {}

    @Override
    public HeldMachine hold() {
        throw new UnsupportedOperationException("it has no devices");
    }

    @Override
    public List<CopiedDisk> copyDisks() {
        return List.of();
    }

    @Override
    public Mirroring mirror() throws DomainException {
        throw new DomainException("there is nothing to mirror");
    }

    @Override
    public void release() {}

    @Override
    public void goOn() {}

    @Override
    public void throttle(int percent) {}

    @Override
    public void close() {
        closed = true;
        running = false;
    }
}
