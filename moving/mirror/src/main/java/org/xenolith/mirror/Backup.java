package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.migration.Link;
import org.xenolith.mirror.protocol.BackupAction;
import org.xenolith.mirror.protocol.BackupEvent;
import org.xenolith.mirror.protocol.BackupProtocol;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorOptions;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/// Keeps the copy of a machine: the backup's side of one session, on threads.
///
/// ```
///   the caller's        the protocol: events in, actions out; promotes, discards
///   mirror-reader       reads the stream, keeps epochs aside, commits them
///   mirror-messages     writes                     mirror-arbiter  one question
/// ```
public final class Backup {
    /// How much of what a primary says first [#isMirror] looks at.
    public static final int BEGINNING_BYTES = Frames.BEGINNING_BYTES;

    private final Link link;
    private final StandbyMachine machine;
    private final UUID session;
    private final Arbiter arbiter;
    private final Surroundings surroundings;
    private final Loop loop;
    private final StandbyReader reader;
    private Optional<Outcome> outcome = Optional.empty();
    private long lostAt;
    private long silentNanos;

    /// What has become of the machine.
    ///
    /// @param promoted it goes on here
    /// @param epoch the last one that counts, -1 if none
    public record Outcome(boolean promoted, long epoch, String reason) {}

    /// What a session needs of its surroundings.
    ///
    /// @param arbiters reaches an arbiter as the primary has said
    /// @param log for the operator, a line each
    public record Surroundings(
            StandbyMachine.Factory machines,
            Function<String, Arbiter> arbiters,
            MirrorOptions options,
            Clock clock,
            Consumer<String> log) {}

    private Backup(
            Link link, StandbyMachine machine, Message.Hello hello, Surroundings surroundings) {
        this.link = link;
        this.machine = machine;
        this.session = hello.session();
        this.arbiter = surroundings.arbiters.apply(hello.arbiter());
        this.surroundings = surroundings;
        this.loop = new Loop(new BackupProtocol(surroundings.options));
        this.reader = new StandbyReader(link.input(), machine, surroundings.clock, loop);
    }

    /// Whether whoever begins a connection so wants to have a copy kept: it is to be [#serve]d from
    /// its beginning.
    public static boolean isMirror(byte[] beginning) {
        return Frames.isBeginning(beginning);
    }

    /// Serves a connection that a primary has made, to the end of the session, and closes it.
    ///
    /// @throws MirrorException if this host will not have the machine, or cannot go on with it
    ///   though it has the right to
    /// @throws IOException if what comes is no mirror
    public static Outcome serve(Link link, Surroundings surroundings)
            throws IOException, MirrorException {
        try (link) {
            if (!(Frames.read(link.input()) instanceof Frames.Incoming.Said(Message.Hello hello))) {
                throw new IOException("the primary does not begin as it should");
            }
            StandbyMachine machine;
            Backup backup;
            try {
                machine = surroundings.machines.prepare(hello.config());
            } catch (MirrorException e) {
                refuse(link, e.getMessage());
                throw e;
            }
            try {
                backup = new Backup(link, machine, hello, surroundings);
            } catch (IllegalArgumentException e) {
                machine.discard();
                refuse(link, e.getMessage());
                throw new MirrorException(e.getMessage(), e);
            }
            return backup.run();
        }
    }

    private static void refuse(Link link, String reason) throws IOException {
        Frames.write(link.output(), new Message.Refused(String.valueOf(reason)));
    }

    private Outcome run() throws MirrorException {
        reader.start();
        var output = new FrameOutput(link);
        // Not virtual: one that writes to a pipe which is full keeps its carrier.
        Thread.ofPlatform()
                .name("mirror-messages")
                .daemon()
                .start(() -> loop.writeMessages(output));
        try (var _ = ArbiterWatch.start(arbiter, session, surroundings.log)) {
            loop.run();
        } catch (RuntimeException | Error e) {
            goDown();
            throw e;
        }
        loop.awaitLastWords();
        if (loop.failure.isPresent()) {
            throw loop.failure.get();
        }
        return outcome.orElseThrow();
    }

    /// We are wrong. The primary hears that the connection ends, and goes on alone.
    private void goDown() {
        loop.close(link);
        reader.stop();
        reader.awaitEnd();
        machine.discard();
    }

    private final class Loop extends EventLoop<BackupEvent, BackupAction> {
        private final BackupProtocol phases;
        private Optional<MirrorException> failure = Optional.empty();

        Loop(BackupProtocol protocol) {
            super(surroundings.clock, protocol, new BackupEvent.Tick(), new BackupEvent.Heard());
            this.phases = protocol;
        }

        @Override
        BackupEvent cannotSend(String reason) {
            return new BackupEvent.Disconnected(reason);
        }

        @Override
        boolean isDone() {
            return phases.phase().isEnd();
        }

        @Override
        void perform(BackupAction action) {
            switch (action) {
                case BackupAction.Send(var message) -> say(message);
                case BackupAction.Commit(long epoch) -> reader.mayCommit();
                case BackupAction.Claim _ ->
                        Thread.ofVirtual().name("mirror-arbiter").start(Backup.this::claim);
                case BackupAction.CloseLink(var reason) -> {
                    lostAt = surroundings.clock.nanos();
                    silentNanos = lostAt - reader.heardAt();
                    tell("closes the connection: " + reason);
                    close(link);
                    reader.stop();
                }
                case BackupAction.Promote(var reason) -> promote(reason);
                case BackupAction.Discard(var reason) -> {
                    reader.awaitEnd();
                    machine.discard();
                    tell("the copy is not needed: " + reason);
                    outcome = Optional.of(new Outcome(false, phases.committed(), reason));
                }
            }
        }

        private void promote(String reason) {
            long decided = surroundings.clock.nanos();
            reader.awaitEnd();
            try {
                machine.promote();
                long done = surroundings.clock.nanos();
                tell(timeline(reason, decided, done));
                outcome = Optional.of(new Outcome(true, phases.committed(), reason));
            } catch (MirrorException e) {
                machine.discard();
                failure = Optional.of(e);
            } catch (RuntimeException | Error e) {
                machine.discard();
                failure = Optional.of(new MirrorException("the machine cannot go on: " + e, e));
            }
        }

        private String timeline(String reason, long decided, long done) {
            return "promoted from epoch %d: %s; heard last %.1f ms before, arbiter %.1f ms, go on %.1f ms"
                    .formatted(
                            phases.committed(),
                            reason,
                            silentNanos / 1e6,
                            (decided - lostAt) / 1e6,
                            (done - decided) / 1e6);
        }
    }

    private void tell(String what) {
        surroundings.log.accept("mirror: " + what);
    }

    private void claim() {
        try {
            loop.post(new BackupEvent.Answered(arbiter.claim(session, Decision.PROMOTED)));
        } catch (IOException | RuntimeException | Error e) { // each claim ends: the next may follow
            loop.post(new BackupEvent.Unanswered(String.valueOf(e.getMessage())));
        }
    }
}
