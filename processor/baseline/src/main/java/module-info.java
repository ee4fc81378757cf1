/// The intermediate language becomes the host's machine code, quickly. Knows nothing of the guest's
/// instruction set.
module org.xenolith.baseline {
    requires transitive org.xenolith.jit;
    requires org.xenolith.base;
    requires org.xenolith.linux;

    exports org.xenolith.baseline;
}
