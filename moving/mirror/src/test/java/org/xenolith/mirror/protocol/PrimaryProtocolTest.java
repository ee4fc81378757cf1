package org.xenolith.mirror.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.UUID;

class PrimaryProtocolTest {
    private static final long MS = 1_000_000;

    private final PrimaryProtocol protocol =
            new PrimaryProtocol(new Message.Hello(new UUID(1, 2), "", ""), MirrorOptions.DEFAULT);
    private long now = 5 * MS;

    private List<PrimaryAction> on(PrimaryEvent event) {
        return protocol.on(now, event);
    }

    private List<PrimaryAction> hear(Message message) {
        return on(new PrimaryEvent.Received(message));
    }

    private List<PrimaryAction> taken(long epoch) {
        return on(new PrimaryEvent.CheckpointTaken(epoch, MS, 1));
    }

    private void protect() {
        on(new PrimaryEvent.Tick());
        assertThat(hear(new Message.Welcome())).containsExactly(new PrimaryAction.Copy());
        assertThat(on(new PrimaryEvent.Copied()))
                .containsExactly(new PrimaryAction.TakeCheckpoint(0));
        assertThat(taken(0)).containsExactly(new PrimaryAction.SendCheckpoint(0));
        assertThat(hear(new Message.Committed(0))).containsExactly(new PrimaryAction.Release(0));
    }

    @Test
    void checkpointsFollowEachOtherAndNoMoreThanTwoAreOutstanding() {
        protect();
        now += 25 * MS;
        assertThat(on(new PrimaryEvent.Tick()))
                .containsExactly(new PrimaryAction.TakeCheckpoint(1));
        taken(1);
        now += 25 * MS;
        assertThat(on(new PrimaryEvent.Tick())).contains(new PrimaryAction.TakeCheckpoint(2));
        taken(2);
        now += 25 * MS;
        assertThat(on(new PrimaryEvent.Tick())).isEmpty();
        assertThat(hear(new Message.Committed(1)))
                .containsExactly(new PrimaryAction.Release(1), new PrimaryAction.TakeCheckpoint(3));
    }

    /// What was settled of an epoch that has ended says nothing of the next.
    @Test
    void anEpochThatHasSettledEndsSoonAndOnlyThatOne() {
        protect();
        now += 4 * MS;
        assertThat(on(new PrimaryEvent.Tick())).isEmpty();
        assertThat(on(new PrimaryEvent.Settled(1)))
                .containsExactly(new PrimaryAction.TakeCheckpoint(1));
        assertThat(on(new PrimaryEvent.Settled(1))).isEmpty();
        taken(1);
        now += 20 * MS;
        assertThat(on(new PrimaryEvent.Tick())).isEmpty();
        hear(new Message.Committed(1));
        now += 5 * MS;
        assertThat(on(new PrimaryEvent.Tick()))
                .containsExactly(new PrimaryAction.TakeCheckpoint(2));
    }

    @Test
    void anEpochThatSettlesAtOnceWaitsForItsTurn() {
        protect();
        assertThat(on(new PrimaryEvent.Settled(1))).isEmpty();
        assertThat(protocol.wakeNanos()).isBetween(now + 1, now + 4 * MS);
        now = protocol.wakeNanos();
        assertThat(on(new PrimaryEvent.Tick()))
                .containsExactly(new PrimaryAction.TakeCheckpoint(1));
        taken(1);
        now += 4 * MS;
        assertThat(on(new PrimaryEvent.Settled(2)))
                .containsExactly(new PrimaryAction.TakeCheckpoint(2));
        taken(2);
        now += 4 * MS;
        assertThat(on(new PrimaryEvent.Settled(3))).isEmpty(); // two are outstanding
        assertThat(hear(new Message.Committed(1))).contains(new PrimaryAction.TakeCheckpoint(3));
    }

    @Test
    void aBackupThatSaysWhatCannotBeIsLost() {
        protect();
        assertThat(hear(new Message.Committed(1))).contains(new PrimaryAction.Claim());
        assertThat(protocol.phase()).isEqualTo(PrimaryProtocol.Phase.ASKING);
    }

    @Test
    void aBackupThatBeatsAndDoesNotCommitIsLost() {
        protect();
        now += 25 * MS;
        on(new PrimaryEvent.Tick());
        taken(1);
        for (int i = 0; i < 99; i++) {
            now += 100 * MS;
            assertThat(hear(new Message.Beat())).doesNotContain(new PrimaryAction.Claim());
        }
        now += 100 * MS;
        assertThat(hear(new Message.Beat())).contains(new PrimaryAction.Claim());
    }

