package org.xenolith.maker;

/// A guest cannot be made as was asked. The message is one line in the operator's words.
public final class MakeException extends Exception {
    private static final long serialVersionUID = 1L;

    public MakeException(String message) {
        super(message);
    }

    public MakeException(String message, Throwable cause) {
        super(message, cause);
    }
}
