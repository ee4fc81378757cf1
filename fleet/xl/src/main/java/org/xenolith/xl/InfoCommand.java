package org.xenolith.xl;

import org.xenolith.base.Sizes;
import org.xenolith.xen.XenVersion;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// `xl info`: the host, and what its guests see of Xen.
final class InfoCommand {
    private InfoCommand() {}

    static int run(Session session, Arguments arguments) {
        var lines = new LinkedHashMap<String, Object>();
        host(lines);
        xen(lines);
        lines.put("free_cpus", 0);
        lines.put("xend_config_format", 4);
        if (arguments.operands().isEmpty()) {
            lines.forEach((name, value) -> session.out().printf("%-22s : %s%n", name, value));
            return 0;
        }
        var wanted = arguments.operands().getFirst();
        lines.forEach((name, value) -> {
            if (name.startsWith(wanted)) {
                session.out().println(value);
            }
        });
        return 0;
    }

    private static void host(Map<String, Object> lines) {
        int processors = Runtime.getRuntime().availableProcessors();
        lines.put("host", hostName());
        lines.put("release", System.getProperty("os.version"));
        lines.put("version", line("/proc/sys/kernel/version"));
        lines.put("machine", machine());
        lines.put("nr_cpus", processors);
        lines.put("max_cpu_id", processors - 1);
        lines.put("nr_nodes", 1);
        lines.put("cores_per_socket", processors);
        lines.put("threads_per_core", 1);
        lines.put("virt_caps", "hvm");
        lines.put("total_memory", memoryMib("MemTotal"));
        lines.put("free_memory", memoryMib("MemAvailable"));
        lines.put("sharing_freed_memory", 0);
        lines.put("sharing_used_memory", 0);
        lines.put("outstanding_claims", 0);
    }

    private static void xen(Map<String, Object> lines) {
        lines.put("xen_major", XenVersion.MAJOR);
        lines.put("xen_minor", XenVersion.MINOR);
        lines.put("xen_extra", XenVersion.EXTRA);
        lines.put("xen_version", XenVersion.MAJOR + "." + XenVersion.MINOR + XenVersion.EXTRA);
        lines.put("xen_caps", XenVersion.CAPABILITIES);
        lines.put("xen_scheduler", "null");
        lines.put("xen_pagesize", Sizes.PAGE_BYTES);
        lines.put("xen_changeset", "");
        lines.put("xen_commandline", "");
        lines.put("cc_compiler", "Java " + Runtime.version());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException _) {
            return line("/proc/sys/kernel/hostname");
        }
    }

    /// As uname(1) spells it.
    private static String machine() {
        var architecture = System.getProperty("os.arch");
        return architecture.equals("amd64") ? "x86_64" : architecture;
    }

    private static String line(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException _) {
            return "";
        }
    }

    private static long memoryMib(String row) {
        return line("/proc/meminfo")
                .lines()
                .filter(line -> line.startsWith(row + ":"))
                .map(line -> line.replaceAll("[^0-9]", ""))
                .mapToLong(Long::parseLong)
                .map(kib -> kib * Sizes.KIB / Sizes.MIB)
                .findFirst()
                .orElse(0);
    }
}
