package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.board.Machine;
import org.xenolith.board.Standby;
import org.xenolith.board.Xenolith;
import org.xenolith.migration.DomainLanding.Destination;
import org.xenolith.migration.DomainLanding.DomainStarter;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Makes a domain of the copy when it is promoted.
public final class StandbyDomain implements StandbyMachine {
    private static final double NANOS_IN_MILLI = 1e6;

    private final Destination destination;
    private final DomainStarter starter;
    private final Clock clock;
    private final CompletableFuture<Domain> promoted = new CompletableFuture<>();
    private Optional<Standby> standby = Optional.empty();
    private boolean discarded;

    /// @param destination what the copy becomes a part of
    public StandbyDomain(Destination destination, DomainStarter starter, Clock clock) {
        this.destination = destination;
        this.starter = starter;
        this.clock = clock;
    }

    /// Completes when the domain runs here.
    public CompletableFuture<Domain> promoted() {
        return promoted;
    }

    @Override
    public void receive(StreamReader stream, Rounds rounds)
            throws IOException, StreamException, MirrorException {
        copy(stream).receive(stream, rounds::taken);
    }

    private Standby copy(StreamReader stream) throws IOException, StreamException, MirrorException {
        if (standby.isEmpty()) {
            try {
                set(Xenolith.standby(destination.config(), destination.surroundings(), stream));
            } catch (DomainException e) {
                throw new MirrorException(e.getMessage(), e);
            }
        }
        return standby.orElseThrow(() -> new MirrorException("the copy has been given up"));
    }

    private synchronized void set(Standby made) {
        if (discarded) {
            made.close();
        } else {
            standby = Optional.of(made);
        }
    }

    @Override
    public void commit(long epoch) throws MirrorException {
        try {
            standby.orElseThrow().commit();
        } catch (DomainException e) {
            throw new MirrorException(e.getMessage(), e);
        }
        if (epoch == 0) {
            rehearse();
        }
    }

    /// Before the first epoch counts: nobody relies on the copy yet, and it is the same as in
    /// earnest. The copy is as good without.
    private void rehearse() {
        if (destination.config().deterministic().isPresent()) {
            return; // its processor has nothing that would be slow at first
        }
        try {
            standby.orElseThrow().rehearse();
        } catch (DomainException e) {
            destination.surroundings().log().add("mirror: no rehearsal: " + e.getMessage());
        }
    }

    @Override
    public void promote() throws MirrorException {
        long start = clock.nanos();
        try {
            var machine = standby.orElseThrow().promote();
            long made = clock.nanos();
            var domain = start(machine);
            destination
                    .surroundings()
                    .log()
                    .add(
                            "fail-over: disks, devices and ports were ready after %.1f ms, the guest ran after %.1f ms"
                                    .formatted(
                                            (made - start) / NANOS_IN_MILLI,
                                            (clock.nanos() - start) / NANOS_IN_MILLI));
            promoted.complete(domain);
        } catch (DomainException e) {
            throw new MirrorException(e.getMessage(), e);
        }
    }

    /// A machine that cannot be started is closed: its disks stay.
    private Domain start(Machine machine) throws DomainException {
        try {
            return starter.start(destination, (_, _) -> machine, false);
        } catch (DomainException | RuntimeException | Error e) {
            machine.close();
            throw e;
        }
    }

    @Override
    public synchronized void discard() {
        discarded = true;
        standby.ifPresent(Standby::close);
        standby = Optional.empty();
    }
}
