/// Whole guests on disk images, made from distribution packages.
module org.xenolith.maker {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.images;
    requires org.xenolith.boot;

    exports org.xenolith.maker;
}
