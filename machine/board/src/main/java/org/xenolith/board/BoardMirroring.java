package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.Clock;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
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

    private final Parts parts;
    private final Set<DiskConfig> diskConfigs;
    private final Set<VifConfig> vifConfigs;
    private final SentStates sent = new SentStates();

    /// Done when it is no longer mirrored.
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    /// To be used again. Guarded by this object.
    private final ArrayDeque<Map<Integer, DiskChanges>> spare = new ArrayDeque<>();

    private final Semaphore moments = new Semaphore(MOMENTS_MAX);

    BoardMirroring(Parts parts) {
        this.parts = parts;
        this.diskConfigs = parts.disks.configs();
        this.vifConfigs = parts.interfaces.configs();
    }

    CompletableFuture<Void> over() {
        return over;
    }

    @Override
    public List<CopiedDisk> copyDisks() {
        return parts.disks.copyWritable();
    }

    @Override
    public void recordDisks() throws DomainException {
        withoutDisks(parts.disks::record);
    }

    /// Does something while no disk is in use; the vCPUs run.
    private void withoutDisks(Runnable action) {
        parts.standstill.acquireUninterruptibly();
        try {
            parts.disks.pause();
            action.run();
            parts.disks.resume();
        } finally {
            parts.standstill.release();
        }
    }

    // ---------------------------------------------------------------- moments

    @Override
    public Moment moment(long epoch, Copier copy) throws DomainException {
        Bug.check(moments.tryAcquire(), "few moments are open");
        parts.standstill.acquireUninterruptibly();
        Optional<Taken> taken;
        try {
            taken = take(epoch, copy);
        } finally {
            parts.standstill.release();
        }
        if (taken.isEmpty()) {
            moments.release();
            throw new DomainException("the guest has shut down");
        }
        if (!taken.get().sameDevices) {
            taken.get().close();
            throw new DomainException("the domain's devices are no longer the same");
        }
        return taken.get();
    }

    /// Empty if there is no guest any more.
    private Optional<Taken> take(long epoch, Copier copy) {
        var times = new Laps(parts.clock);
        parts.disks.pause();
        times.lap();
        var taken = new CompletableFuture<Optional<Taken>>();
        var done = parts.driver.whileStopped(() -> taken.complete(takeStopped(epoch, copy, times)));
        if (!parts.driver.await(done)) {
            return Optional.empty();
        }
        return taken.join();
    }

    private Optional<Taken> takeStopped(long epoch, Copier copy, Laps times) {
        times.lap();
        if (parts.driver.shutdownReason().isPresent()) {
            parts.disks.resume();
            return Optional.empty();
        }
        parts.others.pause();
        times.lap();
        var states = parts.capture.get();
        parts.outputs.seal(epoch);
        var changes = parts.disks.exchange(spare());
        boolean same =
                parts.disks.configs().equals(diskConfigs)
                        && parts.interfaces.configs().equals(vifConfigs);
        times.lap();
        copy.copy(states.ownPages());
        times.lap();
        parts.others.resume();
        parts.disks.resume();
        times.lap();
        return Optional.of(new Taken(states, changes, times.pause(), same));
    }

    private synchronized Map<Integer, DiskChanges> spare() {
        var again = spare.poll();
        return again == null ? new TreeMap<>() : again;
    }

    private synchronized void give(Map<Integer, DiskChanges> changes) {
        changes.values().forEach(DiskChanges::clear);
        spare.add(changes);
    }

    private final class Taken implements Moment {
        private final MachineSaver.Devices states;
        private final Map<Integer, DiskChanges> changes;
        private final Pause pause;
        private final boolean sameDevices;

        Taken(
                MachineSaver.Devices states,
                Map<Integer, DiskChanges> changes,
                Pause pause,
                boolean sameDevices) {
            this.states = states;
            this.changes = changes;
            this.pause = pause;
            this.sameDevices = sameDevices;
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
    public void release(long epoch) {
        parts.outputs.release(epoch);
    }

    @Override
    public void standStill() {
        parts.driver.await(parts.driver.standStill(true));
    }

    @Override
    public void goUnprotected() {
        withoutDisks(parts.disks::endRecord);
        parts.outputs.letGo();
        parts.driver.await(parts.driver.standStill(false));
        over.complete(null);
    }

    @Override
    public void fence() {
        parts.outputs.drop();
        standStill();
        over.complete(null);
    }
}
