package org.xenolith.migration;

import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
import org.xenolith.board.CopiedDisk;
import org.xenolith.board.HeldMachine;
import org.xenolith.migration.pages.CopiedPages;
import org.xenolith.migration.pages.DiskRounds;
import org.xenolith.migration.pages.MeteredOutput;
import org.xenolith.migration.pages.PackingChoice;
import org.xenolith.migration.pages.PageSender;
import org.xenolith.migration.pages.PageTransmission;
import org.xenolith.migration.pages.Rounds;
import org.xenolith.migration.pages.SpreadPages;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/// The source's side of one migration. Used once.
///
/// ```
///   Hello ──► Welcome                                      or Token; Join, each; Welcome
///   static data, rounds of pages ──► RoundTaken, each      the machine runs here
///   a round and states, REHEARSAL ──► Rehearsed            it has stood still for a moment
///   another round, or some ──► RoundTaken, each
///   ─────────────────────────────────────────────────────
///   the last pages, states, END ──► Ready                  it stands still; any failure: here
///   ─────────────────────────────────────────────────────
///   Go ──► Running                                         the target decides
/// ```
///
/// From the first octet of Go on the machine does not go on here unless the target says that it
/// does not have it: if the connection is cut the source asks on another one, again and again.
public final class Departure {
    /// A rehearsal is of a machine that stands still while so many pages are copied aside, at most.
    private static final int REHEARSAL_PAGES_MAX = 8192;

    /// How often states are written to nowhere so that they are written fast afterwards.
    private static final int SAVED_ASIDE = 20;

    private static final long REFUSAL_MILLIS_MAX = 1000;

    private final LeavingMachine machine;
    private final UUID id;
    private final MigrationOptions options;
    private final Version version;
    private final Clock clock;
    private final Consumer<MigrationProgress> progress;
    private final Doubt doubt;

    /// The version of Xen that the guest sees.
    public record Version(int major, int minor) {}

    /// @param id of this migration alone
    /// @param progress told after each round, and now and then within one
    /// @param doubt what is done when the target does not answer although it may have the machine
    public Departure(
            LeavingMachine machine,
            UUID id,
            MigrationOptions options,
            Version version,
            Clock clock,
            Consumer<MigrationProgress> progress,
            Doubt doubt) {
        this.machine = machine;
        this.id = id;
        this.options = options;
        this.version = version;
        this.clock = clock;
        this.progress = progress;
        this.doubt = doubt;
    }

    /// Moves the machine. When this returns it is the target's.
    ///
    /// @throws MigrationException if it is not: then it is here, as before
    public MigrationReport run(Link.Dialer dialer) throws MigrationException, InterruptedException {
        try (var link = dialer.dial()) {
            return new Attempt(link, dialer).run();
        } catch (IOException e) {
            throw new MigrationException("cannot reach the target: " + e.getMessage(), e);
        } catch (IllegalStateException e) {
            throw new MigrationException("the guest has rebooted or is gone", e);
        } finally {
            machine.throttle(0);
        }
    }

    /// What a migration sends.
    private record Sending(
            StreamWriter writer, PageTransmission pages, Rounds rounds, DiskRounds disks) {
        /// In pages; what is on disks counts as if it were pages too.
        long done() {
            return pages.pages() + disks.bytes() / Sizes.PAGE_BYTES;
        }

        /// The same with those that needed no content.
        long passed() {
            return pages.passed() + disks.bytes() / Sizes.PAGE_BYTES;
        }

        long remaining() {
            return rounds.dirty() + disks.dirtyBytes() / Sizes.PAGE_BYTES;
        }

        void round(Set<Long> ownPages) throws IOException {
            disks.send();
            rounds.send(ownPages, pages);
        }
    }

    /// One connection, and those that join it.
    private final class Attempt {
        private final Link link;
        private final Link.Dialer dialer;
        private final MeteredOutput meter;
        private final Answers answers;
        private final long start = clock.nanos();
        private final String config = machine.config();
        private FurtherLinks further = FurtherLinks.NONE;

        /// How long the machine stood still for the rehearsal; 0 without one.
        private long rehearsalNanos;

        Attempt(Link link, Link.Dialer dialer) {
            this.link = link;
            this.dialer = dialer;
            this.meter = new MeteredOutput(link.output(), clock);
            this.answers = Answers.of(link);
        }

        MigrationReport run() throws MigrationException, InterruptedException, IOException {
            try {
                Frames.write(link.output(), new Frame.Hello(id, options.connections(), config));
                if (options.connections() > 1) {
                    var token = expectToken();
                    int count = options.connections() - 1;
                    further =
                            FurtherLinks.join(dialer, id, token, count, options.answerMillisMax());
                }
                expect(Frame.Welcome.class, options.answerMillisMax());
                return move();
            } catch (IOException e) {
                throw new MigrationException(refusalOr(reason(e)), e);
            } finally {
                further.close();
            }
        }

