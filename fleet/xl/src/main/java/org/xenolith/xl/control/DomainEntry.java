package org.xenolith.xl.control;

import java.nio.file.Path;
import java.util.UUID;

/// A live domain as the runtime directory knows it. `createdMillis` counts from 1970.
public record DomainEntry(
        int id, String name, UUID uuid, long pid, long createdMillis, Path directory) {
    static final String SOCKET = "control.sock";

    DomainEntry withName(String other) {
        return new DomainEntry(id, other, uuid, pid, createdMillis, directory);
    }

    public Path socket() {
        return directory.resolve(SOCKET);
    }
}
