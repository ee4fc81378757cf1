package org.xenolith.xenstore;

import org.xenolith.base.DomainId;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// What the tools write into the store about a domain before it runs, and what they ask of it there
/// later. Paths, values and permissions are those of Xen's own tools (tools/libs/light in the Xen
/// tree; docs/misc/xenstore-paths.pandoc).
public final class DomainDirectory {
    /// Bytes of output that the console's back end may hold, as Xen's tools announce it.
    private static final int CONSOLE_LIMIT = 1024 * 1024;

    /// Nodes that belong to the domain, for it to write.
    private static final List<String> GUESTS_OWN =
            List.of(
                    "device/suspend/event-channel",
                    "control/shutdown",
                    "control/feature-poweroff",
                    "control/feature-reboot",
                    "control/feature-suspend",
                    "control/sysrq",
                    "data",
                    "drivers",
                    "feature",
                    "attr",
                    "error");

    /// A page shared with the domain and the event channel that goes with it.
    ///
    /// @param gfn guest frame of the page
    /// @param port the event channel's port in the domain
    public record Channel(long gfn, int port) {}

    /// What is known of a domain at its creation.
    ///
    /// @param memoryMax KiB that the domain may have at most
    /// @param memoryTarget KiB that it is to have now
    /// @param vcpusOnline one for each possible vCPU: whether it is to be used
    /// @param store the way to the store
    /// @param console the PV console
    public record Description(
            String name,
            UUID uuid,
            long memoryMax,
            long memoryTarget,
            List<Boolean> vcpusOnline,
            Channel store,
            Channel console) {
        public Description {
            vcpusOnline = List.copyOf(vcpusOnline);
        }
    }

    private final XenStore store;
    private final DomainId domain;
    private final String home;

    public DomainDirectory(XenStore store, DomainId domain) {
        this.store = store;
        this.domain = domain;
        this.home = StorePath.ofDomain(domain.value());
    }

    /// The path below which the store keeps what it knows of the domain: `/local/domain/<domid>`.
    public String path() {
        return home;
    }

    /// Writes everything anew. To be called before the domain is introduced.
    public void create(Description description) {
        var readable = Permissions.ownedBy(0).with(domain.value(), Access.READ);
        var vm = "/vm/" + description.uuid();
        for (var path : List.of(home, vm)) {
            store.remove(path);
            store.makeDirectory(path);
            store.setPermissions(path, readable);
        }
        for (var name : GUESTS_OWN) {
            store.makeDirectory(home + "/" + name);
            store.setPermissions(home + "/" + name, Permissions.ownedBy(domain.value()));
        }
        var values = new TreeMap<String, String>();
        values.put(vm + "/uuid", description.uuid().toString());
        values.put(vm + "/name", description.name());
        below(home, values)
                .put("vm", vm)
                .put("name", description.name())
                .put("domid", domain)
                .put("memory/static-max", description.memoryMax())
                .put("memory/target", description.memoryTarget())
                .put("memory/videoram", 0)
                .put("store/ring-ref", description.store().gfn())
                .put("store/port", description.store().port())
                .put("control/platform-feature-multiprocessor-suspend", 1)
                .put("control/platform-feature-xs_reset_watches", 1);
        consoleValues(description.console(), values);
        for (int vcpu = 0; vcpu < description.vcpusOnline().size(); vcpu++) {
            values.put(availability(vcpu), online(description.vcpusOnline().get(vcpu)));
        }
        store.writeAll(values);
    }

    private void consoleValues(Channel console, Map<String, String> values) {
        var backEnd = "/local/domain/0/backend/console/" + domain + "/0";
        below(home + "/console", values)
                .put("backend", backEnd)
                .put("backend-id", 0)
                .put("limit", CONSOLE_LIMIT)
                .put("type", "xenconsoled")
                .put("output", "pty")
                .put("tty", "")
                .put("ring-ref", console.gfn())
                .put("port", console.port());
        below(backEnd, values)
                .put("frontend", home + "/console")
                .put("frontend-id", domain)
                .put("online", 1)
                .put("state", 1)
                .put("protocol", "vt100");
    }

    private interface Values {
        Values put(String name, Object value);
    }

    private static Values below(String path, Map<String, String> values) {
        return new Values() {
            @Override
            public Values put(String name, Object value) {
                values.put(path + "/" + name, value.toString());
                return this;
            }
        };
    }

    /// Asks the domain to shut down: `poweroff`, `reboot`, `halt` or `suspend`. It answers by
    /// emptying the node, if it is able to.
    public void requestShutdown(String kind) {
        store.write(home + "/control/shutdown", kind);
    }

    /// Whether the last request to shut down still waits for the domain to take it up.
    public boolean isShutdownPending() {
        return !store.read(home + "/control/shutdown").orElse("").isEmpty();
    }

    /// Asks the domain to use a vCPU, or to leave it alone.
    public void setVcpuOnline(int vcpu, boolean wanted) {
        store.write(availability(vcpu), online(wanted));
    }

    /// Asks the domain to make do with `kibibytes` of memory.
    public void setMemoryTarget(long kibibytes) {
        store.write(home + "/memory/target", Long.toString(kibibytes));
    }

    /// Says how much memory, in KiB, the domain may be asked to have at most.
    public void setMemoryMax(long kibibytes) {
        store.write(home + "/memory/static-max", Long.toString(kibibytes));
    }

    /// Gives the domain another name.
    public void rename(String name) {
        store.write(home + "/name", name);
        store.read(home + "/vm").ifPresent(vm -> store.write(vm + "/name", name));
    }

    /// Presses a key of the magic SysRq.
    public void pressSysrq(char key) {
        store.write(home + "/control/sysrq", Character.toString(key));
    }

    /// Removes what the tools have written, when the domain is gone.
    public void remove() {
        var vm = store.read(home + "/vm").filter(path -> path.startsWith("/vm/"));
        vm.ifPresent(store::remove);
        store.remove("/local/domain/0/backend/console/" + domain);
        store.remove(home);
    }

    private String availability(int vcpu) {
        return home + "/cpu/" + vcpu + "/availability";
    }

    private static String online(boolean wanted) {
        return wanted ? "online" : "offline";
    }
}
