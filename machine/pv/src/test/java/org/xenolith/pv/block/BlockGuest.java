package org.xenolith.pv.block;

import org.xenolith.base.DomainId;
import org.xenolith.device.Workers;
import org.xenolith.pv.FakeGuest;

import java.util.Optional;

/// A guest with a block device, xvda.
final class BlockGuest extends FakeGuest {
    static final int VDEV = 51712;
    static final String FRONTEND = "/local/domain/7/device/vbd/51712";
    static final String BACKEND = "/local/domain/0/backend/vbd/7/51712";

    final BlockBuffers buffers = new BlockBuffers();

    BlockGuest() {
        super("vbd", VDEV);
    }

    BlockBackend.Surroundings surroundings() {
        return surroundings(workers);
    }

    private BlockBackend.Surroundings surroundings(Workers workers) {
        return new BlockBackend.Surroundings(
                new DomainId(ID), domain, memory, store, workers, buffers, clock, log::add);
    }

    /// xvda with this disk.
    BlockBackend attach(MemoryDisk disk) {
        return attach(disk, disk.readOnly(), false, true);
    }

    /// The same, with workers that are not the guest's own.
    BlockBackend attach(MemoryDisk disk, Workers others) {
        return attach(disk, disk.readOnly(), false, true, others);
    }

    BlockBackend attach(MemoryDisk disk, boolean readOnly, boolean cdrom, boolean discard) {
        return attach(disk, readOnly, cdrom, discard, workers);
    }

    private BlockBackend attach(
            MemoryDisk disk, boolean readOnly, boolean cdrom, boolean discard, Workers others) {
        return BlockBackend.publish(
                surroundings(others),
                new BlockBackend.Settings(
                        VirtualDevice.parse("xvda").orElseThrow(), readOnly, cdrom, discard, 8),
                Optional.ofNullable(disk),
                new BlockBackend.Source("file", disk == null ? "" : "/disk"));
    }
}
