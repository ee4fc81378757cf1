package org.xenolith.migration;

import org.xenolith.board.AfterSave;
import org.xenolith.board.CopiedDisk;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.board.HeldMachine;
import org.xenolith.board.Machine;
import org.xenolith.board.Saving;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/// The machine that a domain runs now. When it has left, the domain is gone.
public final class DomainMachine implements LeavingMachine {
    private final Domain domain;
    private final Machine machine;
    private final Supplier<String> config;
    private final boolean staysPaused;

    /// `config` writes what the domain is made of, as the target will read it.
    public DomainMachine(Domain domain, Supplier<String> config) {
        this(domain, config, false);
    }

    /// @param staysPaused it is paused there, even if it runs here
    public DomainMachine(Domain domain, Supplier<String> config, boolean staysPaused) {
        this.domain = domain;
        this.machine = domain.machine();
        this.config = config;
        this.staysPaused = staysPaused;
    }

    @Override
    public GuestMemory memory() {
        return machine.memory();
    }

    @Override
    public Set<Long> ownPages() {
        return machine.ownPages();
    }

    @Override
    public String config() {
        return config.get();
    }

    @Override
    public void saveStaticData(StreamWriter out) throws IOException {
        machine.saveStaticData(out);
    }

    @Override
    public List<CopiedDisk> copyDisks() throws MigrationException {
        try {
            return machine.copyDisks();
        } catch (DomainException e) {
            throw new MigrationException(e.getMessage(), e);
        }
    }

    @Override
    public void throttle(int percent) {
        machine.throttle(percent);
    }

    @Override
    public void flushDisks() throws MigrationException {
        try {
            machine.flushDisks();
        } catch (IOException e) {
            throw new MigrationException("a disk cannot be flushed: " + e.getMessage(), e);
        }
    }

    @Override
    public HeldMachine moment(Copier copier) throws MigrationException, InterruptedException {
        var taken = new AtomicReference<HeldMachine>();
        save(
                now -> {
                    var held = hold(now);
                    copier.copy(held.ownPages());
                    taken.set(held);
                },
                AfterSave.GO_ON);
        return taken.get();
    }

    @Override
    public void leave(Last last) throws MigrationException, InterruptedException {
        boolean wasPaused = staysPaused || domain.isPaused();
        save(now -> leave(now, last, wasPaused), AfterSave.DESTROY);
    }

    private void save(Saving saving, AfterSave after)
            throws MigrationException, InterruptedException {
        try {
            domain.save(saving, after);
        } catch (DomainException e) {
            if (e.getCause() instanceof MigrationException reason) {
                throw reason;
            }
            throw new MigrationException(e.getMessage(), e);
        }
    }

    private HeldMachine hold(Machine now) throws DomainException, IOException {
        if (now != machine) {
            throw new DomainException("the guest has rebooted");
        }
        return now.hold();
    }

    private void leave(Machine now, Last last, boolean wasPaused)
            throws DomainException, IOException {
        var held = hold(now);
        try {
            last.with(new Held(now, held, wasPaused));
        } catch (MigrationException e) {
            throw new DomainException(e.getMessage(), e);
        }
    }

    private record Held(Machine machine, HeldMachine states, boolean wasPaused) implements Still {
        @Override
        public Set<Long> ownPages() {
            return states.ownPages();
        }

        @Override
        public void release() throws IOException {
            machine.release();
        }

        @Override
        public void saveDevices(StreamWriter out) throws IOException {
            states.save(out);
        }
    }
}
