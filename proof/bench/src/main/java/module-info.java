/// What Xenolith is measured with.
module org.xenolith.bench {
    requires java.management;
    requires jmh.core;
    requires org.xenolith.base;
    requires org.xenolith.board;
    requires org.xenolith.boot;
    requires org.xenolith.engine;
    requires org.xenolith.engine.soft;
    requires org.xenolith.memory;
    requires org.xenolith.x86;
    requires org.xenolith.xenstore;
    requires org.xenolith.xl;

    exports org.xenolith.bench;
    exports org.xenolith.bench.inner;
}
