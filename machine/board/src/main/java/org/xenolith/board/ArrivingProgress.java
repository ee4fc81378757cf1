package org.xenolith.board;

import org.xenolith.state.stream.StreamException;

import java.io.IOException;

/// Follows a machine that comes while it runs elsewhere, and has it rehearse here. For one thread.
final class ArrivingProgress implements MachineImage.Progress {
    /// Of one machine.
    static final int REHEARSALS_MAX = 4;

    private final DomainConfig config;
    private final MachineBuilder.Surroundings around;
    private final Engines engines;
    private final Xenolith.Arrivals arrivals;
    private FurtherPages further = FurtherPages.NONE;
    private int rehearsals;

    ArrivingProgress(
            DomainConfig config,
            MachineBuilder.Surroundings around,
            Engines engines,
            Xenolith.Arrivals arrivals) {
        this.config = config;
        this.around = around;
        this.engines = engines;
        this.arrivals = arrivals;
    }

    @Override
    public FurtherPages begin(FurtherPages.Taker pages) {
        further = arrivals.begin(pages);
        return further;
    }

    @Override
    public void barrier(int number) throws IOException, StreamException {
        further.barrier(number);
    }

    @Override
    public void taken(int number) throws IOException {
        arrivals.taken(number);
    }

    @Override
    public void rehearse(MachineImage image) throws IOException, StreamException {
        if (rehearsals++ == REHEARSALS_MAX) {
            throw new StreamException("a machine rehearses too often");
        }
        try {
            DressRehearsal.perform(config, around, engines, image);
        } catch (DomainException | OutOfMemoryError e) {
            // There need be room for one only, and in earnest it may be better.
            around.log().add("what is to arrive cannot rehearse: " + e.getMessage());
        }
        arrivals.rehearsed();
    }
}
