/// Runs the Xen Test Framework's HVM microkernels, each in a machine of its own.
module org.xenolith.xtf {
    requires org.xenolith.base;
    requires org.xenolith.board;
    requires org.xenolith.xl;
}
