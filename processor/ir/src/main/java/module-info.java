/// The small typed language in which the meaning of guest instructions is written down once.
module org.xenolith.ir {
    requires transitive org.xenolith.base;

    exports org.xenolith.ir;
}
