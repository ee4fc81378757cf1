package org.xenolith.xl.control;

import java.nio.file.Path;
import java.util.UUID;

/// A live domain as the runtime directory knows it. `createdMillis` counts from 1970.
public record DomainEntry(
        int id, String name, UUID uuid, long pid, long createdMillis, Path directory) {
    static final String SOCKET = "control.sock";

    DomainEntry identified(String otherName, UUID otherUuid) {
        return new DomainEntry(id, otherName, otherUuid, pid, createdMillis, directory);
    }

    public Path socket() {
        return directory.resolve(SOCKET);
    }
}
