package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.Clock;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/// A [Board] of which somebody keeps a copy in step.
final class BoardMirroring implements Mirroring {
    /// What this needs of the board.
    ///
    /// @param standstill whoever has it may have the devices stand still
    /// @param capture takes the states of all devices, which stand still
    /// @param clock the host's
    record Parts(
            Driver driver,
            MachineDisks disks,
            MachineInterfaces interfaces,
            Outputs outputs,
            Semaphore standstill,
            Standing others,
            Supplier<MachineSaver.Devices> capture,
            Clock clock) {}

    /// Devices but the disks.
    interface Standing {
        void pause();

        void resume();
    }

    private static final long NONE = -1;
    private static final String OTHER_DEVICES = "the domain's devices are no longer the same";

    private final Parts parts;

    /// Of disks and interfaces, when it began.
    private final long diskChanges;

    private final long interfaceChanges;
    private final SentStates sent = new SentStates();

    /// Nothing is to be held any more. Set to go unprotected by who has the standstill, so that
    /// nobody seals an epoch afterwards; set to be fenced by anybody.
    private final AtomicBoolean ended = new AtomicBoolean();

    /// The last epoch that has been sealed; from the first on somebody may have a copy of the
    /// machine that could go on. Written by the driver's thread.
    private volatile long sealed = NONE;

    /// The last epoch that somebody has been told of as settled.
    private final AtomicLong settled = new AtomicLong(NONE);

    private volatile LongConsumer whenSettled = _ -> {};

    /// Done when it is no longer mirrored.
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    /// To be used again. Guarded by this object.
    private final ArrayDeque<Map<Integer, DiskChanges>> spare = new ArrayDeque<>();

    private final Semaphore moments = new Semaphore(MOMENTS_MAX);

    BoardMirroring(Parts parts) {
        this.parts = parts;
        this.diskChanges = parts.disks.changes();
        this.interfaceChanges = parts.interfaces.changes();
    }

    boolean isOver() {
        return over.isDone();
    }

    /// Done when whoever is outside may hear that the guest has ended, which it has: at once if
    /// there is no copy, else when it has been decided which of the two counts, however long that
    /// takes.
    CompletableFuture<Void> decided() {
        return sealed != NONE ? over.copy() : CompletableFuture.completedFuture(null);
    }

    /// The machine is closed, mirrored or not: if it is, nothing that the copy does not know of
    /// leaves while all ends.
    void machineCloses() {
        if (!ended.get()) {
            parts.outputs.drop();
        }
    }

    @Override
    public List<CopiedDisk> copyDisks() throws DomainException {
        requireNotOver();
        return parts.disks.copyAsTheyAre();
    }

    @Override
    public void recordDisks() throws DomainException {
        parts.standstill.acquireUninterruptibly();
        try {
            requireNotOver();
            withoutDisks(parts.disks::record);
        } finally {
            parts.standstill.release();
        }
    }

    private void requireNotOver() throws DomainException {
        DomainException.require(!ended.get(), "the domain is no longer mirrored");
    }

    /// Does something while no disk is in use; the vCPUs run. For who has the standstill.
    private void withoutDisks(Runnable action) {
        parts.disks.pause();
        try {
            action.run();
        } finally {
            parts.disks.resume();
        }
    }

    // ---------------------------------------------------------------- moments

    @Override
    public Moment moment(long epoch, Copier copy) throws DomainException {
        Bug.check(moments.tryAcquire(), "few moments are open");
        Moment taken = null;
        parts.standstill.acquireUninterruptibly();
        try {
            requireNotOver();
            taken = take(epoch, copy);
            return taken;
        } finally {
            parts.standstill.release();
            if (taken == null) {
                moments.release();
            }
        }
    }

    private Taken take(long epoch, Copier copy) throws DomainException {
        var times = new Laps(parts.clock);
        var taken = new CompletableFuture<Taken>();
        parts.disks.pause();
        try {
            times.lap();
            var done =
                    parts.driver.whileStopped(() -> {
                        try {
                            taken.complete(takeStopped(epoch, copy, times));
                        } catch (DomainException e) {
                            taken.completeExceptionally(e);
                        }
                    });
            DomainException.require(parts.driver.await(done), "the machine is gone");
            return taken.join();
        } catch (CompletionException e) {
            throw new DomainException(e.getCause().getMessage(), e.getCause());
        } finally {
            parts.disks.resume();
        }
    }

