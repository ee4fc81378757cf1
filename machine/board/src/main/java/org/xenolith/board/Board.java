package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.engine.Engine;
import org.xenolith.engine.VcpuState.ModelSpecific;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.PvConsole;
import org.xenolith.xen.ShutdownReason;
import org.xenolith.xen.XenDomain;
import org.xenolith.xenstore.DomainDirectory;
import org.xenolith.xenstore.XenStore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// A wired machine. Made by [BoardBuilder].
final class Board implements Machine {
    /// All that must be given back, in this order.
    record Parts(
            Driver driver,
            List<VcpuSlot> slots,
            XenStore store,
            DomainDirectory directory,
            PvConsole pvConsole,
            MachineDisks disks,
            MachineInterfaces interfaces,
            XenDomain xen,
            Balloon balloon,
            Processors processors,
            Panel panel,
            List<Console> consoles,
            Engine engine,
            GuestMemory memory) {}

    private final Parts parts;
    private boolean closed;

    Board(Parts parts) {
        this.parts = parts;
    }

    @Override
    public void start(boolean paused) {
        parts.pvConsole.start();
        parts.store.start();
        parts.driver.start(paused);
    }

    @Override
    public CompletableFuture<Void> pause() {
        return parts.driver.pause().thenRun(parts.xen::pauses);
    }

    @Override
    public CompletableFuture<Void> unpause() {
        parts.driver.request(parts.xen::goesOn);
        return parts.driver.unpause();
    }

    @Override
    public void requestShutdown(ShutdownReason reason) {
        var word =
                switch (reason) {
                    case POWEROFF -> "poweroff";
                    case REBOOT -> "reboot";
                    case SUSPEND -> "suspend";
                    case CRASH, WATCHDOG, SOFT_RESET ->
                            throw new IllegalArgumentException(
                                    "a guest cannot be asked for " + reason);
                };
        parts.driver.request(() -> parts.directory.requestShutdown(word));
    }

    @Override
    public CompletableFuture<ShutdownReason> ended() {
        return parts.driver.ended();
    }

    @Override
    public Processors processors() {
        return parts.processors;
    }

    @Override
    public Balloon balloon() {
        return parts.balloon;
    }

    @Override
    public Panel panel() {
        return parts.panel;
    }

    @Override
    public Disks disks() {
        return parts.disks;
    }

    @Override
    public Interfaces interfaces() {
        return parts.interfaces;
    }

    @Override
    public void rename(String name) {
        parts.driver.perform(() -> parts.directory.rename(name));
    }

    @Override
    public CompletableFuture<String> fingerprint() {
        var result = new CompletableFuture<String>();
        parts.driver
                .whileStopped(() -> result.complete(fingerprintNow()))
                .whenComplete((_, failure) -> {
                    if (failure != null) {
                        result.completeExceptionally(failure);
                    }
                });
        return result;
    }

    @Override
    public void dumpCore(Path file) throws DomainException {
        var result = new CompletableFuture<Optional<IOException>>();
        var done = parts.driver.whileStopped(() -> result.complete(dumpCoreNow(file)));
        DomainException.require(parts.driver.await(done), "the machine is broken");
        var failure = result.join();
        if (failure.isPresent()) {
            throw new DomainException(
                    "cannot write core file %s: %s".formatted(file, failure.get().getMessage()),
                    failure.get());
        }
    }

    private Optional<IOException> dumpCoreNow(Path file) {
        parts.xen.pauses();
        try {
            var contexts =
                    parts.slots.stream()
                            .map(slot -> VcpuContext.of(slot.vcpu.capture(), slot.info().online()))
                            .toList();
            CoreFile.write(file, contexts, parts.memory);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e);
        } finally {
            parts.xen.goesOn();
        }
    }

    private String fingerprintNow() {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            parts.memory.digest(digest);
            for (var slot : parts.slots) {
                var state = slot.vcpu.capture();
                var withoutTime = state.withMsrs(new ModelSpecific(0, state.msrs().registers()));
                digest.update(withoutTime.toString().getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new Bug("every JVM has SHA-256", e);
        }
    }

    /// The driver ends within a slice, so the wait is short; an interrupt does not cut it off.
    private void closeDriver() {
        boolean interrupted = false;
        while (true) {
            try {
                parts.driver.close();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        parts.consoles.forEach(console -> console.onInput(() -> {}));
        closeDriver();
        parts.interfaces.close();
        parts.disks.close();
        parts.store.halt();
        parts.pvConsole.halt();
        parts.slots.forEach(slot -> slot.vcpu.close());
        parts.engine.close();
        parts.memory.close();
    }
}
