package org.xenolith.mirror;

/// A machine cannot be mirrored, or not any more; or a copy of one cannot be kept. The message says
/// why, for the operator.
public final class MirrorException extends Exception {
    private static final long serialVersionUID = 1L;

    public MirrorException(String message) {
        super(message);
    }

    public MirrorException(String message, Throwable cause) {
        super(message, cause);
    }
}
