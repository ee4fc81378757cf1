package org.xenolith.board;

import org.xenolith.pv.network.NetworkStatistics;

/// A network interface of a running domain.
///
/// @param config with its number and its address
/// @param port what it is plugged into, for people
/// @param frontendState `enum xenbus_state` of the guest's end
/// @param eventChannel port of the first queue that the guest has published, or -1
/// @param transmitReference grant of that queue's ring for what the guest transmits, or -1
/// @param receiveReference the same for what it receives
/// @param linkUp whether the cable is in
public record InterfaceInfo(
        VifConfig config,
        String port,
        int frontendState,
        int eventChannel,
        int transmitReference,
        int receiveReference,
        boolean linkUp,
        NetworkStatistics statistics) {
    public int devid() {
        return config.devid().orElseThrow();
    }
}
