/// The little that a PVH guest can see besides Xen itself: local APICs, a serial port, ACPI tables,
/// the memory map.
module org.xenolith.platform {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.state;
    requires transitive org.xenolith.device;

    exports org.xenolith.platform;
}
