package org.xenolith.board;

import org.xenolith.pv.block.VirtualDevice;

import java.util.List;

/// The block devices of one machine. May be used from any thread; refusals and what the host cannot
/// do are [DomainException]s, and leave everything as it was.
public interface Disks {
    /// Plugs a disk in; the guest notices it by itself.
    void attach(DiskConfig disk) throws DomainException;

    /// Asks the guest to let go of a disk, waits until it has, and unplugs it. With `force` nobody
    /// is asked.
    void detach(VirtualDevice device, boolean force) throws DomainException, InterruptedException;

    /// Exchanges the disk in the CD-ROM drive `drive.device()`; one without a target empties it.
    void insert(DiskConfig drive) throws DomainException;

    /// Makes a disk longer; the guest is told.
    void grow(VirtualDevice device, long bytes) throws DomainException;

    /// In the order of their numbers.
    List<DiskInfo> list();
}
