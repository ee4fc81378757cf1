/// The part of the host's kernel that we call. The only module that may name
/// `java.lang.foreign.Linker`.
module org.xenolith.linux {
    requires org.xenolith.base;

    exports org.xenolith.linux;
}
