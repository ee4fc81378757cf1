/// Virtual disks in files: raw, qcow2 and VHD.
module org.xenolith.images {
    requires transitive org.xenolith.base;
    requires org.xenolith.linux;
    requires aircompressor.v3;
    requires jdk.unsupported; // aircompressor, an automatic module, uses it without saying so

    exports org.xenolith.images;
}
