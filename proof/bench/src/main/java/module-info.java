/// What Xenolith is measured with.
module org.xenolith.bench {
    requires java.management;
    requires org.xenolith.base;
    requires org.xenolith.engine;
    requires org.xenolith.engine.soft;
    requires org.xenolith.memory;
    requires org.xenolith.x86;

    exports org.xenolith.bench;
}
