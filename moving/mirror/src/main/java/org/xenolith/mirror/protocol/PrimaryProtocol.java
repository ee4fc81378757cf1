package org.xenolith.mirror.protocol;

import static org.xenolith.mirror.protocol.MirrorOptions.OUTSTANDING_MAX;
import static org.xenolith.mirror.protocol.MirrorOptions.nanos;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The primary's side. For one thread.
///
/// Three things let what is held go out, and nothing else does: the backup has the epoch; the
/// backup cannot have the machine (no epoch has been sent whole, or it has said so); the arbiter's
/// decision is [Decision#ALONE].
public final class PrimaryProtocol implements Protocol<PrimaryEvent, PrimaryAction> {
    /// How far it is.
    public enum Phase {
        /// The backup prepares itself.
        GREETING,
        /// The machine is being copied; nothing is held.
        COPYING,
        /// Epoch 0 is on its way: output is held.
        STARTING,
        /// The backup has an epoch.
        PROTECTED,
        /// The backup is lost, the arbiter is asked; output is held.
        ASKING,
        /// The end: the machine is here alone.
        UNPROTECTED,
        /// The end: the machine is the backup's.
        FENCED;

        /// Nothing changes any more.
        public boolean isEnd() {
            return this == UNPROTECTED || this == FENCED;
        }
    }

    private static final long NONE = -1;

    private final Message.Hello hello;
    private final MirrorOptions options;
    private final Pace pace;
    private final Figures figures = new Figures();

    private Phase phase = Phase.GREETING;
    private boolean greeted;
    private List<PrimaryAction> actions = new ArrayList<>();

    private Silence silence;
    private long nextBeat;
    private long welcomeBefore;

    /// The last checkpoint that has been asked for, that has been taken, that the backup has.
    private long begun = NONE;

    private long taken = NONE;
    private long committed = NONE;

    /// The last epoch that has settled before its end.
    private long settled = NONE;

    /// When the checkpoints that are outstanding were begun, by epoch.
    private final long[] begunAt = new long[OUTSTANDING_MAX];

    /// Why the machine is not to be mirrored any more.
    private Optional<String> ending = Optional.empty();

    private long endingSince;
    private String lostBecause = "";
    private boolean claiming;
    private boolean still;
    private long askedAt;
    private long askAgainAt;

    public PrimaryProtocol(Message.Hello hello, MirrorOptions options) {
        this.hello = hello;
        this.options = options;
        this.pace = new Pace(nanos(options.epochMillis()), nanos(options.epochMillisMax()));
    }

    public Phase phase() {
        return phase;
    }

    public MirrorStatus status() {
        return figures.status(phase, taken, committed, pace.intervalNanos());
    }

    @Override
    public List<PrimaryAction> on(long now, PrimaryEvent event) {
        actions = new ArrayList<>();
        if (!greeted) {
            greet(now);
        }
        switch (event) {
            case PrimaryEvent.Tick _ -> {}
            case PrimaryEvent.Heard _ -> silence.heard(now);
            case PrimaryEvent.Received(var message) -> received(now, message);
            case PrimaryEvent.Disconnected(var reason) -> lost(now, reason);
            case PrimaryEvent.Copied _ -> copied(now);
            case PrimaryEvent.Settled(long epoch) -> settled = Math.max(settled, epoch);
            case PrimaryEvent.CheckpointTaken checkpoint -> checkpointTaken(now, checkpoint);
            case PrimaryEvent.CheckpointSent(_, long bytes) -> figures.sent(bytes);
            case PrimaryEvent.EndRequested(var reason) -> endRequested(now, reason);
            case PrimaryEvent.Answered(var decision) -> answered(decision);
            case PrimaryEvent.Unanswered _ -> unanswered(now);
        }
        timePasses(now);
        return actions;
    }

    private void greet(long now) {
        greeted = true;
        silence = silence(now, options.startMillis());
        welcomeBefore = now + nanos(options.startMillis());
        nextBeat = now + nanos(options.beatMillis());
        send(hello);
    }

    private Silence silence(long now, int millis) {
        return new Silence(now, nanos(options.beatMillis()), nanos(millis));
    }

    private void send(Message message) {
        actions.add(new PrimaryAction.Send(message));
    }

    // ---------------------------------------------------------------- the backup speaks

    private boolean isConnected() {
        return switch (phase) {
            case GREETING, COPYING, STARTING, PROTECTED -> true;
            case ASKING, UNPROTECTED, FENCED -> false;
        };
    }

    private void received(long now, Message message) {
        if (!isConnected()) {
            return;
        }
        silence.heard(now);
        switch (message) {
            case Message.Welcome _ -> {
                if (phase == Phase.GREETING) {
                    phase = Phase.COPYING;
                    actions.add(new PrimaryAction.Copy());
                } else {
                    lost(now, "the backup says welcome twice");
                }
            }
            case Message.Committed(long epoch) -> committed(now, epoch);
            case Message.Refused(var reason) -> goUnprotected(reason);
            case Message.Beat _, Message.RoundTaken _ -> {}
            case Message.Hello _, Message.EpochEnd _, Message.GiveUp _ ->
                    lost(now, "the backup says what only a primary does");
        }
    }

    private void committed(long now, long epoch) {
        if (epoch != committed + 1 || epoch > taken) {
            lost(now, "the backup has committed epoch " + epoch + ", which it cannot have");
            return;
        }
        committed = epoch;
        if (phase == Phase.STARTING) {
            silence = silence(now, options.silenceMillis());
        }
        phase = Phase.PROTECTED;
        long lag = now - begunAt[place(epoch)];
        pace.committed(lag);
        figures.committed(now, lag);
        actions.add(new PrimaryAction.Release(epoch));
    }

