package org.xenolith.xl.control;

/// A domain cannot be reached, found or made. The message is one line for the operator.
public final class ControlException extends Exception {
    private static final long serialVersionUID = 1L;

    public ControlException(String message) {
        super(message);
    }

    public ControlException(String message, Throwable cause) {
        super(message, cause);
    }
}
