/// What tests of all modules share: laws of devices, a clock that only tests move.
module org.xenolith.testkit {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.state;
    requires transitive org.xenolith.device;

    exports org.xenolith.testkit;
}
