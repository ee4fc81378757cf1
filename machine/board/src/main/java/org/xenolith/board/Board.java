package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.FreezableClock;
import org.xenolith.device.Migratability;
import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.Engine;
import org.xenolith.engine.VcpuState.ModelSpecific;
import org.xenolith.memory.GuestMemory;
import org.xenolith.platform.SerialPort;
import org.xenolith.pv.PvConsole;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.xen.ShutdownReason;
import org.xenolith.xen.XenDomain;
import org.xenolith.xenstore.DomainDirectory;
import org.xenolith.xenstore.XenStore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;

/// A wired machine. Made by [BoardBuilder].
final class Board implements Machine {
    /// All that must be given back, in this order.
    record Parts(
            Driver driver,
            List<VcpuSlot> slots,
            XenDomain xen,
            XenStore store,
            DomainDirectory directory,
            PvConsole pvConsole,
            SerialPort serial,
            MachineDisks disks,
            MachineInterfaces interfaces,
            Balloon balloon,
            Processors processors,
            Panel panel,
            List<Console> consoles,
            Outputs outputs,
            HeldWorkers backends,
            Engine engine,
            GuestMemory memory) {}

    /// What the machine was made from.
    ///
    /// @param cpuid of the first vCPU
    /// @param replay of a deterministic machine
    record Origin(
            MachineSpecification specification,
            CpuidTable cpuid,
            FreezableClock clock,
            Optional<Replay> replay) {}

    private final Parts parts;
    private final Origin origin;
    private boolean closed;

    /// Done when it is closed without having been started.
    private Runnable unlessStarted = () -> {};

    /// Devices stand still. The driver's own.
    private boolean held;

    /// [#hold] has been called and [#goOn] has not worked since. Guarded by this object.
    private boolean holding;

    /// Whoever has it may have the devices stand still.
    private final Semaphore standstill = new Semaphore(1);

    /// The last one.
    private volatile Optional<BoardMirroring> mirroring = Optional.empty();

    Board(Parts parts, Origin origin) {
        this.parts = parts;
        this.origin = origin;
    }

    /// Does `cleanup` last when the machine is closed and has not been started. Before [#start].
    void unlessStarted(Runnable cleanup) {
        unlessStarted = cleanup;
    }

    @Override
    public void start(boolean paused) {
        unlessStarted = () -> {};
        parts.pvConsole.start();
        parts.store.start();
        parts.interfaces.begin();
        parts.backends.letGo();
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
        var ended = parts.driver.ended();
        return ended.handle((_, _) -> decided()).thenCompose(it -> it).thenCompose(_ -> ended);
    }

