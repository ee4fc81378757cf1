/// A domain's configuration becomes a wired machine; lifecycle; one driver, one queue.
module org.xenolith.board {
    requires transitive org.xenolith.base;
    requires org.xenolith.linux;
    requires transitive org.xenolith.memory;
    requires org.xenolith.engine;
    requires org.xenolith.engine.soft;
    requires transitive org.xenolith.state;
    requires transitive org.xenolith.xen;
    requires transitive org.xenolith.boot;
    requires org.xenolith.device;
    requires org.xenolith.platform;
    requires transitive org.xenolith.images;
    requires transitive org.xenolith.network;
    requires transitive org.xenolith.pv;
    requires org.xenolith.x86;
    requires org.xenolith.xen.abi;
    requires org.xenolith.xenstore;

    exports org.xenolith.board;
}
