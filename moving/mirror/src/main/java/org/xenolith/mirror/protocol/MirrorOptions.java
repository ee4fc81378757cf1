package org.xenolith.mirror.protocol;

/// How a machine is mirrored. Times are in milliseconds.
///
/// @param epochMillis from one checkpoint to the next
/// @param epochMillisMax the same when they cannot be sent or taken so fast
/// @param beatMillis a side that is there says so this often
/// @param silenceMillis a side that has heard nothing for so long has lost the other; the backup
///   waits one beat longer, so that a machine whose link is cut stays where it is
/// @param startMillis the same on both sides until the machine is protected: processes start, disks
///   are copied, and nobody hangs on the copy yet; a backup that is not ready after so long, in
///   which somebody may have typed a password, is lost
/// @param commitMillis an epoch that the backup has not got after so long means that it is lost; so
///   does a machine that it has been asked to give up. A checkpoint that is not there after so long
///   ends the mirror
/// @param askMillis an arbiter that has not answered for so long makes the machine stand still
/// @param askAgainMillis from one question to an arbiter that does not answer to the next
public record MirrorOptions(
        int epochMillis,
        int epochMillisMax,
        int beatMillis,
        int silenceMillis,
        int startMillis,
        int commitMillis,
        int askMillis,
        int askAgainMillis) {
    public static final MirrorOptions DEFAULT =
            new MirrorOptions(25, 500, 50, 300, 60_000, 10_000, 500, 100);

    /// Checkpoints that have been taken and not been committed, at most.
    public static final int OUTSTANDING_MAX = 2;

    public MirrorOptions {
        if (epochMillis < 1
                || epochMillisMax < epochMillis
                || beatMillis < 1
                || silenceMillis < 2 * beatMillis
                || startMillis < silenceMillis
                || commitMillis < silenceMillis
                || askMillis < 1
                || askAgainMillis < 1) {
            throw new IllegalArgumentException("these are no options of a mirror");
        }
    }

    /// With another time between checkpoints.
    public MirrorOptions every(int millis) {
        return new MirrorOptions(
                millis,
                Math.max(millis, epochMillisMax),
                beatMillis,
                silenceMillis,
                startMillis,
                commitMillis,
                askMillis,
                askAgainMillis);
    }

    static long nanos(int millis) {
        return millis * 1_000_000L;
    }
}
