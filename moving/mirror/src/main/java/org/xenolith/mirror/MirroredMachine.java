package org.xenolith.mirror;

import org.xenolith.migration.pages.PageSink;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.function.LongConsumer;

/// The running machine that is protected, as the protocol sees it.
///
/// *Epochs.* Checkpoint n ends epoch n. From the instant of checkpoint 0 on, what the outside could
/// see of the machine is held: what comes between the instants of checkpoints n - 1 and n belongs
/// to epoch n, and goes out with [#release] of n or a later one. What came before checkpoint 0 is
/// never held.
///
/// Rounds and checkpoints are asked for by one thread, one after the other. [#release],
/// [#standStill], [#goUnprotected] and [#fence] come from another thread, one at a time, also while
/// a checkpoint is being taken or written; none of them waits for the other host. The last two come
/// at most once, and only one of them; nothing but [Checkpoint#close] comes after.
public interface MirroredMachine {
    /// The configuration of its domain, as text, for the backup.
    String config();

    /// Writes what the machine is, up to STATIC_DATA_END. Comes first.
    void saveStaticData(StreamWriter out) throws IOException;

    /// Sends all that the backup does not have, of memory and of disks, while the machine runs; the
    /// pages into `pages`, which writes to `out` and is flushed at the end. Comes any number of
    /// times before checkpoint 0.
    ///
    /// @throws MirrorException if the machine has ended
    void sendRound(PageSink pages, StreamWriter out) throws IOException, MirrorException;

    /// Pages that a round would send now; what is on disks counts as if it were pages too.
    long remainingPages();

    /// Has the guest rest for so many percent of the time, 0 to 99: the rounds are too slow for it.
    void throttle(int percent);

    /// Has the machine stand still, copies aside what has changed since the last round or
    /// checkpoint, and has it go on. This is the pause that the guest feels.
    ///
    /// @param epoch that ends here: 0 for the first, then one more each time
    /// @throws MirrorException if the machine has ended, or something of it cannot be mirrored
    Checkpoint checkpoint(long epoch) throws MirrorException;

    /// Has `settled` told of an epoch in which something is held while the guest has nothing to do:
    /// to end it later than now would gain nothing. It is told of each at most once, by any thread,
    /// and must not wait.
    void onSettled(LongConsumer settled);

    /// The backup has all of epoch `epoch`: what is held of it and of earlier ones goes out. Of an
    /// epoch that has been released there is nothing to do.
    void release(long epoch);

    /// Stops the guest, what is held stays so, until [#goUnprotected] or [#fence]. No checkpoint is
    /// asked for any more.
    void standStill();

    /// It is an ordinary machine from now on: all that is held goes out, nothing is held any more,
    /// and it goes on if it stood still.
    void goUnprotected();

    /// The machine goes on at the backup. The guest executes nothing any more once this returns,
    /// what is held is thrown away, nothing goes out; and there is no way back.
    void fence();
}