        private UUID expectToken() throws IOException, MigrationException, InterruptedException {
            try {
                return expect(Frame.Token.class, options.answerMillisMax()).token();
            } catch (IOException e) {
                throw new IOException(
                        e.getMessage()
                                + ", when it was asked for several connections: perhaps it is of a"
                                + " release that knows of one alone",
                        e);
            }
        }

        private MigrationReport move()
                throws MigrationException, InterruptedException, IOException {
            var writer =
                    new StreamWriter(meter, 0, Alignment.NONE, version.major(), version.minor());
            machine.saveStaticData(writer);
            var copied = options.copyDisks() ? machine.copyDisks() : List.<CopiedDisk>of();
            try (var pages = pages(writer);
                    var disks = new DiskRounds(copied, writer)) {
                disks.begin();
                var sending = new Sending(writer, pages, new Rounds(machine.memory()), disks);
                whileRunning(sending);
                return last(sending);
            }
        }

        private PageTransmission pages(StreamWriter writer) throws IOException {
            if (further.isEmpty()) {
                return new PageSender(writer, meter, clock, packing());
            }
            var means = new SpreadPages.Means(this::packing, clock, options.answerMillisMax());
            return new SpreadPages(writer, meter, further.outputs(), means);
        }

        private PackingChoice packing() {
            return PackingChoice.fastest(options.packing());
        }

        /// What the target says when a further connection has failed comes by the first, later
        /// perhaps.
        private String refusalOr(String otherwise) throws InterruptedException {
            return further.isEmpty()
                    ? answers.refusalOr(otherwise)
                    : answers.refusalWithin(REFUSAL_MILLIS_MAX, otherwise);
        }

        private static String reason(IOException e) {
            return "the connection to the target failed: " + e.getMessage();
        }

        private <F extends Frame> F expect(Class<F> kind, long millisMax)
                throws IOException, MigrationException, InterruptedException {
            var frame = answers.next(millisMax);
            if (frame instanceof Frame.Refused(var reason)) {
                throw new MigrationException(reason);
            }
            if (!kind.isInstance(frame)) {
                throw new IOException("the target says what it should not: " + frame);
            }
            return kind.cast(frame);
        }

        // ------------------------------------------------------------ while it runs

        private void whileRunning(Sending sending)
                throws IOException, MigrationException, InterruptedException {
            var convergence = new Convergence(options);
            var rounds = sending.rounds();
            var told = new RoundProgress(clock, progress);
            sending.pages().onTaken(() -> told.at(counts(sending)));
            long dirty = machine.memory().frameCount() - machine.memory().freeFrameCount();
            while (true) {
                int throttled = convergence.throttlePercent();
                told.begin(rounds.number() + 1, dirty, throttled, counts(sending));
                sendRound(sending);
                dirty = sending.remaining();
                long rate = told.end(counts(sending), dirty);
                switch (convergence.after(rounds.number(), dirty, rate)) {
                    case ANOTHER_ROUND -> {}
                    case SLOWER -> machine.throttle(convergence.throttlePercent());
                    case STAND_STILL -> {
                        if (rehearsalNanos > 0 || dirty > REHEARSAL_PAGES_MAX) {
                            return;
                        }
                        dirty = rehearse(sending, told, throttled);
                        convergence.beginAgain();
                    }
                    case GIVE_UP ->
                            throw new MigrationException(
                                    ("the guest writes faster than it can be sent: after %d rounds"
                                                    + " %d pages are left, of which %d a second go")
                                            .formatted(rounds.number(), dirty, rate));
                }
            }
        }

        /// Has the target try out what is to come: what either end is slow at when it does it first
        /// has been done when the machine stands still in earnest. Returns how much is left to be
        /// sent.
        private long rehearse(Sending sending, RoundProgress told, int throttled)
                throws IOException, MigrationException, InterruptedException {
            var rounds = sending.rounds();
            long dirty = sending.remaining();
            told.begin(rounds.number() + 1, dirty, throttled, counts(sending));
            machine.flushDisks();
            HeldMachine states;
            try (var aside = new CopiedPages()) {
                aside.prepare(2 * dirty); // the guest goes on writing
                long begin = clock.nanos();
                states = machine.moment(ownPages -> rounds.send(ownPages, aside));
                rehearsalNanos = Math.max(1, clock.nanos() - begin);
                aside.send(sending.pages());
                sending.writer().write(new StreamRecord.Round(rounds.number()));
                states.save(sending.writer());
            }
            sending.writer().write(new StreamRecord.Rehearsal());
            meter.flush();
            saveAside(states);
            expectTaken(rounds.number());
            expect(Frame.Rehearsed.class, options.answerMillisMax());
            long left = sending.remaining();
            told.end(counts(sending), left);
            return left;
        }

