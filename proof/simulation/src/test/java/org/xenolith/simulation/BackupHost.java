package org.xenolith.simulation;

import org.xenolith.mirror.protocol.BackupAction;
import org.xenolith.mirror.protocol.BackupEvent;
import org.xenolith.mirror.protocol.BackupProtocol;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.Protocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// The host that has the copy.
final class BackupHost extends Host {
    /// What is around it.
    ///
    /// @param primary for the judge's sake
    record Around(
            Client client,
            Judge judge,
            Register.Path arbiter,
            Connection.Way toPrimary,
            PrimaryHost primary) {}

    private final BackupProtocol phases;
    private final Protocol<BackupEvent, BackupAction> protocol;
    private final Guest guest = new Guest();
    private final List<Guest.Entry> received = new ArrayList<>();
    private final Deque<Connection.Item> waiting = new ArrayDeque<>();
    private Around around;
    private Connection.Way fromPrimary;
    private boolean begun;
    private boolean busy;
    private boolean closed;
    private boolean promoted;
    private boolean discarded;
    private boolean failing;
    private boolean failed;
    private boolean refused;
    private boolean claimed;
    private boolean sloppy;
    private final long commitNanosMax;
    private long committed = -1;

    BackupHost(World world, BackupProtocol phases, Protocol<BackupEvent, BackupAction> protocol) {
        super(world, "backup ");
        this.commitNanosMax = (2 * World.MILLISECOND) << world.chance().nextInt(8);
        this.phases = phases;
        this.protocol = protocol;
    }

    void start(Around surroundings, Connection.Way incoming) {
        around = surroundings;
        fromPrimary = incoming;
    }

    BackupProtocol.Phase phase() {
        return phases.phase();
    }

    Guest guest() {
        return guest;
    }

    /// The last epoch from which it would go on.
    long committed() {
        return committed;
    }

    boolean isPromoted() {
        return promoted;
    }

    boolean isDiscarded() {
        return discarded;
    }

    /// The next commit fails.
    void failNextCommit() {
        failing = true;
    }

    /// It takes what has come of an epoch for an epoch: a broken copy, for tests of the judge.
    void beSloppy() {
        sloppy = true;
    }

    void asked(long question) {
        later(
                0,
                () -> {
                    if (promoted) {
                        var entry = guest.answer(question, world().chance().nextLong());
                        world().after(
                                        world().between(0, World.MILLISECOND),
                                        () -> around.client.answered(entry));
                    }
                });
    }

    // ---------------------------------------------------------------- what comes

    /// While an epoch is being committed nothing is read, but that the connection has ended.
    void receive(Connection.Item item) {
        if (item instanceof Connection.Item.Ended(var reason) && begun) {
            happens(new BackupEvent.Disconnected(reason));
        } else {
            waiting.add(item);
            readOn();
        }
    }

    private void readOn() {
        while (!busy && !closed && !waiting.isEmpty() && isUp()) {
            if (waiting.poll() instanceof Connection.Item.Said(var what)) {
                read(what);
            }
        }
    }

    private void read(Object what) {
        switch (what) {
            case Stream(var entries) -> {
                received.addAll(entries);
                happens(new BackupEvent.Heard());
            }
            case Message.Hello _ -> {
                begun = true;
                happens(new BackupEvent.Tick());
            }
            case Message.EpochEnd(long epoch) -> happens(new BackupEvent.EpochReceived(epoch));
            case Message message -> happens(new BackupEvent.Received(message));
            default -> throw new AssertionError(what);
        }
    }

    // ---------------------------------------------------------------- the protocol

    void happens(BackupEvent event) {
        if (!step()) {
            return;
        }
        if (!(event instanceof BackupEvent.Tick)) {
            tell(event);
        }
        for (var action : protocol.on(clock(), event)) {
            if (!step()) {
                return;
            }
            perform(action);
        }
        wakeAtClock(protocol.wakeNanos(), () -> happens(new BackupEvent.Tick()));
    }

    private void perform(BackupAction action) {
        if (!(action instanceof BackupAction.Send(Message.Beat()))) {
            tell(action);
        }
        switch (action) {
            case BackupAction.Send(var message) -> {
                refused |= message instanceof Message.Refused;
                around.toPrimary.send(message);
            }
            case BackupAction.Commit(long epoch) -> {
                busy = true;
                later(world().between(0, commitNanosMax), () -> commit(epoch));
            }
            case BackupAction.Claim _ -> {
                claimed = true;
                around.arbiter.claim(
                        Decision.PROMOTED,
                        answer ->
                                happens(
                                        answer.<BackupEvent>map(BackupEvent.Answered::new)
                                                .orElse(new BackupEvent.Unanswered("timeout"))));
            }
            case BackupAction.Promote _ -> {
                promoted = true;
                if (sloppy) {
                    received.forEach(guest::apply);
                }
                around.judge.promoted(committed, around.primary.acknowledged(), guest.digest());
            }
            case BackupAction.Discard _ -> {
                discarded = true;
                around.judge.discarded(committed, refused || failed);
            }
            case BackupAction.CloseLink(var reason) -> {
                closed = true;
                around.toPrimary.end(reason);
                fromPrimary.closeReceiver();
            }
        }
    }

    private void commit(long epoch) {
        if (!step()) {
            return;
        }
        busy = false;
        if (failing) {
            failing = false;
            failed = true;
            happens(new BackupEvent.Failed("the disk is full"));
            return;
        }
        received.forEach(guest::apply);
        received.clear();
        committed = epoch;
        around.judge.committed(epoch, guest.digest(), claimed);
        happens(new BackupEvent.EpochCommitted(epoch));
        readOn();
    }
}