    @Test
    void beforeAnEpochIsSentTheArbiterIsNotNeeded() {
        on(new PrimaryEvent.Tick());
        hear(new Message.Welcome());
        on(new PrimaryEvent.Copied());
        assertThat(on(new PrimaryEvent.Disconnected("cut")))
                .containsExactly(
                        new PrimaryAction.CloseLink("cut"), new PrimaryAction.GoUnprotected("cut"));
        assertThat(taken(0)).containsExactly(new PrimaryAction.DropCheckpoint(0));
    }

    @Test
    void withoutAnArbiterTheMachineStandsStillUntilThereIsOne() {
        protect();
        assertThat(on(new PrimaryEvent.Disconnected("cut")))
                .containsExactly(new PrimaryAction.CloseLink("cut"), new PrimaryAction.Claim());
        assertThat(on(new PrimaryEvent.Unanswered("no route")))
                .containsExactly(new PrimaryAction.StandStill());
        now = protocol.wakeNanos();
        assertThat(on(new PrimaryEvent.Tick())).containsExactly(new PrimaryAction.Claim());
        assertThat(on(new PrimaryEvent.Answered(Decision.ALONE)))
                .containsExactly(new PrimaryAction.GoUnprotected("cut"));
    }

    /// Nothing comes of the backup; this side is awake.
    private List<PrimaryAction> hearNothing(long millis) {
        List<PrimaryAction> last = List.of();
        for (long waited = 0; waited < millis; waited += 50) {
            now += 50 * MS;
            last = on(new PrimaryEvent.Tick());
        }
        return last;
    }

    @Test
    void aBackupMayBeSilentForLongUntilItHasTheMachine() {
        long almost = MirrorOptions.DEFAULT.startMillis() - 100;
        on(new PrimaryEvent.Tick());
        hearNothing(almost);
        hear(new Message.Welcome());
        hearNothing(almost);
        hear(new Message.Beat());
        on(new PrimaryEvent.Copied());
        taken(0);
        hearNothing(MirrorOptions.DEFAULT.commitMillis() - 100);
        assertThat(hear(new Message.Committed(0))).contains(new PrimaryAction.Release(0));
        hearNothing(MirrorOptions.DEFAULT.silenceMillis() - 100);
        assertThat(protocol.phase()).isEqualTo(PrimaryProtocol.Phase.PROTECTED);
        assertThat(hearNothing(100)).contains(new PrimaryAction.Claim());
    }

    @Test
    void aBackupThatIsSilentForTooLongBeforeItHasTheMachineIsGivenUp() {
        on(new PrimaryEvent.Tick());
        hear(new Message.Welcome());
        assertThat(hearNothing(MirrorOptions.DEFAULT.startMillis()))
                .contains(new PrimaryAction.GoUnprotected("the backup is silent"));
    }

    @Test
    void whoLosesIsFenced() {
        protect();
        on(new PrimaryEvent.Disconnected("cut"));
        assertThat(on(new PrimaryEvent.Answered(Decision.PROMOTED)))
                .containsExactly(new PrimaryAction.Fence("cut"));
    }

    /// The backup is there.
    private void beat(int times) {
        for (int i = 0; i < times; i++) {
            now += 100 * MS;
            assertThat(hear(new Message.Beat())).doesNotContain(new PrimaryAction.Claim());
        }
    }

    @Test
    void aCheckpointThatDoesNotComeEndsTheMirror() {
        protect();
        now += 25 * MS;
        assertThat(on(new PrimaryEvent.Tick()))
                .containsExactly(new PrimaryAction.TakeCheckpoint(1));
        beat(99);
        now += 100 * MS;
        assertThat(on(new PrimaryEvent.Tick()))
                .containsExactly(new PrimaryAction.Send(new Message.GiveUp()));
        assertThat(hear(new Message.Refused("as asked")))
                .last()
                .isEqualTo(new PrimaryAction.GoUnprotected("checkpoint 1 does not come"));
    }

    @Test
    void aFirstCheckpointThatDoesNotComeEndsTheMirrorAtOnce() {
        on(new PrimaryEvent.Tick());
        hear(new Message.Welcome());
        on(new PrimaryEvent.Copied());
        beat(99);
        now += 100 * MS;
        assertThat(hear(new Message.Beat()))
                .containsExactly(
                        new PrimaryAction.CloseLink("checkpoint 0 does not come"),
                        new PrimaryAction.GoUnprotected("checkpoint 0 does not come"));
    }

    @Test
    void aBackupThatBeatsAndDoesNotGiveUpIsLost() {
        protect();
        on(new PrimaryEvent.EndRequested("as asked"));
        beat(99);
        now += 100 * MS;
        assertThat(hear(new Message.Beat())).contains(new PrimaryAction.Claim());
    }
}
