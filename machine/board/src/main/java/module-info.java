/// A domain's configuration becomes a wired machine; lifecycle; one driver, one queue.
module org.xenolith.board {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.engine;
    requires transitive org.xenolith.device;

    exports org.xenolith.board;
}
