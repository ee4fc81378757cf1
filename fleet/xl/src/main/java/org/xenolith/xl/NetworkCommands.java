package org.xenolith.xl;

import org.xenolith.board.InvalidConfigException;
import org.xenolith.pv.network.MacAddress;
import org.xenolith.xl.config.VifParser;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.Json;
import org.xenolith.xl.control.VifJson;

import java.util.regex.Pattern;

/// Verbs that change the network interfaces of a running domain, or show them.
final class NetworkCommands {
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    private NetworkCommands() {}

    static int attach(Session session, Arguments arguments) throws ControlException {
        var words = arguments.operands();
        var specification = String.join(",", words.subList(1, words.size()));
        try {
            var vif = VifParser.parse(specification);
            if (session.dryRun()) {
                session.out().println("vif: " + Json.pretty(VifJson.of(vif)));
                return 0;
            }
        } catch (InvalidConfigException e) {
            throw new ControlException(e.getMessage());
        }
        client(session, arguments).attachVif(specification);
        return 0;
    }

    static int detach(Session session, Arguments arguments) throws ControlException {
        var client = client(session, arguments);
        client.detachVif(number(client, arguments.operands().get(1)));
        return 0;
    }

    /// What a number or an address means.
    private static int number(ControlClient client, String device) throws ControlException {
        if (NUMBER.matcher(device).matches()) {
            return Integer.parseInt(device);
        }
        var mac = MacAddress.parse(device);
        if (mac.isPresent()) {
            for (var vif : client.vifs()) {
                if (vif.path("vif").path("mac").asText().equals(mac.get().toString())) {
                    return vif.path("devid").asInt();
                }
            }
        }
        throw new ControlException("Unknown device " + device + ".");
    }

    static int list(Session session, Arguments arguments) throws ControlException {
        var all = Json.array();
        for (var name : arguments.operands()) {
            var entry = session.runtime().find(name);
            new ControlClient(entry).vifs().forEach(all::add);
        }
        if (arguments.has("json")) {
            session.out().println(Json.pretty(all));
            return 0;
        }
        session.out()
                .printf(
                        "%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s%n",
                        "Idx",
                        "BE",
                        "Mac Addr.",
                        "handle",
                        "state",
                        "evt-ch",
                        "tx-",
                        "rx-ring-ref",
                        "BE-path");
        for (var vif : all) {
            session.out()
                    .printf(
                            "%-3d %-2d %s%6d %5d %6d %5d/%-11d %-30s%n",
                            vif.path("devid").asInt(),
                            vif.path("backend_id").asInt(),
                            vif.path("vif").path("mac").asText(),
                            vif.path("devid").asInt(),
                            vif.path("state").asInt(),
                            vif.path("evtch").asInt(),
                            vif.path("rref_tx").asInt(),
                            vif.path("rref_rx").asInt(),
                            vif.path("backend").asText());
        }
        return 0;
    }

    private static ControlClient client(Session session, Arguments arguments)
            throws ControlException {
        return new ControlClient(session.runtime().find(arguments.operands().getFirst()));
    }
}
