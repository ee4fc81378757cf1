/// What everything stands on: ids, sizes, the ports of chance, error roots.
module org.xenolith.base {
    exports org.xenolith.base;
}
