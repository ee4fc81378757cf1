/// The contract of a device.
module org.xenolith.device {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.state;

    exports org.xenolith.device;
}
