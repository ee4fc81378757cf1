package org.xenolith.xl;

import com.fasterxml.jackson.databind.node.ArrayNode;

import org.xenolith.base.Sizes;
import org.xenolith.board.DomainState;
import org.xenolith.mirror.protocol.MirrorStatus;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainDescription;
import org.xenolith.xl.control.DomainEntry;
import org.xenolith.xl.control.Json;
import org.xenolith.xl.control.MirrorJson;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Verbs that tell about domains.
final class ListCommands {
    private static final String HEADING =
            "Name                                        ID   Mem VCPUs\tState\tTime(s)";

    private ListCommands() {}

    static int list(Session session, Arguments arguments) throws ControlException {
        var domains = describe(session, arguments.operands());
        if (arguments.has("long")) {
            session.out().println(Json.pretty(toJson(domains)));
            return 0;
        }
        boolean verbose = arguments.has("verbose");
        boolean context = arguments.has("context");
        var heading = new StringBuilder(HEADING);
        if (verbose) {
            heading.append("   UUID                            Reason-Code\tSecurity Label");
        } else if (context) {
            heading.append("   Security Label");
        }
        if (arguments.has("cpupool")) {
            heading.append("         Cpupool");
        }
        if (arguments.has("numa")) {
            heading.append(" NODE Affinity");
        }
        // Ours, and behind all of Xen's.
        boolean mirrors = domains.stream().anyMatch(domain -> domain.mirror().isPresent());
        if (mirrors) {
            heading.append("  Mirror");
        }
        session.out().println(heading);
        for (var domain : domains) {
            var line = new StringBuilder();
            line.append(
                    format(
                            "%-40s %5d %5d %5d     %s  %8.1f",
                            domain.name(),
                            domain.id(),
                            domain.memoryMib(),
                            domain.vcpusOnline(),
                            domain.state().letters(),
                            domain.runSeconds()));
            if (verbose) {
                line.append(format(" %s %8s", domain.uuid(), reasonCode(domain.state())));
            }
            if (verbose || context) {
                line.append(format(" %16s", "-"));
            }
            if (arguments.has("cpupool")) {
                line.append(format("%16s", "Pool-0"));
            }
            if (arguments.has("numa")) {
                line.append(" all");
            }
            if (mirrors) {
                line.append("  ").append(domain.mirror().map(ListCommands::mirror).orElse("-"));
            }
            session.out().println(line);
        }
        return 0;
    }

    private static String mirror(MirrorStatus mirror) {
        return format(
                "%s,%.1f/s,%.1fKiB,%.1fms",
                mirror.phase().name().toLowerCase(Locale.ROOT),
                mirror.epochsPerSecond(),
                mirror.bytesPerEpoch() / Sizes.KIB,
                mirror.lagNanos() / 1e6);
    }

    private static String reasonCode(DomainState state) {
        return switch (state) {
            case CRASHED -> "3";
            case SHUTDOWN -> "0";
            case RUNNING, BLOCKED, PAUSED, DYING -> "-";
        };
    }

    private static ArrayNode toJson(List<DomainDescription> domains) {
        var array = Json.object().putArray("domains");
        for (var domain : domains) {
            var object = array.addObject().put("domid", domain.id());
            object.set("config", domain.config());
            domain.mirror().ifPresent(status -> object.set("mirror", MirrorJson.of(status)));
        }
        return array;
    }

    static int vcpuList(Session session, Arguments arguments) throws ControlException {
        session.out()
                .println(
                        format(
                                "%-32s %5s %5s %5s %5s %9s %s",
                                "Name",
                                "ID",
                                "VCPU",
                                "CPU",
                                "State",
                                "Time(s)",
                                "Affinity (Hard / Soft)"));
        for (var domain : describe(session, arguments.operands())) {
            for (var vcpu : domain.vcpus()) {
                // A vCPU is not bound to one of the host's processors, so none is named.
                var state =
                        vcpu.online()
                                ? (vcpu.running() ? "r" : "-") + (vcpu.blocked() ? "b-" : "--")
                                : "--p";
                session.out()
                        .println(
                                format(
                                        "%-32s %5d %5d %4s %5s %9.1f  %s / %s",
                                        domain.name(),
                                        domain.id(),
                                        vcpu.id(),
                                        "-",
                                        state,
                                        vcpu.runNanos() / 1e9,
                                        CpuRange.format(vcpu.affinity().hard()),
                                        CpuRange.format(vcpu.affinity().soft())));
            }
        }
        return 0;
    }

    static int vmList(Session session, Arguments arguments) throws ControlException {
        session.out().println("UUID                                  ID    name");
        for (var entry : session.runtime().list()) {
            session.out()
                    .println(format("%s  %d    %-30s", entry.uuid(), entry.id(), entry.name()));
        }
        return 0;
    }

    static int dmesg(Session session, Arguments arguments) throws ControlException, IOException {
        var log = session.runtime().log();
        if (arguments.operands().isEmpty()) {
            log.lines().forEach(session.out()::println);
        } else {
            var entry = session.runtime().find(arguments.operands().getFirst());
            new ControlClient(entry).log().forEach(session.out()::println);
        }
        if (arguments.has("clear")) {
            log.clear();
        }
        return 0;
    }

    static int domainId(Session session, Arguments arguments) throws ControlException {
        session.out().println(session.runtime().find(arguments.operands().getFirst()).id());
        return 0;
    }

    static int domainName(Session session, Arguments arguments)
            throws ControlException, UsageException {
        var text = arguments.operands().getFirst();
        if (!text.matches("[0-9]+")) {
            throw new UsageException("invalid domain id \"" + text + "\"");
        }
        session.out().println(session.runtime().find(text).name());
        return 0;
    }

    static int uptime(Session session, Arguments arguments) throws ControlException {
        boolean brief = arguments.has("short");
        if (!brief) {
            session.out().println(format("%-33s %4s %s", "Name", "ID", "Uptime"));
        }
        long now = session.clock().wallNanos() / 1_000_000_000;
        for (var entry : entries(session, arguments.operands())) {
            long seconds = Math.max(0, now - entry.createdMillis() / 1000);
            session.out()
                    .println(
                            brief
                                    ? format(
                                            " %s up %s, %s (%d)",
                                            clockTime(Math.floorMod(now, 86_400L)),
                                            upTime(seconds),
                                            entry.name(),
                                            entry.id())
                                    : format(
                                            "%-33s %4d %s",
                                            entry.name(), entry.id(), upTime(seconds)));
        }
        return 0;
    }

    private static String upTime(long seconds) {
        long days = seconds / 86_400;
        var prefix = days == 0 ? "" : days == 1 ? "1 day, " : days + " days, ";
        return prefix + clockTime(seconds % 86_400);
    }

    private static String clockTime(long secondOfDay) {
        return format("%2d:%02d:%02d", secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60);
    }

    private static List<DomainEntry> entries(Session session, List<String> names)
            throws ControlException {
        if (names.isEmpty()) {
            return session.runtime().list();
        }
        var entries = new ArrayList<DomainEntry>();
        for (var name : names) {
            entries.add(session.runtime().find(name));
        }
        return entries;
    }

    private static List<DomainDescription> describe(Session session, List<String> names)
            throws ControlException {
        var descriptions = new ArrayList<DomainDescription>();
        for (var entry : entries(session, names)) {
            try {
                descriptions.add(new ControlClient(entry).info());
            } catch (ControlException e) {
                // While it is being built, or when it is just gone, a domain does not answer.
                session.err().println("xl: " + e.getMessage());
            }
        }
        return descriptions;
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
