/// Back ends of paravirtual devices, and what stands between them and people.
module org.xenolith.pv {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.device;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.network;
    requires transitive org.xenolith.state;
    requires transitive org.xenolith.xen;
    requires transitive org.xenolith.xenstore;
    requires transitive org.xenolith.linux;
    requires org.xenolith.xen.abi;

    exports org.xenolith.pv;
    exports org.xenolith.pv.block;
    exports org.xenolith.pv.network;
    exports org.xenolith.pv.xenbus;
}
