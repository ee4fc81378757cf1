/// From files to a machine's first instruction: kernel images, PVH start of day, ramdisks, and the
/// guest kit that fetches a kernel from the host's own distribution.
module org.xenolith.boot {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.memory;
    requires transitive org.xenolith.engine;
    requires transitive org.xenolith.filesystem;
    requires org.tukaani.xz;
    requires aircompressor.v3;
    requires jdk.unsupported; // aircompressor, an automatic module, uses it without saying so

    exports org.xenolith.boot;
}
