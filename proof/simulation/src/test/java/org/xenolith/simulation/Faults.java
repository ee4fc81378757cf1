package org.xenolith.simulation;

import org.xenolith.mirror.protocol.PrimaryEvent;

import java.util.SplittableRandom;

/// What goes wrong. All but crashes is whole again at [#WHOLE].
final class Faults {
    static final long WHOLE = 1000 * World.MILLISECOND;
    private static final int FAULTS_MAX = 4;

    /// What there is to be broken.
    record Parts(
            World world,
            PrimaryHost primary,
            BackupHost backup,
            Connection connection,
            Connection.Way toBackup,
            Connection.Way toPrimary,
            Register.Path primarysArbiter,
            Register.Path backupsArbiter) {
        void primaryCrashes(boolean noticed) {
            primary.crash(() -> noticed(noticed, toBackup));
        }

        void backupCrashes(boolean noticed) {
            backup.crash(() -> noticed(noticed, toPrimary));
        }

        /// A kernel closes the connections of a process that is killed; one without power does not.
        void noticed(boolean noticed, Connection.Way way) {
            if (noticed) {
                way.end("reset");
            }
        }
    }

    private Faults() {}

    static void plan(Parts parts) {
        var chance = parts.world.chance();
        int count = chance.nextInt(FAULTS_MAX + 1);
        for (int i = 0; i < count; i++) {
            long when = chance.nextLong(WHOLE);
            var fault = one(parts, chance, WHOLE - when);
            parts.world.at(when, fault);
        }
    }

    private static Runnable one(Parts parts, SplittableRandom chance, long rest) {
        // Short and long ones alike.
        long time = Math.min(rest, World.MILLISECOND << chance.nextInt(11));
        boolean noticed = chance.nextBoolean();
        return switch (chance.nextInt(16)) {
            case 0 -> () -> parts.connection.breakOff(parts.toBackup, parts.toPrimary);
            case 1 -> () -> parts.toBackup.cut(time);
            case 2 -> () -> parts.toPrimary.cut(time);
            case 3, 4 ->
                    () -> {
                        parts.world.tell("link", "is cut for " + time / World.MILLISECOND + " ms");
                        parts.toBackup.cut(time);
                        parts.toPrimary.cut(time);
                    };
            case 5 -> () -> parts.primary.pause(time);
            case 6 -> () -> parts.backup.pause(time);
            case 7, 8 -> () -> parts.primaryCrashes(noticed);
            case 9 -> () -> parts.backupCrashes(noticed);
            case 10 -> () -> parts.primarysArbiter.cut(time);
            case 11 -> () -> parts.backupsArbiter.cut(time);
            case 12 ->
                    () -> {
                        parts.primarysArbiter.cut(time);
                        parts.backupsArbiter.cut(time);
                    };
            case 13 -> () -> parts.primary.failNextCheckpoint();
            case 14 -> () -> parts.primary.hangNextCheckpoint();
            default ->
                    noticed
                            ? () -> parts.backup.failNextCommit()
                            : () ->
                                    parts.primary.later(
                                            0,
                                            () ->
                                                    parts.primary.happens(
                                                            new PrimaryEvent.EndRequested(
                                                                    "as asked")));
        };
    }
}
