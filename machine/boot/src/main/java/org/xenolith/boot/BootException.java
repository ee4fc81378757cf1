package org.xenolith.boot;

import java.nio.file.Path;

/// A guest cannot be started from the files or the memory that were given. The message is one line
/// in the operator's words; where a file is to blame it begins with the file's name.
public final class BootException extends Exception {
    private static final long serialVersionUID = 1L;

    public BootException(String message) {
        super(message);
    }

    public BootException(String message, Throwable cause) {
        super(message, cause);
    }

    /// The same reason, blamed on `file`.
    BootException about(Path file) {
        return new BootException(file + ": " + getMessage(), getCause());
    }
}
