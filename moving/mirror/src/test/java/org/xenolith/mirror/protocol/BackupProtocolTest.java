package org.xenolith.mirror.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class BackupProtocolTest {
    private static final long MS = 1_000_000;

    private final BackupProtocol protocol = new BackupProtocol(MirrorOptions.DEFAULT);
    private long now = 7 * MS;

    private List<BackupAction> on(BackupEvent event) {
        return protocol.on(now, event);
    }

    private void standBy() {
        assertThat(on(new BackupEvent.Tick()))
                .containsExactly(new BackupAction.Send(new Message.Welcome()));
        assertThat(on(new BackupEvent.EpochReceived(0)))
                .containsExactly(new BackupAction.Commit(0));
        assertThat(on(new BackupEvent.EpochCommitted(0)))
                .containsExactly(new BackupAction.Send(new Message.Committed(0)));
    }

    @Test
    void aPrimaryThatIsLostIsReplacedFromTheLastEpochThatCounts() {
        standBy();
        assertThat(on(new BackupEvent.Disconnected("reset")))
                .containsExactly(new BackupAction.CloseLink("reset"), new BackupAction.Claim());
        assertThat(on(new BackupEvent.EpochReceived(1))).isEmpty();
        assertThat(on(new BackupEvent.Answered(Decision.PROMOTED)))
                .containsExactly(new BackupAction.Promote("reset"));
        assertThat(protocol.committed()).isZero();
    }

    @Test
    void nothingIsClaimedWhileAnEpochIsBeingCommitted() {
        standBy();
        on(new BackupEvent.EpochReceived(1));
        assertThat(on(new BackupEvent.Disconnected("reset")))
                .containsExactly(new BackupAction.CloseLink("reset"));
        assertThat(on(new BackupEvent.EpochCommitted(1))).containsExactly(new BackupAction.Claim());
        assertThat(protocol.committed()).isOne();
    }

    @Test
    void withoutAnEpochNothingIsAskedFor() {
        on(new BackupEvent.Tick());
        assertThat(on(new BackupEvent.Disconnected("reset")))
                .containsExactly(
                        new BackupAction.CloseLink("reset"), new BackupAction.Discard("reset"));
    }

    @Test
    void whoHasRefusedNeverClaims() {
        standBy();
        assertThat(on(new BackupEvent.Received(new Message.GiveUp())))
                .hasSize(3)
                .last()
                .isInstanceOf(BackupAction.Discard.class);
        assertThat(on(new BackupEvent.Disconnected("reset"))).isEmpty();
    }

    @Test
    void anEpochThatIsMissingIsNotLeftOut() {
        standBy();
        assertThat(on(new BackupEvent.EpochReceived(2))).contains(new BackupAction.Claim());
        assertThat(protocol.phase()).isEqualTo(BackupProtocol.Phase.ASKING);
    }

    @Test
    void theBackupWaitsOneBeatLongerThanThePrimary() {
        standBy();
        for (long silent = 50; silent < 350; silent += 50) {
            now += 50 * MS;
            assertThat(on(new BackupEvent.Tick())).doesNotContain(new BackupAction.Claim());
        }
        now += 50 * MS;
        assertThat(on(new BackupEvent.Tick())).contains(new BackupAction.Claim());
    }

    @Test
    void aCommitThatLastsIsNoSilence() {
        standBy();
        now += 50 * MS;
        on(new BackupEvent.EpochReceived(1));
        for (int i = 0; i < 100; i++) {
            now += 50 * MS;
            assertThat(on(new BackupEvent.Tick()))
                    .containsExactly(new BackupAction.Send(new Message.Beat()));
        }
        on(new BackupEvent.EpochCommitted(1));
        for (int i = 0; i < 6; i++) {
            now += 50 * MS;
            assertThat(on(new BackupEvent.Tick())).doesNotContain(new BackupAction.Claim());
        }
        now += 50 * MS;
        assertThat(on(new BackupEvent.Tick())).contains(new BackupAction.Claim());
    }

    @Test
    void whatFailsOfAnEpochThatWillNotCountDoesNoHarm() {
        standBy();
        on(new BackupEvent.Disconnected("reset"));
        assertThat(on(new BackupEvent.Failed("no room"))).isEmpty();
        assertThat(on(new BackupEvent.Answered(Decision.PROMOTED)))
                .containsExactly(new BackupAction.Promote("reset"));
    }

    @Test
    void whoFailsToCommitNeverClaims() {
        standBy();
        on(new BackupEvent.EpochReceived(1));
        on(new BackupEvent.Disconnected("reset"));
        assertThat(on(new BackupEvent.Failed("the disk is full")))
                .containsExactly(new BackupAction.Discard("the disk is full"));
    }
}
