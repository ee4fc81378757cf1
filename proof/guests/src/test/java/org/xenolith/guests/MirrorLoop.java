package org.xenolith.guests;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.Mirroring;
import org.xenolith.board.PortOpener;
import org.xenolith.board.Xenolith;
import org.xenolith.migration.DomainLanding.Destination;
import org.xenolith.migration.pages.MeteredOutput;
import org.xenolith.migration.pages.PackingChoice;
import org.xenolith.migration.pages.PageSender;
import org.xenolith.mirror.DomainMirror;
import org.xenolith.mirror.MirrorException;
import org.xenolith.mirror.StandbyDomain;
import org.xenolith.state.stream.ChannelInput;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.IOException;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A domain and its copy in one process, kept in step as fast as it goes, without a protocol that
/// would decide when to give which of them up.
final class MirrorLoop {
    private static final int ROUNDS = 4;

    private final DomainMirror primary;
    private final StandbyDomain backup;
    private final Pipe pipe;
    private final Thread sending;
    private final Thread receiving;
    private final List<Mirroring.Pause> pauses = new ArrayList<>();
    private final List<Long> pages = new ArrayList<>();
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private volatile boolean cut;
    private volatile long committed = -1;

    private MirrorLoop(Domain domain, DomainConfig there, PortOpener ports)
            throws IOException, MirrorException {
        pipe = Pipe.open();
        primary = new DomainMirror(domain, () -> domain.config().toString(), pauses::add);
        backup =
                new StandbyDomain(
                        new Destination(there, Xenolith.surroundings(ports)),
                        (destination, first, paused) ->
                                Domain.start(
                                        destination.config(),
                                        first,
                                        Xenolith.machines(),
                                        destination.surroundings(),
                                        paused),
                        Clock.system());
        sending = Thread.ofPlatform().name("primary").unstarted(() -> guarded(this::send));
        receiving = Thread.ofPlatform().name("backup").unstarted(() -> guarded(this::receive));
    }

    /// Begins, and waits until there is a whole copy.
    ///
    /// @param there what the copy is made of
    static MirrorLoop start(Domain domain, DomainConfig there, PortOpener ports) throws Exception {
        var loop = new MirrorLoop(domain, there, ports);
        loop.sending.start();
        loop.receiving.start();
        loop.awaitCommit(0);
        return loop;
    }

    private interface Work {
        void run() throws IOException, StreamException, MirrorException;
    }

    private void guarded(Work work) {
        try {
            work.run();
        } catch (IOException | StreamException | MirrorException | RuntimeException | Error e) {
            if (!cut) {
                failure.complete(e);
            }
        }
    }

    private void send() throws IOException, MirrorException {
        var meter = new MeteredOutput(pipe.sink(), Clock.system());
        var out = new StreamWriter(meter, 0, Alignment.NONE, 4, 17);
        primary.saveStaticData(out);
        var choice = PackingChoice.sparing();
        try (var sender = new PageSender(out, meter, Clock.system(), choice)) {
            for (int round = 1; round <= ROUNDS; round++) {
                primary.sendRound(sender, out);
                out.write(new StreamRecord.Round(round));
                meter.flush();
            }
            for (long epoch = 0; !cut; epoch++) {
                try (var checkpoint = primary.checkpoint(epoch)) {
                    pages.add(checkpoint.pages());
                    checkpoint.write(sender, out);
                    meter.flush();
                }
            }
        }
    }

    private void receive() throws IOException, StreamException, MirrorException {
        var reader = new StreamReader(new ChannelInput(pipe.source()));
        for (long epoch = 0; ; epoch++) {
            backup.receive(reader, _ -> {});
            backup.commit(epoch);
            committed = epoch;
            primary.release(epoch);
        }
    }

    long committed() {
        return committed;
    }

    void awaitCommit(long epoch) throws Exception {
        while (committed < epoch) {
            if (failure.isDone()) {
                throw new AssertionError("the mirror has failed", failure.join());
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    /// The primary is no more from one moment to the next; the copy goes on.
    Domain failOver() throws Exception {
        cut = true;
        primary.fence();
        pipe.sink().close();
        pipe.source().close();
        sending.join();
        receiving.join();
        backup.promote();
        return backup.promoted().join();
    }

    /// The copy is no more; the domain goes on.
    void end() throws Exception {
        cut = true;
        pipe.sink().close();
        pipe.source().close();
        sending.join();
        receiving.join();
        primary.goUnprotected();
        backup.discard();
    }

    /// In words: the parts of the pauses, in the mean.
    String report() {
        var later = pauses.subList(Math.min(1, pauses.size()), pauses.size());
        double count = later.size() * 1e6;
        var copied = pages.subList(Math.min(1, pages.size()), pages.size());
        double pagesMean = copied.stream().mapToLong(Long::longValue).average().orElse(0);
        double copy = later.stream().mapToLong(Mirroring.Pause::copy).sum() / count;
        var still = later.stream().mapToLong(Mirroring.Pause::still).sorted().toArray();
        return ("%d epochs, %.0f pages each; ms: drain %.2f, stop %.2f, devices %.2f, states %.2f,"
                        + " copy %.2f (%.2f for 1000 pages), resume %.2f; still: median %.2f,"
                        + " 95 %% %.2f, most %.2f")
                .formatted(
                        later.size(),
                        pagesMean,
                        later.stream().mapToLong(Mirroring.Pause::drain).sum() / count,
                        later.stream().mapToLong(Mirroring.Pause::stop).sum() / count,
                        later.stream().mapToLong(Mirroring.Pause::devices).sum() / count,
                        later.stream().mapToLong(Mirroring.Pause::states).sum() / count,
                        copy,
                        copy * 1000 / Math.max(1, pagesMean),
                        later.stream().mapToLong(Mirroring.Pause::resume).sum() / count,
                        still[still.length / 2] / 1e6,
                        still[still.length * 95 / 100] / 1e6,
                        still[still.length - 1] / 1e6);
    }
}
