package org.xenolith.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xenolith.mirror.protocol.BackupProtocol;
import org.xenolith.mirror.protocol.PrimaryProtocol;
import org.xenolith.simulation.Scenario.Outcome;
import org.xenolith.testkit.Fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Whatever happens to a mirror: there is one machine, and the world sees one past of it.
class MirrorSimulationTest {
    private static final int SEEDS = 10_000;

    private static Outcome live(long seed, Consumer<Faults.Parts> faults, String what) {
        try {
            return new Scenario(seed, Scenario.Variant.AS_IT_IS, false).run(faults);
        } catch (Judge.Broken | RuntimeException e) {
            throw new AssertionError(what + ": " + e.getMessage() + "\n" + story(seed, faults), e);
        }
    }

    private static String story(long seed, Consumer<Faults.Parts> faults) {
        var again = new Scenario(seed, Scenario.Variant.AS_IT_IS, true);
        try {
            again.run(faults);
        } catch (Judge.Broken | RuntimeException _) {
            return again.story();
        }
        return "it does not happen again";
    }

    @Test
    @Tag("fuzz")
    void whateverHappensThereIsOneMachineWithOnePast() {
        var fuzz = new Fuzz(1, SEEDS);
        var outcomes = new ArrayList<Outcome>();
        while (fuzz.goesOn()) {
            var outcome = live(fuzz.seed(), Faults::plan, fuzz.toString());
            if (outcomes.size() < SEEDS) {
                outcomes.add(outcome);
            }
        }
        if (outcomes.size() == SEEDS) {
            requireVariety(outcomes);
        }
    }

    /// The canary: a simulation in which nothing happens proves nothing.
    private static void requireVariety(List<Outcome> outcomes) {
        requireMany(outcomes, end -> end.primary() == PrimaryProtocol.Phase.PROTECTED);
        requireMany(outcomes, end -> end.primary() == PrimaryProtocol.Phase.UNPROTECTED);
        requireMany(outcomes, end -> end.primary() == PrimaryProtocol.Phase.FENCED);
        requireMany(outcomes, end -> end.backup() == BackupProtocol.Phase.DISCARDED);
        requireMany(
                outcomes,
                end -> end.primaryCrashed() && end.backup() == BackupProtocol.Phase.PROMOTED);
        requireMany(
                outcomes,
                end -> end.backupCrashed() && end.primary() == PrimaryProtocol.Phase.UNPROTECTED);
        requireMany(outcomes, end -> end.epochs() > 20 && end.answers() > 100);
    }

    private static void requireMany(List<Outcome> outcomes, Predicate<Outcome> kind) {
        assertThat(outcomes.stream().filter(kind).count()).isGreaterThan(SEEDS / 100);
    }

    /// However long a commit, a checkpoint or a message may take, within bounds.
    @Test
    void whenNothingFailsNobodyIsLost() {
        for (long seed = 0; seed < 1000; seed++) {
            var end = live(seed, _ -> {}, "seed " + seed);
            assertThat(end.primary()).as("seed " + seed).isEqualTo(PrimaryProtocol.Phase.PROTECTED);
            assertThat(end.backup()).as("seed " + seed).isEqualTo(BackupProtocol.Phase.STANDBY);
        }
    }

    /// A host that starts other things beside is away for longer than would count later on.
    @Test
    void whoIsSlowBeforeTheMachineIsProtectedIsNotLost() {
        int slow = 0;
        for (long seed = 0; seed < 1000; seed++) {
            var paused = new AtomicBoolean();
            var end = live(seed, parts -> pauseEarly(parts, paused), "seed " + seed);
            assertThat(end.primary()).as("seed " + seed).isEqualTo(PrimaryProtocol.Phase.PROTECTED);
            assertThat(end.backup()).as("seed " + seed).isEqualTo(BackupProtocol.Phase.STANDBY);
            slow += paused.get() ? 1 : 0;
        }
        assertThat(slow).isGreaterThan(500);
    }

    private static void pauseEarly(Faults.Parts parts, AtomicBoolean paused) {
        // Even by a clock that goes slowly.
        long time = Scenario.SILENCE_MILLIS * World.MILLISECOND * 3 / 2;
        boolean primarys = parts.world().chance().nextBoolean();
        parts.world()
                .after(
                        parts.world().between(0, 50 * World.MILLISECOND),
                        () -> {
                            var phase = parts.primary().phase();
                            if (phase != PrimaryProtocol.Phase.GREETING
                                    && phase != PrimaryProtocol.Phase.COPYING) {
                                return;
                            }
                            paused.set(true);
                            if (primarys) {
                                parts.primary().pause(time);
                            } else {
                                parts.backup().pause(time);
                            }
                        });
    }

    @Test
    void aPrimaryThatCrashesAtAnyStepLeavesOneMachine() {
        crashAtEveryStep((parts, step, noticed) ->
                parts.primary().crashAtStep(step, () -> parts.noticed(noticed, parts.toBackup())));
    }

    @Test
    void aBackupThatCrashesAtAnyStepLeavesOneMachine() {
        crashAtEveryStep((parts, step, noticed) ->
                parts.backup().crashAtStep(step, () -> parts.noticed(noticed, parts.toPrimary())));
    }

    private interface Crash {
        void plan(Faults.Parts parts, long step, boolean noticed);
    }

    /// Of lives without another fault, and of some in which the link is cut as well.
    private static void crashAtEveryStep(Crash crash) {
        for (long step = 1; step <= 300; step++) {
            for (int kind = 0; kind < 4; kind++) {
                long at = step;
                boolean noticed = kind % 2 == 0;
                boolean cut = kind >= 2;
                Consumer<Faults.Parts> faults =
                        parts -> {
                            crash.plan(parts, at, noticed);
                            if (cut) {
                                parts.world()
                                        .at(
                                                200 * World.MILLISECOND,
                                                () -> {
                                                    parts.toBackup().cut(World.MILLISECOND * 400);
                                                    parts.toPrimary().cut(World.MILLISECOND * 400);
                                                });
                            }
                        };
                live(step, faults, "crash at step %d, kind %d".formatted(step, kind));
            }
        }
    }

    @Test
    void aSeedIsAlwaysTheSameLife() {
        for (long seed = 0; seed < 50; seed++) {
            assertThat(live(seed, Faults::plan, "first"))
                    .isEqualTo(live(seed, Faults::plan, "second"));
        }
    }
}
