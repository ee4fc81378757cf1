/// The intermediate language becomes JVM bytecode. Knows nothing of the guest's instruction set.
module org.xenolith.jit {
    requires transitive org.xenolith.ir;

    exports org.xenolith.jit;
}