    private Taken takeStopped(long epoch, Copier copy, Laps times) throws DomainException {
        times.lap();
        DomainException.require(parts.driver.shutdownReason().isEmpty(), "the guest has shut down");
        DomainException.require(
                parts.disks.changes() == diskChanges
                        && parts.interfaces.changes() == interfaceChanges,
                OTHER_DEVICES);
        parts.others.pause();
        Captured captured;
        try {
            times.lap();
            captured = capture(epoch, copy, times);
        } finally {
            parts.others.resume();
            parts.disks.resume();
        }
        times.lap();
        return new Taken(captured.states, captured.changes, times.pause());
    }

    private record Captured(MachineSaver.Devices states, Map<Integer, DiskChanges> changes) {}

    private Captured capture(long epoch, Copier copy, Laps times) throws DomainException {
        var states = parts.capture.get();
        sealed = epoch;
        parts.outputs.seal(epoch);
        var changes = parts.disks.exchange(spare());
        times.lap();
        try {
            copy.copy(states.ownPages());
        } catch (DomainException e) {
            give(changes);
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            give(changes);
            throw new DomainException("memory cannot be copied: " + e, e);
        }
        times.lap();
        return new Captured(states, changes);
    }

    private synchronized Map<Integer, DiskChanges> spare() {
        var again = spare.poll();
        return again == null ? new TreeMap<>() : again;
    }

    private synchronized void give(Map<Integer, DiskChanges> changes) {
        if (ended.get()) {
            changes.values().forEach(DiskChanges::close);
        } else {
            changes.values().forEach(DiskChanges::clear);
            spare.add(changes);
        }
    }

    private synchronized void giveBackSpare() {
        spare.forEach(changes -> changes.values().forEach(DiskChanges::close));
        spare.clear();
    }

    private final class Taken implements Moment {
        private final MachineSaver.Devices states;
        private final Map<Integer, DiskChanges> changes;
        private final Pause pause;

        Taken(MachineSaver.Devices states, Map<Integer, DiskChanges> changes, Pause pause) {
            this.states = states;
            this.changes = changes;
            this.pause = pause;
        }

        @Override
        public Pause pause() {
            return pause;
        }

        @Override
        public long diskBytes() {
            return changes.values().stream().mapToLong(DiskChanges::bytes).sum();
        }

        @Override
        public void save(StreamWriter out) throws IOException {
            for (var disk : changes.entrySet()) {
                disk.getValue().write(out, disk.getKey());
            }
            states.save(out, sent);
        }

        @Override
        public void close() {
            give(changes);
            moments.release();
        }
    }

    /// Takes the time that each part of a pause needs.
    private static final class Laps {
        private static final int PARTS = 6;

        private final Clock clock;
        private final long[] nanos = new long[PARTS];
        private long last;
        private int part;

        Laps(Clock clock) {
            this.clock = clock;
            this.last = clock.nanos();
        }

        void lap() {
            long now = clock.nanos();
            nanos[part++] = now - last;
            last = now;
        }

        Pause pause() {
            return new Pause(nanos[0], nanos[1], nanos[2], nanos[3], nanos[4], nanos[5]);
        }
    }

    // ---------------------------------------------------------------- what leaves

    @Override
    public void onSettled(LongConsumer action) {
        whenSettled = action;
        parts.outputs.onHeld(this::lookWhetherSettled);
        parts.driver.onRest(this::lookWhetherSettled);
    }

    /// A vCPU has nothing to do any more, or something waits to leave: whichever comes last finds
    /// that both are so.
    private void lookWhetherSettled() {
        long epoch = sealed + 1;
        if (sealed != NONE
                && parts.outputs.isHeldNow()
                && parts.driver.isAtRest()
                && settled.getAndAccumulate(epoch, Math::max) < epoch) {
            whenSettled.accept(epoch);
        }
    }

    private void lookNoMore() {
        parts.outputs.onHeld(() -> {});
        parts.driver.onRest(() -> {});
    }

    @Override
    public void release(long epoch) {
        parts.outputs.release(epoch);
    }

    @Override
    public void standStill() {
        parts.driver.await(parts.driver.standStill(true));
    }

    @Override
    public void goUnprotected() {
        parts.standstill.acquireUninterruptibly();
        try {
            if (!ended.compareAndSet(false, true)) {
                return;
            }
            withoutDisks(parts.disks::endRecord);
            parts.outputs.letGo();
        } finally {
            parts.standstill.release();
        }
        lookNoMore();
        giveBackSpare();
        parts.driver.await(parts.driver.standStill(false));
        over.complete(null);
    }

    @Override
    public void fence() {
        ended.set(true);
        lookNoMore();
        parts.outputs.drop();
        standStill();
        over.complete(null);
    }
}
