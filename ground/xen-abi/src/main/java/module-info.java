/// Xen's public interface as data: numbers and structure layouts. No behaviour.
module org.xenolith.xen.abi {
    requires transitive org.xenolith.base;

    exports org.xenolith.xen.abi;
}
