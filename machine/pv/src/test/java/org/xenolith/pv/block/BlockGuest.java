package org.xenolith.pv.block;

import org.xenolith.base.DomainId;
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
        return new BlockBackend.Surroundings(
                new DomainId(ID), domain, memory, store, workers, buffers, log::add);
    }

    /// xvda with this disk.
    BlockBackend attach(MemoryDisk disk) {
        return attach(disk, disk.readOnly(), false, true);
    }

    BlockBackend attach(MemoryDisk disk, boolean readOnly, boolean cdrom, boolean discard) {
        return BlockBackend.publish(
                surroundings(),
                new BlockBackend.Settings(
                        VirtualDevice.parse("xvda").orElseThrow(), readOnly, cdrom, discard, 8),
                Optional.ofNullable(disk),
                new BlockBackend.Source("file", disk == null ? "" : "/disk"));
    }
}
