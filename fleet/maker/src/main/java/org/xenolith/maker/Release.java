package org.xenolith.maker;

import java.util.Arrays;
import java.util.Optional;

/// A release of Debian that guests are made of.
public enum Release {
    BOOKWORM("bookworm", 12),
    TRIXIE("trixie", 13);

    private final String codename;
    private final int version;

    Release(String codename, int version) {
        this.codename = codename;
        this.version = version;
    }

    public String codename() {
        return codename;
    }

    /// By its name or its number.
    public static Optional<Release> named(String name) {
        return Arrays.stream(values())
                .filter(r -> r.codename.equals(name) || Integer.toString(r.version).equals(name))
                .findFirst();
    }
}
