package org.xenolith.simulation;

import org.xenolith.mirror.protocol.BackupAction;
import org.xenolith.mirror.protocol.BackupEvent;
import org.xenolith.mirror.protocol.BackupProtocol;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.mirror.protocol.PrimaryAction;
import org.xenolith.mirror.protocol.PrimaryEvent;
import org.xenolith.mirror.protocol.PrimaryProtocol;
import org.xenolith.mirror.protocol.Protocol;

import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/// One life of a mirror, from a seed.
final class Scenario {
    /// Of the other side, after which it is lost; by its own clock.
    static final int SILENCE_MILLIS = 200;

    /// What may come late when all is whole: silence, questions to the arbiter, an epoch that is
    /// not committed.
    private static final long AFTERWARDS = 2900 * World.MILLISECOND;

    /// A question comes into an epoch, which ends, goes over and is committed behind another.
    private static final long LAST_WORDS = 1200 * World.MILLISECOND;

    /// What a part does wrong that is not of the protocol.
    enum Flaw {
        NONE,
        /// The arbiter gives everybody what he wants.
        ARBITER_FORGETS,
        /// The copy takes what has come of an epoch for an epoch.
        COPY_TAKES_PARTS,
        /// The primary's machine holds again what it has to say when it is not mirrored any more.
        MACHINE_HOLDS_AGAIN
    }

    /// What is tried; the protocol as it is, or changed.
    record Variant(
            Function<PrimaryProtocol, Protocol<PrimaryEvent, PrimaryAction>> primary,
            Function<BackupProtocol, Protocol<BackupEvent, BackupAction>> backup,
            Flaw flaw) {
        static final Variant AS_IT_IS = new Variant(it -> it, it -> it, Flaw.NONE);
    }

    /// How it ended.
    record Outcome(
            PrimaryProtocol.Phase primary,
            boolean primaryCrashed,
            BackupProtocol.Phase backup,
            boolean backupCrashed,
            long epochs,
            long answers) {}

    private final World world;
    private final Judge judge = new Judge();
    private final Client client;
    private final Register register;
    private final PrimaryHost primary;
    private final BackupHost backup;
    private final Faults.Parts parts;

    Scenario(long seed, Variant variant, boolean telling) {
        var chance = new SplittableRandom(seed);
        world = new World(chance, telling);
        client = new Client(world, judge);
        var options =
                new MirrorOptions(
                        1 << chance.nextInt(3, 7), 200, 50, SILENCE_MILLIS, 800, 1000, 200, 100);
        long delay = World.MILLISECOND << chance.nextInt(6);
        register = new Register(world, World.MILLISECOND << chance.nextInt(8));
        var hello = new Message.Hello(new UUID(0, seed), "", "");
        var primaryPhases = new PrimaryProtocol(hello, options);
        var backupPhases = new BackupProtocol(options);
        primary = new PrimaryHost(world, primaryPhases, variant.primary.apply(primaryPhases));
        backup = new BackupHost(world, backupPhases, variant.backup.apply(backupPhases));
        breakPart(variant.flaw);
        var connection = new Connection(world, delay);
        var toBackup = connection.new Way(backup, backup::receive);
        var toPrimary = connection.new Way(primary, primary::receive);
        parts =
                new Faults.Parts(
                        world,
                        primary,
                        backup,
                        connection,
                        toBackup,
                        toPrimary,
                        register.new Path(primary),
                        register.new Path(backup));
        judge.watch(primary, backup, register);
        primary.start(
                new PrimaryHost.Around(client, judge, parts.primarysArbiter(), toBackup),
                toPrimary);
        backup.start(
                new BackupHost.Around(client, judge, parts.backupsArbiter(), toPrimary, primary),
                toBackup);
    }

    private void breakPart(Flaw flaw) {
        switch (flaw) {
            case NONE -> {}
            case ARBITER_FORGETS -> register.forget();
            case COPY_TAKES_PARTS -> backup.beSloppy();
            case MACHINE_HOLDS_AGAIN -> primary.holdAgain();
        }
    }

    /// Lives it, with what `faults` plans.
    ///
    /// @throws Judge.Broken with the story, if a law is broken
    Outcome run(Consumer<Faults.Parts> faults) {
        try {
            faults.accept(parts);
            client.start(question -> {
                primary.asked(question);
                backup.asked(question);
            });
            world.runUntil(Faults.WHOLE + AFTERWARDS);
            long answered = client.questionsAnswered();
            world.runUntil(Faults.WHOLE + AFTERWARDS + LAST_WORDS);
            judge.atTheEnd(client, answered);
        } catch (Judge.Broken e) {
            world.tell("judge", e.getMessage());
            throw e;
        }
        return new Outcome(
                primary.phase(),
                primary.isCrashed(),
                backup.phase(),
                backup.isCrashed(),
                backup.committed(),
                client.questionsAnswered());
    }

    String story() {
        return world.story();
    }
}
