/// Frames between the network interfaces of guests and the world.
module org.xenolith.network {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.device;
    requires org.xenolith.linux;

    exports org.xenolith.network;
}
