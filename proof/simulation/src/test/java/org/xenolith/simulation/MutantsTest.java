package org.xenolith.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.mirror.protocol.BackupAction;
import org.xenolith.mirror.protocol.BackupEvent;
import org.xenolith.mirror.protocol.BackupProtocol;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.PrimaryAction;
import org.xenolith.mirror.protocol.Protocol;
import org.xenolith.simulation.Scenario.Flaw;
import org.xenolith.simulation.Scenario.Variant;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/// The judge's own test: protocols that are wrong in one way, each of which must be found out.
class MutantsTest {
    private static final int SEEDS = 2000;

    /// What the judge has said of a mutant first.
    private static String verdict(Variant mutant) {
        return verdicts(mutant).findFirst().orElse("nothing is wrong");
    }

    /// What the judge says of a mutant's lives, one after the other.
    private static Stream<String> verdicts(Variant mutant) {
        return LongStream.rangeClosed(1, SEEDS)
                .mapToObj(seed -> broken(mutant, seed))
                .flatMap(Optional::stream);
    }

    private static Optional<String> broken(Variant mutant, long seed) {
        try {
            new Scenario(seed, mutant, false).run(Faults::plan);
            return Optional.empty();
        } catch (Judge.Broken e) {
            return Optional.of(e.getMessage());
        }
    }

    /// Actions are changed on their way out.
    private static <E, A> Protocol<E, A> changed(
            Protocol<E, A> protocol, Function<A, Stream<A>> change) {
        return rewired(protocol, (it, _) -> it.stream().flatMap(change).toList());
    }

    private static <E, A> Protocol<E, A> rewired(
            Protocol<E, A> protocol, BiFunction<List<A>, Long, List<A>> change) {
        return new Protocol<>() {
            @Override
            public List<A> on(long nowNanos, E event) {
                return change.apply(protocol.on(nowNanos, event), nowNanos);
            }

            @Override
            public long wakeNanos() {
                return protocol.wakeNanos();
            }
        };
    }

    private static Variant primary(Function<PrimaryAction, Stream<PrimaryAction>> change) {
        return new Variant(it -> changed(it, change), it -> it, Flaw.NONE);
    }

    private static Variant backup(Function<BackupAction, Stream<BackupAction>> change) {
        return new Variant(it -> it, it -> changed(it, change), Flaw.NONE);
    }

    @Test
    void aPrimaryThatReleasesBeforeTheBackupHasTheEpochIsFoundOut() {
        var mutant =
                primary(action ->
                        action instanceof PrimaryAction.SendCheckpoint(long epoch)
                                ? Stream.of(action, new PrimaryAction.Release(epoch))
                                : Stream.of(action));
        assertThat(verdict(mutant)).contains("that the backup does not have");
    }

    @Test
    void aPrimaryThatReleasesOneEpochTooManyIsFoundOut() {
        var mutant =
                primary(action ->
                        action instanceof PrimaryAction.Release(long epoch)
                                ? Stream.of(new PrimaryAction.Release(epoch + 1))
                                : Stream.of(action));
        assertThat(verdict(mutant)).contains("that the backup does not have");
    }

    @Test
    void aPrimaryThatGoesOnWithoutAskingIsFoundOut() {
        var mutant =
                primary(action ->
                        action instanceof PrimaryAction.Claim
                                ? Stream.of(new PrimaryAction.GoUnprotected("silence"))
                                : Stream.of(action));
        assertThat(verdict(mutant)).containsAnyOf("two are alive", "does not have");
    }

    @Test
    void aPrimaryThatGoesOnThoughItHasLostIsFoundOut() {
        var mutant =
                primary(action ->
                        action instanceof PrimaryAction.Fence(var reason)
                                ? Stream.of(new PrimaryAction.GoUnprotected(reason))
                                : Stream.of(action));
        assertThat(verdict(mutant)).contains("two are alive");
    }

    @Test
    void aPrimaryThatAsksOnlyOnceIsFoundOut() {
        var asked = new ArrayList<Object>();
        var mutant =
                new Variant(
                        it -> {
                            asked.clear();
                            return changed(
                                    it,
                                    action ->
                                            action instanceof PrimaryAction.Claim && !once(asked)
                                                    ? Stream.of()
                                                    : Stream.of(action));
                        },
                        it -> it,
                        Flaw.NONE);
        assertThat(verdict(mutant)).contains("nothing runs in the end");
    }

    private static boolean once(List<Object> done) {
        done.add(done);
        return done.size() == 1;
    }

    @Test
    void aBackupThatIsPromotedWithoutAskingIsFoundOut() {
        var mutant =
                backup(action ->
                        action instanceof BackupAction.Claim
                                ? Stream.of(new BackupAction.Promote("silence"))
                                : Stream.of(action));
        assertThat(verdict(mutant)).contains("two are alive");
    }

    @Test
    void aBackupThatSaysItHasWhatItHasNotIsFoundOut() {
        var mutant =
                new Variant(it -> it, it -> rewired(it, (actions, _) -> hasty(actions)), Flaw.NONE);
        assertThat(verdict(mutant)).containsAnyOf("does not have", "acknowledged");
    }

