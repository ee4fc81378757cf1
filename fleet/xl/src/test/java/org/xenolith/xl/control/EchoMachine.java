package org.xenolith.xl.control;

import org.xenolith.board.Console;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.Disks;
import org.xenolith.board.Interfaces;
import org.xenolith.board.Machine;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.VcpuInfo;
import org.xenolith.board.VifConfig;
import org.xenolith.xen.ShutdownReason;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/// A machine without a processor: greets, echoes what is typed, and ends when it reads `q` (power
/// off) or `!` (crash).
public final class EchoMachine implements Machine {
    private final CompletableFuture<ShutdownReason> ended = new CompletableFuture<>();
    private final Console console;
    private final Disks disks;
    private final Interfaces interfaces;
    private volatile boolean running;

    private EchoMachine(Console console, List<DiskConfig> disks, List<VifConfig> vifs) {
        this.console = console;
        this.disks = new FakeDisks(disks);
        this.interfaces = new FakeInterfaces(vifs);
    }

    public static MachineBuilder builder() {
        return (config, surroundings) ->
                new EchoMachine(surroundings.console(), config.disks(), config.vifs());
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
        running = false;
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
    public List<VcpuInfo> vcpus() {
        return List.of(new VcpuInfo(0, true, running, !running, 1_500_000_000L, 7));
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
        running = false;
    }

    private void greet() {
        running = true;
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
