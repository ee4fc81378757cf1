/// Machines that move to another host while they run.
module org.xenolith.migration {
    requires transitive org.xenolith.board;

    exports org.xenolith.migration;
    exports org.xenolith.migration.frames to
            org.xenolith.mirror;
    exports org.xenolith.migration.pages to
            org.xenolith.mirror;
}