    private static List<BackupAction> hasty(List<BackupAction> actions) {
        var changed = new ArrayList<BackupAction>();
        for (var action : actions) {
            switch (action) {
                case BackupAction.Commit(long epoch) -> {
                    changed.add(new BackupAction.Send(new Message.Committed(epoch)));
                    changed.add(action);
                }
                case BackupAction.Send(Message.Committed _) -> {}
                default -> changed.add(action);
            }
        }
        return changed;
    }

    @Test
    void aBackupThatGivesUpWhenTheArbiterDoesNotAnswerIsFoundOut() {
        var mutant =
                new Variant(
                        it -> it,
                        it ->
                                new Protocol<>() {
                                    @Override
                                    public List<BackupAction> on(long now, BackupEvent event) {
                                        var heard =
                                                event instanceof BackupEvent.Unanswered
                                                        ? new BackupEvent.Answered(Decision.ALONE)
                                                        : event;
                                        return it.on(now, heard);
                                    }

                                    @Override
                                    public long wakeNanos() {
                                        return it.wakeNanos();
                                    }
                                },
                        Flaw.NONE);
        assertThat(verdict(mutant)).contains("throws away what nobody else may have");
    }

    @Test
    void aBackupThatLeavesAnEpochOutIsFoundOut() {
        assertThat(verdict(new Variant(it -> it, Forgetful::new, Flaw.NONE)))
                .contains("that the backup does not have");
    }

    /// Says of each second epoch that it counts, and throws it away.
    private static final class Forgetful implements Protocol<BackupEvent, BackupAction> {
        private final BackupProtocol protocol;

        Forgetful(BackupProtocol protocol) {
            this.protocol = protocol;
        }

        @Override
        public List<BackupAction> on(long now, BackupEvent event) {
            if (event instanceof BackupEvent.EpochReceived(long epoch)) {
                var actions = new ArrayList<>(protocol.on(now, event));
                actions.replaceAll(action ->
                        action instanceof BackupAction.Commit && epoch % 2 == 1
                                ? new BackupAction.Send(new Message.Committed(epoch))
                                : action);
                return actions;
            }
            return protocol.on(now, event);
        }

        @Override
        public long wakeNanos() {
            return protocol.wakeNanos();
        }
    }

    @Test
    void anArbiterThatForgetsIsFoundOut() {
        var mutant = new Variant(it -> it, it -> it, Flaw.ARBITER_FORGETS);
        assertThat(verdicts(mutant).anyMatch(verdict -> verdict.contains("two are alive")))
                .isTrue();
    }

    @Test
    void aCopyThatTakesAPartOfAnEpochIsFoundOut() {
        assertThat(verdict(new Variant(it -> it, it -> it, Flaw.COPY_TAKES_PARTS)))
                .contains("what is promoted is not what the primary was");
    }

    @Test
    void aMachineThatHoldsAgainWhenItIsNotMirroredIsFoundOut() {
        assertThat(verdict(new Variant(it -> it, it -> it, Flaw.MACHINE_HOLDS_AGAIN)))
                .contains("does not answer in the end");
    }

    @Test
    void aPrimaryThatDoesNotStandStillIsFoundOut() {
        var mutant =
                primary(action ->
                        action instanceof PrimaryAction.StandStill
                                ? Stream.of()
                                : Stream.of(action));
        assertThat(verdict(mutant)).contains("though the arbiter does not answer");
    }

    @Test
    void aBackupThatClaimsWhatItHasRefusedIsFoundOut() {
        var mutant =
                new Variant(
                        it -> it, it -> rewired(it, (actions, _) -> fickle(actions)), Flaw.NONE);
        assertThat(verdict(mutant)).containsAnyOf("two are alive", "does not have");
    }

    private static List<BackupAction> fickle(List<BackupAction> actions) {
        boolean refuses =
                actions.stream().anyMatch(it -> it instanceof BackupAction.Send(Message.Refused _));
        return actions.stream()
                .map(it ->
                        refuses && it instanceof BackupAction.Discard
                                ? new BackupAction.Claim()
                                : it)
                .toList();
    }

    @Test
    void aBackupThatCommitsWhenItHasClaimedIsFoundOut() {
        var mutant =
                new Variant(
                        it -> it, it -> rewired(it, (actions, _) -> impatient(actions)), Flaw.NONE);
        assertThat(verdict(mutant)).contains("committed behind a claim");
    }

    /// Does not wait for a commit that is under way.
    private static List<BackupAction> impatient(List<BackupAction> actions) {
        boolean waits =
                actions.stream().anyMatch(BackupAction.CloseLink.class::isInstance)
                        && actions.stream().noneMatch(BackupAction.Claim.class::isInstance)
                        && actions.stream().noneMatch(BackupAction.Discard.class::isInstance);
        return waits
                ? Stream.concat(actions.stream(), Stream.of(new BackupAction.Claim())).toList()
                : actions;
    }
}
