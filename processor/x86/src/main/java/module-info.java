/// The x86-64 instruction set: registers, modes, instruction rows, decoder, meanings.
module org.xenolith.x86 {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.engine;
    requires transitive org.xenolith.ir;
    requires transitive org.xenolith.softfloat;
    requires transitive org.xenolith.state;

    exports org.xenolith.x86;
}
