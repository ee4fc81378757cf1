/// A second copy of a running machine, kept in step on another host.
module org.xenolith.mirror {
    requires com.fasterxml.jackson.databind;
    requires java.net.http;
    requires jdk.httpserver;
    requires transitive org.xenolith.migration;

    exports org.xenolith.mirror;
    exports org.xenolith.mirror.protocol;
}
