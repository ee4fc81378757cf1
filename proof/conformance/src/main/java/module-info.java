/// The oracle of the instruction set: random instructions, run on the host's own processor, say
/// what ours must do.
module org.xenolith.conformance {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.state;

    exports org.xenolith.conformance;
}
