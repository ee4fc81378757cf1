/// Guest-physical memory: frames, the map from guest addresses to frames, dirty epochs.
module org.xenolith.memory {
    requires transitive org.xenolith.base;
    requires transitive org.xenolith.linux;

    exports org.xenolith.memory;
}
