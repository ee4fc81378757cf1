/// The xenstore: tree, transactions, watches, permissions, quotas, wire protocol.
module org.xenolith.xenstore {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.device;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.state;

    exports org.xenolith.xenstore;
}