        /// While the target rehearses.
        private void saveAside(HeldMachine states) throws IOException {
            var nowhere = Channels.newChannel(OutputStream.nullOutputStream());
            var writer =
                    new StreamWriter(nowhere, 0, Alignment.NONE, version.major(), version.minor());
            for (int i = 0; i < SAVED_ASIDE; i++) {
                states.save(writer);
            }
        }

        private RoundProgress.Counts counts(Sending sending) {
            return new RoundProgress.Counts(sending.done(), sending.passed(), bytes(sending));
        }

        private long bytes(Sending sending) {
            return meter.bytes() + sending.pages().furtherBytes();
        }

        private void sendRound(Sending sending)
                throws IOException, MigrationException, InterruptedException {
            sending.round(machine.ownPages());
            var rounds = sending.rounds();
            sending.writer().write(new StreamRecord.Round(rounds.number()));
            meter.flush();
            expectTaken(rounds.number());
        }

        private void expectTaken(int round)
                throws IOException, MigrationException, InterruptedException {
            var taken = expect(Frame.RoundTaken.class, options.answerMillisMax());
            if (taken.round() != round) {
                throw new IOException("the target has taken round " + taken.round());
            }
        }

        // ------------------------------------------------------------ while it stands still

        private MigrationReport last(Sending sending)
                throws MigrationException, InterruptedException {
            machine.flushDisks();
            var times = new Times(clock);
            machine.leave(still -> {
                if (!machine.config().equals(config)) {
                    throw new MigrationException("the domain's devices have changed meanwhile");
                }
                times.stop = times.lap();
                boolean ready = sendLast(still, sending, times);
                if (!ready || !handOver(still.wasPaused())) {
                    throw new MigrationException(answers.refusalOr("the target has given it up"));
                }
                times.start = times.lap();
            });
            return new MigrationReport(
                    sending.rounds().number(),
                    sending.done(),
                    bytes(sending),
                    clock.nanos() - start,
                    rehearsalNanos,
                    times.downtime());
        }

        private boolean sendLast(LeavingMachine.Still still, Sending sending, Times times)
                throws IOException, MigrationException {
            try (var _ = Deadline.closing(this::cut, options.stillMillisMax())) {
                sending.disks().send(); // they are let go of next
                sendMachine(still, sending, times);
                expect(Frame.Ready.class, options.stillMillisMax());
                times.arrive = times.lap();
                return true;
            } catch (IOException e) {
                throw new MigrationException(refusedStill(reason(e)), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MigrationException("interrupted", e);
            }
        }

        private void sendMachine(LeavingMachine.Still still, Sending sending, Times times)
                throws IOException, InterruptedException {
            try (var releasing = Releasing.begin(still)) {
                sending.rounds().send(still.ownPages(), sending.pages());
                times.pages = times.lap();
                still.saveDevices(sending.writer());
                meter.flush(); // the target reads them while a tap may still be given back
                releasing.await();
            }
            sending.writer().write(new StreamRecord.End());
            meter.flush();
            times.states = times.lap();
        }

        private void cut() throws IOException {
            try (link) {
                further.close();
            }
        }

        private String refusedStill(String otherwise) throws MigrationException {
            try {
                return refusalOr(otherwise);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MigrationException(otherwise, e);
            }
        }

        // ------------------------------------------------------------ the target decides

        /// Whether the target has the machine.
        private boolean handOver(boolean paused) {
            try {
                Frames.write(link.output(), new Frame.Go(paused));
                var answer = answers.next(options.stillMillisMax());
                switch (answer) {
                    case Frame.Running() -> {
                        return true;
                    }
                    case Frame.Refused(_) -> {
                        return false;
                    }
                    default -> throw new IOException("the target says what it should not");
                }
            } catch (IOException e) {
                return doubt.settle(id, dialer, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return doubt.settle(id, dialer, e);
            }
        }
    }

    /// Laps of the time in which the machine stands still.
    private static final class Times {
        private final Clock clock;
        private long last;
        private long stop;
        private long pages;
        private long states;
        private long arrive;
        private long start;

        Times(Clock clock) {
            this.clock = clock;
            this.last = clock.nanos();
        }

        long lap() {
            long before = last;
            last = clock.nanos();
            return last - before;
        }

        MigrationReport.Downtime downtime() {
            return new MigrationReport.Downtime(stop, pages, states, arrive, start);
        }
    }
}
