package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.migration.Departure;
import org.xenolith.migration.Link;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.mirror.protocol.MirrorStatus;
import org.xenolith.mirror.protocol.PrimaryAction;
import org.xenolith.mirror.protocol.PrimaryEvent;
import org.xenolith.mirror.protocol.PrimaryProtocol;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Protects a running machine: the primary's side of one session, on threads.
///
/// ```
///   mirror-primary      the protocol: events in, actions out; releases, fences
///   mirror-checkpoints  takes checkpoints
///   mirror-sender       writes the stream          mirror-messages  writes the rest
///   mirror-reader       reads what the backup says
///   mirror-arbiter      one question
/// ```
///
/// May be used from any thread.
public final class Primary {
    private static final long ASK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final MirroredMachine machine;
    private final Link link;
    private final Arbiter arbiter;
    private final Message.Hello hello;
    private final Consumer<String> log;
    private final Loop loop;
    private final Sender sender;
    private final CompletableFuture<Void> isProtected = new CompletableFuture<>();
    private final CompletableFuture<End> end = new CompletableFuture<>();
    private volatile MirrorStatus status;

    /// How a session has ended.
    ///
    /// @param fenced the machine is the backup's; else it goes on here, unprotected
    public record End(boolean fenced, String reason) {}

    /// What a session needs of its surroundings.
    ///
    /// @param version of Xen that the guest sees
    /// @param log for the operator, a line each
    public record Surroundings(
            Arbiter arbiter, Departure.Version version, Clock clock, Consumer<String> log) {}

    /// @param hello with a session that has never been before
    private Primary(
            MirroredMachine machine,
            Link link,
            Message.Hello hello,
            MirrorOptions options,
            Surroundings surroundings) {
        this.machine = machine;
        this.link = link;
        this.hello = hello;
        this.arbiter = surroundings.arbiter;
        this.log = surroundings.log;
        this.loop = new Loop(surroundings.clock, new PrimaryProtocol(hello, options));
        this.status = loop.phases.status();
        this.sender =
                new Sender(
                        machine,
                        new FrameOutput(link),
                        surroundings.clock,
                        surroundings.version,
                        loop::post);
    }

    /// Begins to protect a machine. The arbiter must have answered before: nothing is gained by a
    /// mirror whose arbiter cannot be reached.
    ///
    /// @param link to a host that serves it by [Backup]; is closed in the end
    /// @param hello with a session that has never been before
    public static Primary start(
            MirroredMachine machine,
            Link link,
            Message.Hello hello,
            MirrorOptions options,
            Surroundings surroundings) {
        var primary = new Primary(machine, link, hello, options, surroundings);
        Thread.ofPlatform().name("mirror-primary").daemon().start(primary::run);
        return primary;
    }

    /// Completes when the backup has the machine for the first time; with a [MirrorException] if
    /// that never comes.
    public CompletableFuture<Void> isProtected() {
        return isProtected.copy();
    }

    /// Completes when all is over.
    public CompletableFuture<End> end() {
        return end.copy();
    }

    public MirrorStatus status() {
        return status;
    }

    /// The machine is not to be protected any more. Does not wait for the end.
    public void stop(String reason) {
        loop.post(new PrimaryEvent.EndRequested(reason));
    }

    private void run() {
        machine.onSettled(epoch -> loop.mention(new PrimaryEvent.Settled(epoch)));
        Thread.ofPlatform().name("mirror-sender").daemon().start(sender::run);
        Thread.ofPlatform().name("mirror-checkpoints").daemon().start(sender::takeCheckpoints);
        Thread.ofVirtual().name("mirror-messages").start(() -> loop.writeMessages(sender.out()));
        Thread.ofVirtual().name("mirror-reader").start(this::read);
        try (var _ = ArbiterWatch.start(arbiter, hello.session(), log)) {
            loop.run();
        } catch (RuntimeException | Error e) {
            goDown(e);
        } finally {
            sender.close();
        }
    }

