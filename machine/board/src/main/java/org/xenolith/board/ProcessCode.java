package org.xenolith.board;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Machine code that domains of this process have needed, for those that come after them: in a file
/// that is gone with the process, since nobody but it knows which build the code is of. Where no
/// temporary file can be had each domain makes its own.
final class ProcessCode {
    private static final Optional<Path> FILE = makePlace();

    private ProcessCode() {}

    /// The file, in a directory that only the user may enter; the first domain makes it.
    static Optional<Path> file() {
        return FILE;
    }

    private static Optional<Path> makePlace() {
        try {
            var directory = Files.createTempDirectory("xenolith-code");
            var file = directory.resolve("code");
            directory.toFile().deleteOnExit(); // after what is named later
            file.toFile().deleteOnExit();
            return Optional.of(file);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
