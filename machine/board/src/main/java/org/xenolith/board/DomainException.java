package org.xenolith.board;

import java.io.IOException;

/// The host could not do what was asked: a file cannot be read, memory is short, an image is
/// damaged. The message is one line that names the object and the reason.
public sealed class DomainException extends Exception {
    private static final long serialVersionUID = 1L;

    /// What a machine comes from, a file or a connection, cannot be read to its end.
    public static final class InputFailed extends DomainException {
        private static final long serialVersionUID = 1L;

        private final IOException reason;

        InputFailed(IOException reason) {
            super(reason.getMessage(), reason);
            this.reason = reason;
        }

        public IOException reason() {
            return reason;
        }
    }

    public DomainException(String message) {
        super(message);
    }

    public DomainException(String message, Throwable cause) {
        super(message, cause);
    }

    static void require(boolean holds, String message) throws DomainException {
        if (!holds) {
            throw new DomainException(message);
        }
    }
}
