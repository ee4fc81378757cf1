package org.xenolith.simulation;

import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.PrimaryAction;
import org.xenolith.mirror.protocol.PrimaryEvent;
import org.xenolith.mirror.protocol.PrimaryProtocol;
import org.xenolith.mirror.protocol.Protocol;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The host on which the machine is at first.
final class PrimaryHost extends Host {
    /// Parts of which a checkpoint's stream consists.
    private static final int PARTS = 3;

    private record Held(long epoch, Guest.Entry entry) {}

    /// What is around it.
    record Around(Client client, Judge judge, Register.Path arbiter, Connection.Way toBackup) {}

    private final PrimaryProtocol phases;
    private final Protocol<PrimaryEvent, PrimaryAction> protocol;
    private final Guest guest = new Guest();
    private final boolean restful;
    private final Deque<Held> held = new ArrayDeque<>();
    private final Map<Long, List<Guest.Entry>> checkpoints = new HashMap<>();
    private Around around;
    private Connection.Way fromBackup;
    private int sentSize;
    private long acknowledged = -1;

    /// The epoch that runs; before checkpoint 0 nothing is held.
    private long epoch;

    private boolean holding;
    private boolean still;
    private boolean fenced;
    private boolean unprotected;
    private boolean sentAnEpoch;
    private boolean unanswered;
    private boolean failing;
    private boolean hanging;
    private boolean holdingAgain;

    PrimaryHost(
            World world, PrimaryProtocol phases, Protocol<PrimaryEvent, PrimaryAction> protocol) {
        super(world, "primary");
        this.phases = phases;
        this.protocol = protocol;
        this.restful = world.chance().nextBoolean();
    }

    void start(Around surroundings, Connection.Way incoming) {
        around = surroundings;
        fromBackup = incoming;
        later(0, () -> happens(new PrimaryEvent.Tick()));
    }

    PrimaryProtocol.Phase phase() {
        return phases.phase();
    }

    Guest guest() {
        return guest;
    }

    boolean runs() {
        return !still && !fenced;
    }

    /// It waits for an arbiter that has not answered.
    boolean isUnanswered() {
        return unanswered && phases.phase() == PrimaryProtocol.Phase.ASKING;
    }

    /// The next checkpoint fails.
    void failNextCheckpoint() {
        failing = true;
    }

    /// The next checkpoint never comes.
    void hangNextCheckpoint() {
        hanging = true;
    }

    /// Its machine takes a checkpoint even when it is not mirrored any more: a broken board, for
    /// tests of the judge.
    void holdAgain() {
        holdingAgain = true;
    }

    boolean hasSentAnEpoch() {
        return sentAnEpoch;
    }

    /// The last epoch that it has been told is committed.
    long acknowledged() {
        return acknowledged;
    }

    // ---------------------------------------------------------------- the guest

    void asked(long question) {
        later(
                0,
                () -> {
                    if (runs()) {
                        around.judge.primaryExecutes();
                        var entry = guest.answer(question, world().chance().nextLong());
                        if (holding) {
                            held.add(new Held(epoch, entry));
                            settle(epoch);
                        } else {
                            seen(epoch, entry);
                        }
                    }
                });
    }

    /// Some guests have nothing to do after an answer, now and then; who hears of it may be late.
    private void settle(long ofEpoch) {
        if (restful && world().chance().nextInt(3) == 0) {
            later(
                    world().between(0, 2 * World.MILLISECOND),
                    () -> happens(new PrimaryEvent.Settled(ofEpoch)));
        }
    }

    private void seen(long ofEpoch, Guest.Entry entry) {
        around.judge.primaryIsSeen(ofEpoch);
        world().after(world().between(0, World.MILLISECOND), () -> around.client.answered(entry));
    }

    private void release(long upTo) {
        while (!held.isEmpty() && held.peek().epoch <= upTo) {
            var next = held.poll();
            seen(next.epoch, next.entry);
        }
    }

