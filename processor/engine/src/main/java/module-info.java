/// The contract of an engine: what runs a vCPU, whoever implements it.
module org.xenolith.engine {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.state;

    exports org.xenolith.engine;
}
