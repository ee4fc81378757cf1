package org.xenolith.network;

import java.io.IOException;

/// A port cannot be opened or used as was asked. The message is one line in the operator's words.
public abstract sealed class NetworkException extends IOException {
    private static final long serialVersionUID = 1L;

    private NetworkException(String message, Throwable cause) {
        super(message, cause);
    }

    /// What was asked for is wrong in itself, or takes something that this host does not have.
    public static final class Refused extends NetworkException {
        private static final long serialVersionUID = 1L;

        public Refused(String message) {
            super(message, null);
        }

        public Refused(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// The user who runs us may not do it.
    public static final class NotPermitted extends NetworkException {
        private static final long serialVersionUID = 1L;

        public NotPermitted(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// A program or the host's kernel did not do what it was there for.
    public static final class HostFailed extends NetworkException {
        private static final long serialVersionUID = 1L;

        public HostFailed(String message) {
            super(message, null);
        }

        public HostFailed(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