    // ---------------------------------------------------------------- the protocol

    void receive(Connection.Item item) {
        switch (item) {
            case Connection.Item.Said(var what) -> {
                var message = (Message) what;
                if (message instanceof Message.Committed(long committed)) {
                    acknowledged = committed;
                }
                happens(new PrimaryEvent.Received(message));
            }
            case Connection.Item.Ended(var reason) ->
                    happens(new PrimaryEvent.Disconnected(reason));
        }
    }

    void happens(PrimaryEvent event) {
        if (!step()) {
            return;
        }
        if (!(event instanceof PrimaryEvent.Tick)) {
            tell(event);
        }
        for (var action : protocol.on(clock(), event)) {
            if (!step()) {
                return;
            }
            perform(action);
        }
        unanswered |= event instanceof PrimaryEvent.Unanswered;
        wakeAtClock(protocol.wakeNanos(), () -> happens(new PrimaryEvent.Tick()));
    }

    private void perform(PrimaryAction action) {
        if (!(action instanceof PrimaryAction.Send(Message.Beat()))) {
            tell(action);
        }
        switch (action) {
            case PrimaryAction.Send(var message) -> around.toBackup.send(message);
            case PrimaryAction.Copy _ -> copy();
            case PrimaryAction.TakeCheckpoint(long number) ->
                    later(world().between(0, 4 * World.MILLISECOND), () -> takeCheckpoint(number));
            case PrimaryAction.SendCheckpoint(long number) -> sendCheckpoint(number);
            case PrimaryAction.DropCheckpoint(long number) -> checkpoints.remove(number);
            case PrimaryAction.Release(long number) -> release(number);
            case PrimaryAction.Claim _ ->
                    around.arbiter.claim(
                            Decision.ALONE,
                            answer ->
                                    happens(
                                            answer.<PrimaryEvent>map(PrimaryEvent.Answered::new)
                                                    .orElse(
                                                            new PrimaryEvent.Unanswered(
                                                                    "timeout"))));
            case PrimaryAction.StandStill _ -> still = true;
            case PrimaryAction.GoUnprotected _ -> {
                around.judge.goesUnprotected();
                unprotected = true;
                still = false;
                holding = false;
                release(Long.MAX_VALUE);
            }
            case PrimaryAction.Fence _ -> {
                fenced = true;
                held.clear();
            }
            case PrimaryAction.CloseLink(var reason) -> closeLink(reason);
        }
    }

    private void closeLink(String reason) {
        around.toBackup.end(reason);
        fromBackup.closeReceiver();
    }

    private void copy() {
        around.toBackup.send(new Stream(guest.since(0)));
        sentSize = guest.size();
        later(world().between(0, 40 * World.MILLISECOND), () -> happens(new PrimaryEvent.Copied()));
    }

    private void takeCheckpoint(long number) {
        if (!step() || hanging) {
            return;
        }
        boolean over = (unprotected || fenced) && !holdingAgain;
        if (failing || over) {
            happens(new PrimaryEvent.EndRequested(over ? "it is over" : "the guest has ended"));
            return;
        }
        checkpoints.put(number, guest.since(sentSize));
        sentSize = guest.size();
        around.judge.checkpointTaken(number, guest.digest());
        epoch = number + 1;
        holding = true;
        happens(new PrimaryEvent.CheckpointTaken(number, World.MILLISECOND, 1));
    }

    private void sendCheckpoint(long number) {
        sentAnEpoch = true;
        var all = checkpoints.remove(number);
        for (int part = 0; part < PARTS; part++) {
            if (!step()) {
                return;
            }
            int from = all.size() * part / PARTS;
            int to = all.size() * (part + 1) / PARTS;
            around.toBackup.send(new Stream(all.subList(from, to)));
        }
        around.toBackup.send(new Message.EpochEnd(number));
        later(0, () -> happens(new PrimaryEvent.CheckpointSent(number, all.size())));
    }
}
