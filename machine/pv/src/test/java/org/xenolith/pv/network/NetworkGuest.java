package org.xenolith.pv.network;

import org.xenolith.base.DomainId;
import org.xenolith.network.Port;
import org.xenolith.pv.FakeGuest;
import org.xenolith.pv.xenbus.XenbusException;

import java.util.Map;
import java.util.Optional;

/// A guest with a network interface, vif7.0.
final class NetworkGuest extends FakeGuest {
    static final String FRONTEND = "/local/domain/7/device/vif/0";
    static final String BACKEND = "/local/domain/0/backend/vif/7/0";
    static final MacAddress MAC = MacAddress.parse("00:16:3e:01:02:03").orElseThrow();

    NetworkGuest() {
        super("vif", 0);
    }

    private NetworkGuest(NetworkGuest original) {
        super(original);
    }

    NetworkGuest twin() {
        return new NetworkGuest(this);
    }

    NetworkBackend attach(Port port) {
        return attach(port, Optional.empty());
    }

    NetworkBackend attach(Port port, Optional<RateLimit> rate) {
        return NetworkBackend.publish(surroundings(), settings(MAC, rate), port);
    }

    NetworkBackend takeOver(Port port, MacAddress mac, NetworkState state) throws XenbusException {
        return NetworkBackend.takeOver(
                surroundings(), settings(mac, Optional.empty()), port, state);
    }

    private NetworkBackend.Surroundings surroundings() {
        return new NetworkBackend.Surroundings(
                new DomainId(ID), domain, memory, store, workers, timers, log::add);
    }

    private static NetworkBackend.Settings settings(MacAddress mac, Optional<RateLimit> rate) {
        return new NetworkBackend.Settings(
                0, mac, rate, NetworkBackend.QUEUES_MAX, true, Map.of("bridge", "xenbr0"));
    }
}
