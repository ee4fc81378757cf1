package org.xenolith.mirror.protocol;

import static org.xenolith.mirror.protocol.MirrorOptions.nanos;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.List;

/// The backup's side, from when it has room for the machine. For one thread.
///
/// It becomes the machine in one way: an epoch is committed and the arbiter's decision is
/// [Decision#PROMOTED]. What it has said [Message.Committed] of it goes on from; once it has
/// claimed it commits nothing more; once it has said [Message.Refused] it claims nothing.
public final class BackupProtocol implements Protocol<BackupEvent, BackupAction> {
    /// How far it is.
    public enum Phase {
        /// There is no whole epoch yet.
        RECEIVING,
        /// It could go on.
        STANDBY,
        /// The primary is lost, the arbiter is asked.
        ASKING,
        /// The end: the machine is here.
        PROMOTED,
        /// The end: it is not, and never will be.
        DISCARDED;

        /// Nothing changes any more.
        public boolean isEnd() {
            return this == PROMOTED || this == DISCARDED;
        }
    }

    private static final long NONE = -1;

    private final MirrorOptions options;
    private Phase phase = Phase.RECEIVING;
    private List<BackupAction> actions = new ArrayList<>();
    private boolean welcomed;
    private Silence silence;
    private long nextBeat;

    /// The last epoch that is to count, and the last that does.
    private long committing = NONE;

    private long committed = NONE;
    private String lostBecause = "";
    private boolean claiming;
    private long askAgainAt;

    public BackupProtocol(MirrorOptions options) {
        this.options = options;
    }

    public Phase phase() {
        return phase;
    }

    /// The last epoch that counts; -1 if none does.
    public long committed() {
        return committed;
    }

    @Override
    public List<BackupAction> on(long now, BackupEvent event) {
        actions = new ArrayList<>();
        if (!welcomed) {
            welcome(now);
        }
        switch (event) {
            case BackupEvent.Tick _ -> {}
            case BackupEvent.Heard _ -> silence.heard(now);
            case BackupEvent.Received(var message) -> received(now, message);
            case BackupEvent.Disconnected(var reason) -> lost(now, reason);
            case BackupEvent.EpochReceived(long epoch) -> epochReceived(now, epoch);
            case BackupEvent.EpochCommitted(long epoch) -> epochCommitted(now, epoch);
            case BackupEvent.Failed(var reason) -> failed(reason);
            case BackupEvent.Answered(var decision) -> answered(decision);
            case BackupEvent.Unanswered _ -> {
                claiming = false;
                askAgainAt = now + nanos(options.askAgainMillis());
            }
        }
        timePasses(now);
        return actions;
    }

    private void welcome(long now) {
        welcomed = true;
        silence = silence(now, options.startMillis());
        nextBeat = now + nanos(options.beatMillis());
        send(new Message.Welcome());
    }

    /// Before there is an epoch nothing hangs on it, and copying may be silent for long.
    private Silence silence(long now, int millis) {
        return new Silence(now, nanos(options.beatMillis()), nanos(millis));
    }

    private void send(Message message) {
        actions.add(new BackupAction.Send(message));
    }

    // ---------------------------------------------------------------- the primary speaks

    private boolean isConnected() {
        return switch (phase) {
            case RECEIVING, STANDBY -> true;
            case ASKING, PROMOTED, DISCARDED -> false;
        };
    }

    private void received(long now, Message message) {
        if (!isConnected()) {
            return;
        }
        silence.heard(now);
        switch (message) {
            case Message.Beat _ -> {}
            case Message.GiveUp _ -> refuse("as the primary has asked");
            case Message.Hello _,
                    Message.Welcome _,
                    Message.RoundTaken _,
                    Message.EpochEnd _,
                    Message.Committed _,
                    Message.Refused _ ->
                    lost(now, "the primary says what it should not");
        }
    }

    private void epochReceived(long now, long epoch) {
        if (!isConnected()) {
            return;
        }
        Bug.check(committing == committed, "epochs come one after the other");
        silence.heard(now);
        if (epoch != committed + 1) {
            lost(now, "epoch %d comes after %d".formatted(epoch, committed));
            return;
        }
        committing = epoch;
        actions.add(new BackupAction.Commit(epoch));
    }

    private void epochCommitted(long now, long epoch) {
        Bug.check(epoch == committing, "only what is to be committed is");
        committed = epoch;
        silence.heard(now);
        if (phase == Phase.RECEIVING) {
            silence = silence(now, options.silenceMillis() + options.beatMillis());
        }
        if (isConnected()) {
            phase = Phase.STANDBY;
            send(new Message.Committed(epoch));
        }
    }

    // ---------------------------------------------------------------- time

    private void timePasses(long now) {
        if (isConnected()) {
            if (!isCommitting() && silence.passed(now)) {
                lost(now, "the primary is silent");
            } else if (now >= nextBeat) {
                nextBeat = now + nanos(options.beatMillis());
                send(new Message.Beat());
            }
        }
        if (phase == Phase.ASKING && mayClaim() && now >= askAgainAt) {
            claiming = true;
            actions.add(new BackupAction.Claim());
        }
    }

    /// Meanwhile nobody reads what comes: that is no silence.
    private boolean isCommitting() {
        return committing != committed;
    }

    /// A commit that is under way may fail, and the right to go on would be of no use.
    private boolean mayClaim() {
        return !claiming && !isCommitting();
    }

    @Override
    public long wakeNanos() {
        return switch (phase) {
            case RECEIVING, STANDBY -> nextBeat;
            case ASKING -> mayClaim() ? askAgainAt : Long.MAX_VALUE;
            case PROMOTED, DISCARDED -> Long.MAX_VALUE;
        };
    }

    // ---------------------------------------------------------------- the end

    private void lost(long now, String reason) {
        if (!isConnected()) {
            return;
        }
        actions.add(new BackupAction.CloseLink(reason));
        if (committing == NONE) {
            discard(reason);
        } else {
            phase = Phase.ASKING;
            lostBecause = reason;
            askAgainAt = now;
        }
    }

    private void refuse(String reason) {
        send(new Message.Refused(reason));
        actions.add(new BackupAction.CloseLink(reason));
        discard(reason);
    }

    /// What fails while the arbiter is asked and nothing is being committed is what was being read
    /// of an epoch that will not count.
    private void failed(String reason) {
        if (isConnected()) {
            refuse(reason);
        } else if (phase == Phase.ASKING && isCommitting()) {
            Bug.check(!claiming, "nothing is claimed while an epoch is being committed");
            discard(reason);
        }
    }

    private void answered(Decision decision) {
        claiming = false;
        switch (decision) {
            case PROMOTED -> {
                phase = Phase.PROMOTED;
                actions.add(new BackupAction.Promote(lostBecause));
            }
            case ALONE -> discard("the primary goes on alone");
        }
    }

    private void discard(String reason) {
        phase = Phase.DISCARDED;
        actions.add(new BackupAction.Discard(reason));
    }
}
