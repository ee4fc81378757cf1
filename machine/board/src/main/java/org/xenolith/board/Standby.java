package org.xenolith.board;

import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;

/// A copy of a machine that runs elsewhere, kept in step with it: memory, disks, and the states of
/// the last epoch. All of the machine that does not depend on these is there, and does nothing.
///
/// The order is `receive commit` again and again, then [#promote] or [#close]. For one thread, but
/// [#close].
public final class Standby implements AutoCloseable {
    private static final String MISPLACED = "an epoch has what does not belong into it";

    private final Rehearsing rehearsal;
    private final MachineImage image;
    private final Wiring wiring;
    private final ArrivingDisks disks;
    private final EpochAside aside;
    private boolean begun;
    private boolean ended;

    /// Told of the rounds of the first epoch.
    @FunctionalInterface
    public interface Rounds {
        /// All pages up to the end of a round are in memory.
        void taken(int number) throws IOException;
    }

    /// Has what a machine is to do rehearsed.
    @FunctionalInterface
    private interface Rehearsing {
        void perform(MachineImage image) throws DomainException;
    }

    private Standby(MachineImage image, Wiring wiring, ArrivingDisks disks, Rehearsing rehearsal) {
        this.image = image;
        this.rehearsal = rehearsal;
        this.wiring = wiring;
        this.disks = disks;
        this.aside = new EpochAside(image.memory(), EpochAside.Bounds.USUAL);
    }

    /// Reads what machine it is, from the beginning of a stream, and makes what can be made of it.
    ///
    /// @throws DomainException if this host cannot have it
    static Standby begin(
            DomainConfig config,
            MachineBuilder.Surroundings surroundings,
            Engines engines,
            StreamReader reader)
            throws IOException, StreamException, DomainException {
        var image = MachineImage.begin(reader, MachineImage.PageSource.COPY, engines);
        try {
            var wiring = Wiring.begin(config, surroundings, engines, image);
            return new Standby(
                    image,
                    wiring,
                    new ArrivingDisks(config.disks()),
                    copied -> DressRehearsal.perform(config, surroundings, engines, copied));
        } catch (DomainException | RuntimeException | Error e) {
            image.close();
            throw e;
        }
    }

    /// Reads an epoch, up to CHECKPOINT. The first one goes into the machine as it comes; later
    /// ones are kept aside, and [#commit] does not fail for what they say.
    ///
    /// @param rounds told of the rounds of the first one
    /// @throws StreamException if what comes is no epoch of this machine
    public void receive(StreamReader reader, Rounds rounds) throws IOException, StreamException {
        aside.clear();
        if (begun) {
            receiveAside(reader);
        } else if (!image.readEpoch(reader, beginning(rounds), disks)) {
            throw new StreamException("the stream ends before the machine is whole");
        } else {
            // What cannot be a machine is better known now than when it is needed.
            RestoredStates.of(image, wiring.vcpus());
            begun = true;
        }
    }

    private static MachineImage.Progress beginning(Rounds rounds) {
        return new MachineImage.Progress() {
            @Override
            public void taken(int number) throws IOException {
                rounds.taken(number);
            }

            @Override
            public void rehearse(MachineImage image) throws StreamException {
                throw new StreamException(MISPLACED);
            }
        };
    }

    private void receiveAside(StreamReader reader) throws IOException, StreamException {
        while (true) {
            switch (reader.next()) {
                case StreamRecord.Pages pages -> aside.add(pages);
                case StreamRecord.DiskData data -> aside.add(data, disks);
                case StreamRecord.DiskZeroes zeroes -> aside.add(zeroes, disks);
                case StreamRecord.State state -> aside.add(state, image);
                case StreamRecord.HvmParams params -> aside.add(params, image);
                case StreamRecord.TscInfo tsc -> aside.add(tsc, image);
                case StreamRecord.Checkpoint _ -> {
                    return;
                }
                case StreamRecord.Round _,
                        StreamRecord.Barrier _,
                        StreamRecord.Rehearsal _,
                        StreamRecord.Disk _,
                        StreamRecord.HvmContext _,
                        StreamRecord.Verify _,
                        StreamRecord.StaticDataEnd _,
                        StreamRecord.CpuidPolicy _ ->
                        throw new StreamException(MISPLACED);
                case StreamRecord.End _ -> throw new StreamException("the stream ends");
            }
        }
    }

    /// What has been received last is the machine from now on.
    ///
    /// @throws DomainException if a disk cannot be written: the copy is of no use any more
    public void commit() throws DomainException {
        try {
            aside.apply(image, disks);
        } catch (StreamException e) {
            throw new DomainException(e.getMessage(), e);
        }
    }

    /// Lets a copy of what has been committed run for a moment, unseen: [#promote] is some times as
    /// fast afterwards. Takes less than a second, in which nothing else is done here.
    ///
    /// @throws DomainException if it could not; everything is as it was
    public void rehearse() throws DomainException {
        rehearsal.perform(image);
    }

    /// Makes the machine of what has been committed, ready to start. What has only been received is
    /// forgotten. The disks stay, whatever comes of it: there may be no others.
    public Machine promote() throws DomainException {
        ended = true;
        try {
            disks.finish();
            var machine = wiring.restored(image);
            image.taken();
            aside.close();
            return machine;
        } catch (StreamException e) {
            giveUp();
            throw new DomainException(e.getMessage(), e);
        } catch (DomainException | RuntimeException | Error e) {
            giveUp();
            throw e;
        }
    }

    private void giveUp() {
        aside.close();
        wiring.abandon();
        image.close();
    }

    /// It is not needed: nothing of it is left, its disks included. Does nothing if it has been
    /// promoted.
    @Override
    public void close() {
        if (!ended) {
            ended = true;
            giveUp();
            disks.close();
        }
    }
}
