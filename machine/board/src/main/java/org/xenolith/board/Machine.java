package org.xenolith.board;

import org.xenolith.memory.GuestMemory;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.xen.ShutdownReason;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/// One boot of a domain: memory, processors and devices, from start to shutdown. Made by a
/// [MachineBuilder]; owned by a [Domain]. Methods may be called from any thread; requests pass
/// through one bounded queue to the machine's driver.
public interface Machine extends AutoCloseable {
    /// Called once. A machine started paused runs at the first [#unpause].
    void start(boolean paused);

    /// Completes when no vCPU runs.
    CompletableFuture<Void> pause();

    CompletableFuture<Void> unpause();

    /// Asks the guest, through `control/shutdown` in xenstore, for POWEROFF or REBOOT. Whether and
    /// when it follows is its business.
    void requestShutdown(ShutdownReason reason);

    /// Completes when the guest has shut down or crashed: its vCPUs have stopped, its memory is
    /// still there. Completes exceptionally if we are wrong. Not completed by [#close].
    CompletableFuture<ShutdownReason> ended();

    Processors processors();

    Balloon balloon();

    Panel panel();

    Disks disks();

    Interfaces interfaces();

    /// Tells the guest, in xenstore, its new name.
    void rename(String name);

    /// Writes the guest's memory and processors to a file, in the format of Xen's tools, while no
    /// vCPU runs. Who reads the file learns all that the guest knows.
    void dumpCore(Path file) throws DomainException;

    /// SHA-256, in hexadecimal, of all that the guest has in its memory and its processors but the
    /// time; taken while no vCPU runs.
    CompletableFuture<String> fingerprint();

    /// The guest's memory, for those who copy it while the machine runs. Access after [#close]
    /// throws [IllegalStateException].
    GuestMemory memory();

    /// The gfns of pages that are part of the devices' states: whoever copies the memory leaves
    /// them out.
    Set<Long> ownPages();

    /// Writes what the machine is and stays as long as it runs, up to STATIC_DATA_END; the headers
    /// have been written.
    void saveStaticData(StreamWriter out) throws IOException;

    /// Has what the guest has written to its disks so far be durable, so that [#hold] has less to
    /// wait for.
    void flushDisks() throws IOException;

    /// Has all devices stand still, and takes their states. Only while paused. When it returns, or
    /// throws, nothing has been done to the outside that the states do not know of, and nothing is
    /// until [#goOn].
    ///
    /// @throws DomainException if the machine is in a state that cannot be saved, is being
    ///   mirrored, or is held already
    HeldMachine hold() throws IOException, DomainException;

    /// Writes the whole machine, from its static data to the end of the stream; the headers have
    /// been written. Only while paused. When it returns, or throws, it has been held; a machine
    /// that has been saved for good is closed instead of going on.
    ///
    /// @param progress is told how many pages of memory have been written
    /// @throws DomainException if the machine is in a state that cannot be saved
    void save(StreamWriter out, LongConsumer progress) throws IOException, DomainException;

    /// Begins to copy the disks that the guest may write, while the machine runs. Each is to be
    /// closed; one that grows meanwhile is copied up to the size that it has now.
    ///
    /// @throws DomainException if the machine is being mirrored, which copies them too
    List<CopiedDisk> copyDisks() throws DomainException;

    /// Begins to keep track of what a copy in step needs to know. One at a time.
    ///
    /// @throws DomainException if the machine is one that cannot be copied
    Mirroring mirror() throws DomainException;

    /// Closes what a machine that is held has open of the host and only one machine may have: its
    /// disks and the ports of its network interfaces. [#goOn] opens them again.
    void release() throws IOException;

    /// After [#hold]: the devices work again. The vCPUs are still paused. Does nothing if it is not
    /// held.
    ///
    /// @throws DomainException if a disk or a port cannot be opened again; it is held still
    void goOn() throws DomainException;

    /// Lets the vCPUs run for a part of the time only.
    ///
    /// @param percent of the time in which each rests, 0 to 99
    void throttle(int percent);

    /// Stops everything at once and gives the memory back. May be called twice.
    @Override
    void close();
}