    /// Whoever starts a successor of this machine must know that no copy of it goes on, whatever it
    /// has ended of.
    private CompletableFuture<Void> decided() {
        return mirroring
                .map(BoardMirroring::decided)
                .orElse(CompletableFuture.completedFuture(null));
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

    // ---------------------------------------------------------------- saving

    @Override
    public GuestMemory memory() {
        return parts.memory;
    }

    @Override
    public Set<Long> ownPages() {
        return parts.xen.capture().ownPages();
    }

    @Override
    public void saveStaticData(StreamWriter out) throws IOException {
        MachineSaver.staticData(out, origin.specification, origin.cpuid);
    }

    @Override
    public void flushDisks() throws IOException {
        parts.disks.flush();
    }

    @Override
    public HeldMachine hold() throws IOException, DomainException {
        requireMigratable();
        beginHold();
        standstill.acquireUninterruptibly();
        var devices = new CompletableFuture<MachineSaver.Devices>();
        parts.driver.whileStopped(() -> devices.complete(holdNow())).join();
        if (parts.driver.shutdownReason().isPresent()) {
            throw new DomainException("the guest has shut down");
        }
        parts.disks.flush();
        return devices.join();
    }

    private synchronized void beginHold() throws DomainException {
        requireNotMirrored();
        DomainException.require(!holding, "the domain's devices stand still already");
        holding = true;
    }

    private void requireNotMirrored() throws DomainException {
        DomainException.require(
                mirroring.isEmpty() || mirroring.get().isOver(), "the domain is being mirrored");
    }

    private void requireMigratable() throws DomainException {
        for (var device : List.of(parts.xen, parts.store, parts.pvConsole, parts.serial)) {
            if (device.migratability() instanceof Migratability.Pinned(var reason)) {
                throw new DomainException("the domain cannot be saved: " + reason);
            }
        }
    }

    @Override
    public synchronized Mirroring mirror() throws DomainException {
        requireMigratable();
        DomainException.require(
                origin.replay.isEmpty(), "a deterministic domain cannot be mirrored");
        requireNotMirrored();
        DomainException.require(!holding, "the domain's devices stand still");
        DomainException.require(!closed, "the machine is gone");
        var begun =
                new BoardMirroring(
                        new BoardMirroring.Parts(
                                parts.driver,
                                parts.disks,
                                parts.interfaces,
                                parts.outputs,
                                standstill,
                                new Others(),
                                this::captureNow,
                                origin.clock));
        mirroring = Optional.of(begun);
        return begun;
    }

    @Override
    public void save(StreamWriter out, LongConsumer progress) throws IOException, DomainException {
        var devices = hold();
        saveStaticData(out);
        new MachineSaver(out, progress).memory(parts.memory, devices.ownPages());
        devices.save(out);
        out.write(new StreamRecord.End());
    }

    /// Has everything stand still and takes its state.
    private MachineSaver.Devices holdNow() {
        held = true;
        new Others().pause();
        parts.disks.pause();
        return captureNow();
    }

    /// All devices but disks.
    private final class Others implements BoardMirroring.Standing {
        @Override
        public void pause() {
            parts.interfaces.pause();
            parts.store.pause();
            parts.pvConsole.pause();
            parts.store.paused().join();
            parts.pvConsole.paused().join();
        }

        @Override
        public void resume() {
            parts.pvConsole.resume();
            parts.store.resume();
            parts.interfaces.resume();
        }
    }

    private MachineSaver.Devices captureNow() {
        var captured = new CompletableFuture<MachineSaver.Devices>();
        origin.clock.atOneInstant(() -> captured.complete(capture()));
        return captured.join();
    }

    private MachineSaver.Devices capture() {
        var slots = parts.slots.stream().map(VcpuSlot::capture).toList();
        return new MachineSaver.Devices(
                new BoardState(
                        origin.clock.wallNanos(),
                        origin.replay.map(replay -> replay.clock().nanos()).orElse(0L),
                        origin.replay.map(replay -> replay.entropy().state()).orElse(0L),
                        parts.driver.isUrgent(),
                        slots),
                parts.slots.stream().map(slot -> slot.vcpu.capture()).toList(),
                parts.slots.stream().map(slot -> slot.apic.capture()).toList(),
                parts.xen.capture(),
                MachineSaver.params(parts.xen::hvmParam),
                Math.toIntExact(origin.specification.tscKilohertz()),
                others());
    }

    private List<CapturedState<?>> others() {
        var states = new ArrayList<CapturedState<?>>(parts.interfaces.capture());
        states.add(CapturedState.of(parts.store));
        states.add(CapturedState.of(parts.pvConsole));
        states.add(CapturedState.of(parts.serial));
        return states;
    }

    @Override
    public List<CopiedDisk> copyDisks() throws DomainException {
        requireNotMirrored();
        return parts.disks.copy();
    }

    @Override
    public void release() throws IOException {
        parts.interfaces.release();
        parts.disks.release();
    }

    @Override
    public void goOn() throws DomainException {
        parts.disks.takeBack();
        parts.interfaces.takeBack();
        parts.driver.request(this::letGo).join();
        synchronized (this) {
            holding = false;
        }
    }

    @Override
    public void throttle(int percent) {
        parts.driver.throttle(percent);
    }

    private void letGo() {
        if (held) {
            held = false;
            parts.disks.resume();
            new Others().resume();
            standstill.release();
        }
    }

    // ---------------------------------------------------------------- what it has

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
        mirroring.ifPresent(BoardMirroring::machineCloses);
        parts.consoles.forEach(console -> console.onInput(() -> {}));
        closeDriver();
        parts.interfaces.close();
        parts.disks.close();
        parts.store.halt();
        parts.pvConsole.halt();
        parts.slots.forEach(slot -> slot.vcpu.close());
        parts.engine.close();
        parts.memory.close();
        unlessStarted.run();
        standstill.release(); // whoever waits for it finds nothing
    }
}
