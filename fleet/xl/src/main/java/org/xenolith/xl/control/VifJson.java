package org.xenolith.xl.control;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.xenolith.board.InterfaceInfo;
import org.xenolith.board.VifConfig;
import org.xenolith.network.PortKind;

import java.util.Locale;

/// Network interfaces as JSON: configurations as a `libxl_device_nic`
/// (tools/libs/light/libxl_types.idl), with `network` and `passt` of ours.
public final class VifJson {
    private VifJson() {}

    public static ObjectNode of(VifConfig vif) {
        var json = Json.object();
        vif.devid().ifPresent(devid -> json.put("devid", devid));
        vif.mtu().ifPresent(mtu -> json.put("mtu", mtu));
        vif.mac().ifPresent(mac -> json.put("mac", mac.toString()));
        vif.ip().ifPresent(ip -> json.put("ip", ip));
        switch (vif.kind()) {
            case PortKind.Bridge bridge -> {
                json.put("bridge", bridge.name());
                bridge.interfaceName().ifPresent(name -> json.put("ifname", name));
            }
            case PortKind.Network network -> json.put("network", network.name());
            case PortKind.Passt passt -> put(passt, json.putObject("passt"));
        }
        json.put("nictype", "vif");
        vif.rate()
                .ifPresent(rate ->
                        json.put("rate_bytes_per_interval", rate.bytes())
                                .put("rate_interval_usecs", rate.intervalMicros()));
        return json.put("trusted", vif.trusted() ? "True" : "False");
    }

    private static void put(PortKind.Passt passt, ObjectNode json) {
        var forwards = json.putArray("forwards");
        for (var forward : passt.forwards()) {
            var one =
                    forwards.addObject()
                            .put("protocol", forward.protocol().name().toLowerCase(Locale.ROOT))
                            .put("host_port", forward.hostPort())
                            .put("guest_port", forward.guestPort())
                            .put("count", forward.count());
            forward.address().ifPresent(address -> one.put("address", address.getHostAddress()));
        }
        if (passt.reachesHost()) {
            json.put("reaches_host", true);
        }
    }

    /// What `xl network-list` shows, with the members of a `libxl_nicinfo`, and statistics.
    static ObjectNode of(InterfaceInfo info, int domain) {
        int devid = info.devid();
        var json =
                Json.object()
                        .put("domid", domain)
                        .put("devid", devid)
                        .put(
                                "backend",
                                "/local/domain/0/backend/vif/%d/%d".formatted(domain, devid))
                        .put("backend_id", 0)
                        .put("frontend", "/local/domain/%d/device/vif/%d".formatted(domain, devid))
                        .put("frontend_id", domain)
                        .put("state", info.frontendState())
                        .put("evtch", info.eventChannel())
                        .put("rref_tx", info.transmitReference())
                        .put("rref_rx", info.receiveReference())
                        .put("port", info.port());
        json.set("vif", of(info.config()));
        var statistics = info.statistics();
        json.putObject("statistics")
                .put("transmitted_frames", statistics.transmittedFrames())
                .put("transmitted_bytes", statistics.transmittedBytes())
                .put("transmit_errors", statistics.transmitErrors())
                .put("transmit_dropped", statistics.transmitDropped())
                .put("received_frames", statistics.receivedFrames())
                .put("received_bytes", statistics.receivedBytes())
                .put("receive_dropped", statistics.receiveDropped());
        return json;
    }
}
