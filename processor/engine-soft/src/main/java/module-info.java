/// The portable engine: a software x86-64 processor.
module org.xenolith.engine.soft {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.engine;
    requires transitive org.xenolith.memory;
    requires org.xenolith.ir;
    requires org.xenolith.baseline;
    requires org.xenolith.jit;
    requires org.xenolith.linux;
    requires org.xenolith.state;
    requires org.xenolith.x86;
    requires jdk.unsupported;

    exports org.xenolith.engine.soft;
}
