/// Versioned state records: what a device is made of, and what a stream carries.
module org.xenolith.state {
    requires transitive org.xenolith.base;

    exports org.xenolith.state;
    exports org.xenolith.state.stream;
}
