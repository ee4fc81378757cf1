package org.xenolith.pv.xenbus;

import org.xenolith.base.DomainId;

/// Where the two ends of a device have their nodes (docs/misc/xenstore-paths.pandoc in the Xen
/// tree).
///
/// @param frontend the domain whose device it is; the back end is the control domain's
/// @param kind `vbd`, `vif`, ...
/// @param number the device's number, unique within its kind
public record XenbusPaths(DomainId frontend, String kind, int number) {
    /// `/local/domain/<domid>/device/<kind>/<number>`
    public String frontendPath() {
        return "/local/domain/%s/device/%s/%d".formatted(frontend, kind, number);
    }

    /// `/local/domain/0/backend/<kind>/<domid>/<number>`
    public String backendPath() {
        return "%s/%d".formatted(backendsPath(), number);
    }

    /// Above the back ends of all the domain's devices of this kind.
    String backendsPath() {
        return "/local/domain/0/backend/%s/%s".formatted(kind, frontend);
    }
}
