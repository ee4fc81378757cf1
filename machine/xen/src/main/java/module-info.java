/// The Xen side of a domain: hypercalls, event channels, grant tables, shared pages, time.
module org.xenolith.xen {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.device;
    requires transitive org.xenolith.engine;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.state;
    requires transitive org.xenolith.xen.abi;

    exports org.xenolith.xen;
}