    /// We are wrong. The protocol is not asked any more; who goes on is decided as ever. If there
    /// cannot be a backup yet the machine goes on here.
    private void goDown(Throwable bug) {
        var phase = loop.phases.phase();
        log.accept("mirror: ends by a mistake of ours: " + bug);
        loop.close(link);
        boolean fenced =
                switch (phase) {
                    case GREETING, COPYING, UNPROTECTED -> false;
                    case STARTING, PROTECTED, ASKING -> claimToTheEnd() == Decision.PROMOTED;
                    case FENCED -> true;
                };
        if (!phase.isEnd()) {
            if (fenced) {
                machine.fence();
            } else {
                machine.goUnprotected();
            }
        }
        finish(new End(fenced, bug.toString()));
    }

    /// Asks until there is an answer, as the protocol does. What the machine has to say is held.
    private Decision claimToTheEnd() {
        while (true) {
            try {
                return arbiter.claim(hello.session(), Decision.ALONE);
            } catch (IOException | RuntimeException e) {
                log.accept("mirror: the arbiter does not answer: " + e.getMessage());
                LockSupport.parkNanos(ASK_AGAIN_NANOS);
            }
        }
    }

    private void finish(End how) {
        isProtected.completeExceptionally(new MirrorException(how.reason));
        end.complete(how);
    }

    private void read() {
        try {
            while (true) {
                switch (Frames.read(link.input())) {
                    case Frames.Incoming.Said(Message.Beat()) -> loop.hear();
                    case Frames.Incoming.Said(Message.RoundTaken(int round)) -> {
                        sender.roundTaken(round);
                        loop.hear();
                    }
                    case Frames.Incoming.Said(var message) ->
                            loop.post(new PrimaryEvent.Received(message));
                    case Frames.Incoming.Octets _ ->
                            throw new IOException("a backup sends no stream");
                }
            }
        } catch (IOException e) {
            loop.post(new PrimaryEvent.Disconnected("the backup is lost: " + e.getMessage()));
        }
    }

    private final class Loop extends EventLoop<PrimaryEvent, PrimaryAction> {
        private final PrimaryProtocol phases;

        Loop(Clock clock, PrimaryProtocol protocol) {
            super(clock, protocol, new PrimaryEvent.Tick(), new PrimaryEvent.Heard());
            this.phases = protocol;
        }

        @Override
        PrimaryEvent cannotSend(String reason) {
            return new PrimaryEvent.Disconnected(reason);
        }

        @Override
        boolean isDone() {
            return phases.phase().isEnd();
        }

        @Override
        void perform(PrimaryAction action) {
            status = phases.status();
            switch (action) {
                case PrimaryAction.Send(var message) -> say(message);
                case PrimaryAction.Copy _ -> sender.copy();
                case PrimaryAction.TakeCheckpoint(long epoch) -> sender.take(epoch);
                case PrimaryAction.SendCheckpoint(long epoch) -> sender.send(epoch);
                case PrimaryAction.DropCheckpoint(long epoch) -> sender.drop(epoch);
                case PrimaryAction.Release(long epoch) -> {
                    machine.release(epoch);
                    if (isProtected.complete(null)) {
                        log.accept("mirror: protected, session " + hello.session());
                    }
                }
                case PrimaryAction.Claim _ ->
                        Thread.ofVirtual().name("mirror-arbiter").start(Primary.this::claim);
                case PrimaryAction.StandStill _ -> {
                    log.accept("mirror: the arbiter does not answer, the machine stands still");
                    machine.standStill();
                }
                case PrimaryAction.GoUnprotected(var reason) -> {
                    machine.goUnprotected();
                    log.accept("mirror: not protected any more: " + reason);
                    finish(new End(false, reason));
                }
                case PrimaryAction.Fence(var reason) -> {
                    machine.fence();
                    log.accept("mirror: stopped, the backup has the machine: " + reason);
                    finish(new End(true, reason));
                }
                case PrimaryAction.CloseLink(var reason) -> {
                    log.accept("mirror: closes the connection: " + reason);
                    close(link);
                }
            }
        }
    }

    private void claim() {
        try {
            loop.post(new PrimaryEvent.Answered(arbiter.claim(hello.session(), Decision.ALONE)));
        } catch (IOException | RuntimeException | Error e) { // each claim ends: the next may follow
            loop.post(new PrimaryEvent.Unanswered(String.valueOf(e.getMessage())));
        }
    }
}
