package org.xenolith.xl;

import com.fasterxml.jackson.databind.JsonNode;

import org.xenolith.board.DiskConfig;
import org.xenolith.board.InvalidConfigException;
import org.xenolith.pv.block.VirtualDevice;
import org.xenolith.xl.config.DiskParser;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DiskJson;
import org.xenolith.xl.control.Json;

import java.util.Locale;
import java.util.regex.Pattern;

/// Verbs that change the disks of a running domain, or show them.
final class BlockCommands {
    private static final String LIST_FORMAT = "%-5s %-3s %-6s %-5s %-6s %-8s %-30s%n";

    /// A number of bytes, or of what a letter says.
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,17})([kKmMgGtT]?)");

    private static final String UNITS = " kmgt";

    private BlockCommands() {}

    static int attach(Session session, Arguments arguments) throws ControlException {
        var words = arguments.operands();
        var disk = parse(String.join(",", words.subList(1, words.size())));
        if (session.dryRun()) {
            session.out().println("disk: " + Json.pretty(DiskJson.of(disk)));
            return 0;
        }
        client(session, arguments).attachDisk(disk);
        return 0;
    }

    static int detach(Session session, Arguments arguments) throws ControlException {
        client(session, arguments).detachDisk(device(arguments), arguments.has("force"));
        return 0;
    }

    static int list(Session session, Arguments arguments) throws ControlException {
        var all = Json.array();
        for (var name : arguments.operands()) {
            var entry = session.runtime().find(name);
            new ControlClient(entry).disks().forEach(all::add);
        }
        if (arguments.has("json")) {
            session.out().println(Json.pretty(all));
            return 0;
        }
        session.out()
                .printf(
                        LIST_FORMAT,
                        "Vdev",
                        "BE",
                        "handle",
                        "state",
                        "evt-ch",
                        "ring-ref",
                        "BE-path");
        for (var disk : all) {
            print(session, disk);
        }
        return 0;
    }

    private static void print(Session session, JsonNode disk) {
        session.out()
                .printf(
                        LIST_FORMAT,
                        disk.path("devid").asText(),
                        disk.path("backend_id").asText(),
                        disk.path("frontend_id").asText(),
                        disk.path("state").asText(),
                        disk.path("evtch").asText(),
                        disk.path("rref").asText(),
                        disk.path("backend").asText());
    }

    /// Ours: Xen has no verb for it.
    static int resize(Session session, Arguments arguments) throws ControlException {
        var size = SIZE.matcher(arguments.operands().get(2));
        if (!size.matches()) {
            throw new ControlException(
                    "not a size: " + arguments.operands().get(2) + "; write 10737418240 or 10G");
        }
        int unit = Math.max(0, UNITS.indexOf(size.group(2).toLowerCase(Locale.ROOT)));
        long factor = size.group(2).isEmpty() ? 1 : 1L << 10 * unit;
        long count = Long.parseLong(size.group(1));
        if (count > Long.MAX_VALUE / factor) {
            throw new ControlException("not a size: it is too large");
        }
        client(session, arguments).growDisk(device(arguments), count * factor);
        return 0;
    }

    static int insert(Session session, Arguments arguments) throws ControlException {
        return insert(session, arguments, arguments.operands().get(2));
    }

    static int eject(Session session, Arguments arguments) throws ControlException {
        return insert(session, arguments, "");
    }

    /// As Xen's xl writes it: the path stands last and may hold anything.
    private static int insert(Session session, Arguments arguments, String path)
            throws ControlException {
        var device = device(arguments);
        client(session, arguments)
                .insertDisk(
                        parse("vdev=%s,access=r,devtype=cdrom,target=%s".formatted(device, path)));
        return 0;
    }

    private static ControlClient client(Session session, Arguments arguments)
            throws ControlException {
        return new ControlClient(session.runtime().find(arguments.operands().getFirst()));
    }

    private static VirtualDevice device(Arguments arguments) throws ControlException {
        var name = arguments.operands().get(1);
        return VirtualDevice.parse(name)
                .orElseThrow(() -> new ControlException(name + " is not a virtual device"));
    }

    private static DiskConfig parse(String specification) throws ControlException {
        try {
            return DiskParser.parse(specification);
        } catch (InvalidConfigException e) {
            throw new ControlException(e.getMessage());
        }
    }
}
