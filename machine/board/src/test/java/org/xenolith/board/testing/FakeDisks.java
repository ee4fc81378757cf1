package org.xenolith.board.testing;

import org.xenolith.board.DiskConfig;
import org.xenolith.board.DiskInfo;
import org.xenolith.board.Disks;
import org.xenolith.board.DomainException;
import org.xenolith.pv.block.BlockStatistics;
import org.xenolith.pv.block.VirtualDevice;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// Disks of which nothing is there but what is known of them.
public final class FakeDisks implements Disks {
    private final SortedMap<Integer, DiskConfig> disks = new TreeMap<>();

    public FakeDisks(List<DiskConfig> first) {
        first.forEach(disk -> disks.put(disk.device().number(), disk));
    }

    @Override
    public synchronized void attach(DiskConfig disk) throws DomainException {
        if (disks.putIfAbsent(disk.device().number(), disk) != null) {
            throw new DomainException("disk " + disk.device() + " is there already");
        }
    }

    @Override
    public synchronized void detach(VirtualDevice device, boolean force) throws DomainException {
        if (disks.remove(device.number()) == null) {
            throw new DomainException("there is no disk " + device);
        }
    }

    @Override
    public synchronized void insert(DiskConfig drive) throws DomainException {
        detach(drive.device(), true);
        attach(drive);
    }

    @Override
    public synchronized void grow(VirtualDevice device, long bytes) throws DomainException {
        if (!disks.containsKey(device.number())) {
            throw new DomainException("there is no disk " + device);
        }
    }

    @Override
    public synchronized List<DiskInfo> list() {
        var statistics = new BlockStatistics(1, 2, 3, 4, 5, 6, 7);
        return disks.values().stream()
                .map(disk -> new DiskInfo(disk, 4, 9, 8, 2048, statistics))
                .toList();
    }
}
