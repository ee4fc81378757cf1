package org.xenolith.board;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What tells this host from others (machine-id(5)).
final class HostIdentity {
    private static final Path MACHINE_ID = Path.of("/etc/machine-id");

    private HostIdentity() {}

    /// Empty if the host has no identity; then such hosts are alike.
    static String ofMachine() {
        try {
            return Files.isReadable(MACHINE_ID) ? Files.readString(MACHINE_ID).strip() : "";
        } catch (IOException e) {
            return "";
        }
    }
}
