/// What lies on a guest's disk: partition tables, and files of ext2, ext3 and ext4, read only.
module org.xenolith.filesystem {
    requires transitive org.xenolith.base;

    exports org.xenolith.filesystem;
}
