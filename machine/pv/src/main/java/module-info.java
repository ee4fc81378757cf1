/// Back ends of paravirtual devices, and what stands between them and people.
module org.xenolith.pv {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.device;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.state;

    exports org.xenolith.pv;
}
