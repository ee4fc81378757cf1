package org.xenolith.xl.control;

import org.xenolith.board.Balloon;
import org.xenolith.board.Console;
import org.xenolith.board.CopiedDisk;
import org.xenolith.board.Disks;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.HeldMachine;
import org.xenolith.board.Interfaces;
import org.xenolith.board.Machine;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.Mirroring;
import org.xenolith.board.Panel;
import org.xenolith.board.Processors;
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

/// A machine without a processor: greets, echoes what is typed, and ends when it reads `q` (power
/// off) or `!` (crash).
public final class EchoMachine implements Machine {
    private final CompletableFuture<ShutdownReason> ended = new CompletableFuture<>();
    private final Console console;
    private final Disks disks;
    private final Interfaces interfaces;
    private final FakeControls controls;

    private EchoMachine(DomainConfig config, Console console) {
        this.console = console;
        this.disks = new FakeDisks(config.disks());
        this.interfaces = new FakeInterfaces(config.vifs());
        this.controls =
                new FakeControls(config, text -> console.output((text + "\r\n").getBytes()));
    }

    public static MachineBuilder builder() {
        return (config, surroundings) -> new EchoMachine(config, surroundings.console());
    }

    @Override
    public void start(boolean paused) {
        console.onInput(this::echo);
        if (!paused) {
            greet();
        }
    }

    @Override
    public CompletableFuture<Void> pause() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> unpause() {
        greet();
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void requestShutdown(ShutdownReason reason) {
        ended.complete(reason);
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
        console.output(("I am " + name + "\r\n").getBytes());
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
    public void close() {}

    private void greet() {
        console.output("hello\r\n".getBytes());
    }

    private void echo() {
        console.feed(typed -> {
            console.output(typed);
            for (byte b : typed) {
                if (b == 'q') {
                    ended.complete(ShutdownReason.POWEROFF);
                } else if (b == '!') {
                    ended.complete(ShutdownReason.CRASH);
                }
            }
            return typed.length;
        });
    }
}