    private static int place(long epoch) {
        return (int) (epoch % OUTSTANDING_MAX);
    }

    // ---------------------------------------------------------------- checkpoints

    private void copied(long now) {
        if (phase == Phase.COPYING && ending.isEmpty()) {
            begin(now, 0);
        }
    }

    private void begin(long now, long epoch) {
        begun = epoch;
        begunAt[place(epoch)] = now;
        actions.add(new PrimaryAction.TakeCheckpoint(epoch));
    }

    private void checkpointTaken(long now, PrimaryEvent.CheckpointTaken checkpoint) {
        Bug.check(checkpoint.epoch() == begun && begun == taken + 1, "checkpoints come in order");
        if (!isConnected()) {
            actions.add(new PrimaryAction.DropCheckpoint(checkpoint.epoch()));
            return;
        }
        taken = checkpoint.epoch();
        pace.paused(now, checkpoint.pauseNanos());
        figures.taken(checkpoint.pauseNanos(), checkpoint.pages());
        if (phase == Phase.COPYING) {
            phase = Phase.STARTING; // from here on the backup may have an epoch
        }
        actions.add(new PrimaryAction.SendCheckpoint(taken));
    }

    /// When the next one is to begin.
    private long checkpointDue() {
        boolean mayBegin =
                (phase == Phase.STARTING || phase == Phase.PROTECTED)
                        && ending.isEmpty()
                        && begun == taken
                        && begun - committed < OUTSTANDING_MAX;
        return mayBegin ? pace.dueNanos(begunAt[place(begun)], settled > begun) : Long.MAX_VALUE;
    }

    // ---------------------------------------------------------------- time

    private void timePasses(long now) {
        if (isConnected()) {
            whileConnected(now);
        } else if (phase == Phase.ASKING) {
            whileAsking(now);
        }
    }

    private void whileConnected(long now) {
        if (silence.passed(now) || phase == Phase.GREETING && now >= welcomeBefore) {
            lost(now, "the backup is silent");
            return;
        }
        if (committed < taken && now - begunAt[place(committed + 1)] >= commitNanos()) {
            lost(now, "the backup does not commit epoch " + (committed + 1));
            return;
        }
        if (ending.isPresent() && now - endingSince >= commitNanos()) {
            lost(now, "the backup does not give the machine up");
            return;
        }
        if (ending.isEmpty() && taken < begun && now - begunAt[place(begun)] >= commitNanos()) {
            endRequested(now, "checkpoint %d does not come".formatted(begun));
            return;
        }
        if (now >= nextBeat) {
            nextBeat = now + nanos(options.beatMillis());
            send(new Message.Beat());
        }
        if (now >= checkpointDue()) {
            begin(now, begun + 1);
        }
    }

    private long commitNanos() {
        return nanos(options.commitMillis());
    }

    private void whileAsking(long now) {
        if (now >= standStillDue()) {
            standStill();
        }
        if (!claiming && now >= askAgainAt) {
            claim();
        }
    }

    private long standStillDue() {
        return still ? Long.MAX_VALUE : askedAt + nanos(options.askMillis());
    }

    @Override
    public long wakeNanos() {
        return switch (phase) {
            case GREETING, COPYING, STARTING, PROTECTED -> Math.min(nextBeat, checkpointDue());
            case ASKING -> claiming ? standStillDue() : Math.min(askAgainAt, standStillDue());
            case UNPROTECTED, FENCED -> Long.MAX_VALUE;
        };
    }

    // ---------------------------------------------------------------- the end

    private void endRequested(long now, String reason) {
        if (!isConnected() || ending.isPresent()) {
            return;
        }
        ending = Optional.of(reason);
        endingSince = now;
        switch (phase) {
            case GREETING, COPYING -> goUnprotected(reason);
            case STARTING, PROTECTED -> send(new Message.GiveUp());
            case ASKING, UNPROTECTED, FENCED -> throw new Bug("there is a connection");
        }
    }

    private void lost(long now, String reason) {
        switch (phase) {
            case GREETING, COPYING -> goUnprotected(reason);
            case STARTING, PROTECTED -> {
                phase = Phase.ASKING;
                lostBecause = reason;
                askedAt = now;
                actions.add(new PrimaryAction.CloseLink(reason));
                claim();
            }
            case ASKING, UNPROTECTED, FENCED -> {}
        }
    }

    private void claim() {
        claiming = true;
        actions.add(new PrimaryAction.Claim());
    }

    private void answered(Decision decision) {
        claiming = false;
        switch (decision) {
            case ALONE -> goUnprotected(ending.orElse(lostBecause));
            case PROMOTED -> {
                phase = Phase.FENCED;
                actions.add(new PrimaryAction.Fence(lostBecause));
            }
        }
    }

    private void unanswered(long now) {
        claiming = false;
        askAgainAt = now + nanos(options.askAgainMillis());
        standStill();
    }

    private void standStill() {
        if (!still) {
            still = true;
            actions.add(new PrimaryAction.StandStill());
        }
    }

    private void goUnprotected(String reason) {
        boolean connected = isConnected();
        phase = Phase.UNPROTECTED;
        if (connected) {
            actions.add(new PrimaryAction.CloseLink(reason));
        }
        actions.add(new PrimaryAction.GoUnprotected(ending.orElse(reason)));
    }
}
