/// The command line of an operator who knows Xen.
module org.xenolith.xl {
    requires com.fasterxml.jackson.databind;
    requires jdk.unsupported;
    requires org.xenolith.board;
    requires org.xenolith.boot;
    requires org.xenolith.images;
    requires org.xenolith.linux;
    requires org.xenolith.maker;
    requires transitive org.xenolith.mirror;
    requires transitive org.xenolith.migration;

    exports org.xenolith.xl.config;
    exports org.xenolith.xl.control;

    requires org.xenolith.xen;
}
