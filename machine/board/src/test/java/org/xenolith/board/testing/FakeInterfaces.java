package org.xenolith.board.testing;

import org.xenolith.board.DomainException;
import org.xenolith.board.InterfaceInfo;
import org.xenolith.board.Interfaces;
import org.xenolith.board.VifConfig;
import org.xenolith.pv.network.NetworkStatistics;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// Network interfaces of which nothing is there but what is known of them.
public final class FakeInterfaces implements Interfaces {
    private final SortedMap<Integer, VifConfig> vifs = new TreeMap<>();

    public FakeInterfaces(List<VifConfig> first) {
        first.forEach(vif -> vifs.put(vif.devid().orElseThrow(), vif));
    }

    @Override
    public synchronized VifConfig attach(VifConfig vif) throws DomainException {
        if (vifs.putIfAbsent(vif.devid().orElseThrow(), vif) != null) {
            throw new DomainException("vif " + vif.devid() + " is there already");
        }
        return vif;
    }

    @Override
    public synchronized void detach(int devid, boolean force) throws DomainException {
        if (vifs.remove(devid) == null) {
            throw new DomainException("there is no vif " + devid);
        }
    }

    @Override
    public void setLink(int devid, boolean up) {}

    @Override
    public synchronized List<InterfaceInfo> list() {
        var statistics = new NetworkStatistics(1, 2, 3, 4, 5, 6, 7);
        return vifs.values().stream()
                .map(vif -> new InterfaceInfo(vif, "a test", 4, 9, 768, 769, true, statistics))
                .toList();
    }
}
