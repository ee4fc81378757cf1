package org.xenolith.board;

import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;

/// A running machine of which somebody keeps a copy in step, see [Machine#mirror].
///
/// From the first [#moment] on what leaves the machine (frames, what is written to consoles) waits
/// for the [#release] of its epoch; the guest does not notice, but that transmission may have no
/// room for a while.
///
/// Moments are asked for by one thread. All else may come from any; none of it waits for anything
/// outside of this process. [#goUnprotected] or [#fence] ends it; the first counts, and nothing is
/// held or written down for it afterwards. Until then the machine is neither saved nor migrated. To
/// close it is, for the copy, to lose it.
public interface Mirroring {
    /// Begins to copy disks, as [Machine#copyDisks], which stay as long as they are.
    ///
    /// @throws DomainException if it is over
    List<CopiedDisk> copyDisks() throws DomainException;

    /// Begins to write down what the guest does to these disks. What was done before is what the
    /// copies still have marked, so the last look at those comes after this.
    ///
    /// @throws DomainException if it is over
    void recordDisks() throws DomainException;

    /// Has all stand still for a moment, takes the states of all devices and what has been written
    /// to disks since the last time, does `copy`, and has all go on.
    ///
    /// At most [#MOMENTS_MAX] are open at a time.
    ///
    /// @param epoch that ends with it; counts from 0
    /// @throws DomainException if the guest has shut down, its devices are others than they were,
    ///   the copy could not be made, the machine is gone, or it is over. What was written down for
    ///   the epoch is lost, so [#goUnprotected] or [#fence] is to follow.
    Moment moment(long epoch, Copier copy) throws DomainException;

    int MOMENTS_MAX = 2;

    /// Copies memory while nothing changes it. Must not wait. Whatever it throws goes to who asked
    /// for the [#moment].
    @FunctionalInterface
    interface Copier {
        /// @param ownPages gfns of pages that are part of the devices' states
        /// @throws DomainException if there is more than can be copied
        void copy(Set<Long> ownPages) throws DomainException;
    }

    /// Has `settled` told of an epoch in which something waits to leave while no vCPU has anything
    /// to do. Of each at most once, by any thread, those of vCPUs among them: it must not wait.
    /// Where vCPUs run in turn nobody is told.
    void onSettled(LongConsumer settled);

    /// What leaves with this epoch and earlier ones leaves.
    void release(long epoch);

    /// The vCPUs stop until [#goUnprotected].
    void standStill();

    /// Nobody keeps a copy any more: all that was held leaves, and the machine is as any other.
    void goUnprotected();

    /// The machine goes on elsewhere: nothing of what is held leaves, nothing leaves any more, and
    /// the vCPUs have stopped for good when this returns.
    void fence();

    /// What has been taken while all stood still.
    interface Moment extends AutoCloseable {
        Pause pause();

        /// What has been written to disks, in bytes.
        long diskBytes();

        /// Writes what has been written to disks, and those of the states that are not what was
        /// saved of the moment before; and CHECKPOINT. Once, in order.
        void save(StreamWriter out) throws IOException;

        /// Makes room for another.
        @Override
        void close();
    }

    /// The parts of the time that a moment takes, in nanoseconds.
    ///
    /// @param drain until requests to disks that were under way have been answered; vCPUs run
    /// @param stop until no vCPU runs
    /// @param devices until all other back ends stand still
    /// @param states until the states have been taken
    /// @param copy of memory
    /// @param resume until all may go on
    record Pause(long drain, long stop, long devices, long states, long copy, long resume) {
        /// In which the vCPUs stand still.
        public long still() {
            return stop + devices + states + copy + resume;
        }
    }
}
