package org.xenolith.migration;

import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.FurtherPages;
import org.xenolith.board.Machine;
import org.xenolith.board.MachineBuilder;
import org.xenolith.board.Xenolith;
import org.xenolith.state.stream.StreamInput;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/// Makes a domain of a machine that arrives.
public final class DomainLanding implements Landing {
    private final ConfigReader reader;
    private final DomainStarter starter;
    private final CompletableFuture<Domain> arrived = new CompletableFuture<>();

    /// Reads the text that the source has sent; changes it where this host is another.
    @FunctionalInterface
    public interface ConfigReader {
        Destination read(String config) throws MigrationException;
    }

    /// What a machine becomes a part of.
    public record Destination(DomainConfig config, MachineBuilder.Surroundings surroundings) {}

    /// Makes a domain that goes on with the machine that `first` gives.
    @FunctionalInterface
    public interface DomainStarter {
        Domain start(Destination destination, MachineBuilder first, boolean paused)
                throws DomainException;
    }

    public DomainLanding(ConfigReader reader, DomainStarter starter) {
        this.reader = reader;
        this.starter = starter;
    }

    /// Completes when the domain runs here.
    public CompletableFuture<Domain> arrived() {
        return arrived;
    }

    @Override
    public Landed prepare(String config, StreamInput stream, Progress progress)
            throws MigrationException, IOException {
        var destination = reader.read(config);
        try {
            var machine =
                    Xenolith.arriving(stream, new Followed(progress))
                            .build(destination.config(), destination.surroundings());
            return new LandedDomain(destination, machine);
        } catch (DomainException.InputFailed e) {
            throw e.reason();
        } catch (DomainException e) {
            throw new MigrationException(e.getMessage(), e);
        }
    }

    private record Followed(Progress progress) implements Xenolith.Arrivals {
        @Override
        public FurtherPages begin(FurtherPages.Taker pages) {
            return progress.begin(pages);
        }

        @Override
        public void taken(int round) throws IOException {
            progress.taken(round);
        }

        @Override
        public void rehearsed() throws IOException {
            progress.rehearsed();
        }
    }

    private final class LandedDomain implements Landed {
        private final Destination destination;
        private final Machine machine;

        LandedDomain(Destination destination, Machine machine) {
            this.destination = destination;
            this.machine = machine;
        }

        @Override
        public void start(boolean paused) throws MigrationException {
            try {
                arrived.complete(starter.start(destination, (_, _) -> machine, paused));
            } catch (DomainException e) {
                throw new MigrationException(e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            machine.close();
        }
    }
}
