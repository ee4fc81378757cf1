/// Versioned state records: what a device is made of, and what a stream carries.
module org.xenolith.state {
    requires transitive org.xenolith.base;
    requires aircompressor.v3;
    requires jdk.unsupported; // aircompressor, an automatic module, uses it without saying so

    exports org.xenolith.state;
    exports org.xenolith.state.stream;
}
